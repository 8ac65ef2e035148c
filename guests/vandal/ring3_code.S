/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Into ring 3 and out again.
 *
 * Rule: the program ends by HLT, which is #GP in ring 3; trap_try() knows the way back.
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
	leaq	program(%rip), %rax
	pushq	%rax
	iretq

program:
	movl	-7(%rsp), %eax			/* #AC, until the handler clears the flag */
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
	.globl ring3_left
	.balign	16
ring3_left:
	.long	0
	.balign	16
	.skip	256
stack_top:
	.section .note.GNU-stack, "", @progbits
