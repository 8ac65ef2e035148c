/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Into ring 3 and out again.
 *
 * Rule: a program (ring3_program) ends by HLT, which is #GP in ring 3; trap_try() knows the way
 * back.
 */
#include "guests/vandal/ring3.h"

	.text
	.globl ring3_enter
ring3_enter:
	pushq	$RING3_SELECTOR_DATA
	leaq	stack_top(%rip), %rax
	pushq	%rax
	pushq	$(RING3_FLAGS_AC | 2)
	pushq	$RING3_SELECTOR_CODE
	pushq	ring3_program(%rip)
	iretq

	/* RDI last: RDI points to the other values. */
	.globl ring3_step
ring3_step:
	pushq	$RING3_SELECTOR_DATA
	pushq	ring3_rsp(%rip)
	pushq	$(RING3_FLAGS_STEP | 2)
	pushq	$RING3_SELECTOR_CODE
	pushq	ring3_rip(%rip)
	leaq	ring3_registers(%rip), %rdi
	movq	(%rdi), %rax
	movq	8(%rdi), %rcx
	movq	16(%rdi), %rdx
	movq	24(%rdi), %rbx
	movq	32(%rdi), %rbp
	movq	40(%rdi), %rsi
	movq	56(%rdi), %r8
	movq	64(%rdi), %r9
	movq	72(%rdi), %r10
	movq	80(%rdi), %r11
	movq	88(%rdi), %r12
	movq	96(%rdi), %r13
	movq	104(%rdi), %r14
	movq	112(%rdi), %r15
	movq	48(%rdi), %rdi
	iretq

	.globl ring3_misaligned
ring3_misaligned:
	movl	-7(%rsp), %eax			/* #AC, until the handler clears the flag */
	hlt

	.globl ring3_calls
ring3_calls:
	movq	ring3_answer(%rip), %rax
	leaq	ring3_memory(%rip), %rbx
	movl	$8, %ecx
	xorl	%edx, %edx
	cmpb	$0, machine_by_vmmcall(%rip)
	jne	1f
	vmcall
	jmp	2f
1:	vmmcall
2:	movq	%rax, ring3_answer(%rip)
	hlt

	/* Error code, then the frame: RIP, CS, RFLAGS. */
	.globl ring3_alignment_check
ring3_alignment_check:
	addq	$8, %rsp
	subl	$1, ring3_left(%rip)
	ja	1f
	andq	$~RING3_FLAGS_AC, 16(%rsp)
1:	iretq

	.bss
	.globl ring3_program, ring3_answer, ring3_memory
	.balign	16
ring3_program:
	.quad	0
	/* The number of the call, then the answer. */
ring3_answer:
	.quad	0
ring3_memory:
	.skip	1024
	.globl ring3_left
	.balign	16
ring3_left:
	.long	0
	.globl ring3_registers, ring3_rip, ring3_rsp
	.balign	8
ring3_registers:
	.skip	8 * RING3_REGISTERS
ring3_rip:
	.quad	0
ring3_rsp:
	.quad	0
	.balign	16
	.skip	256
stack_top:
	.section .note.GNU-stack, "", @progbits
