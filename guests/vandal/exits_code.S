/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A single instruction between loads of all general registers and stores of all general registers,
 * and handlers that change no register.
 *
 * Rule: exits_code is the place of the instruction's bytes; the rest of the 16 bytes are NOPs. RSP
 * is the only register that has to keep its own value; RSP is stored, too. Interrupts are off
 * behind the instruction. Ring 3 ends at the first instruction that only ring 0 has.
 */
#include "guests/lib/selectors.h"
#include "guests/vandal/exits.h"
#include "guests/vandal/ring3.h"

	.set RAX, 0
	.set RCX, 8
	.set RDX, 16
	.set RBX, 24
	.set RSP, 32
	.set RBP, 40
	.set RSI, 48
	.set RDI, 56
	.set FLAGS, 128

	.text
	.globl exits_run
exits_run:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, exits_before + RSP(%rip)
	pushq	exits_before + FLAGS(%rip)
	mov	exits_before + RAX(%rip), %rax
	mov	exits_before + RCX(%rip), %rcx
	mov	exits_before + RDX(%rip), %rdx
	mov	exits_before + RBX(%rip), %rbx
	mov	exits_before + RBP(%rip), %rbp
	mov	exits_before + RSI(%rip), %rsi
	mov	exits_before + RDI(%rip), %rdi
	.irp	n, 8,9,10,11,12,13,14,15
	mov	exits_before + 8 * \n(%rip), %r\n
	.endr
	cmpq	$0, exits_in_ring3(%rip)
	je	1f
	addq	$8, %rsp
	pushq	$RING3_SELECTOR_DATA
	pushq	exits_before + RSP(%rip)
	pushq	exits_before + FLAGS(%rip)
	pushq	$RING3_SELECTOR_CODE
	pushq	$exits_code
	iretq
1:	popfq
	.globl	exits_code
exits_code:
	.rept	EXITS_CODE_BYTES
	nop
	.endr
landed:
	mov	%rax, exits_after + RAX(%rip)
	mov	%rsp, exits_after + RSP(%rip)
	pushfq
	popq	exits_after + FLAGS(%rip)
back:	invlpg	exits_code(%rip)
	cli
	mov	%rcx, exits_after + RCX(%rip)
	mov	%rdx, exits_after + RDX(%rip)
	mov	%rbx, exits_after + RBX(%rip)
	mov	%rbp, exits_after + RBP(%rip)
	mov	%rsi, exits_after + RSI(%rip)
	mov	%rdi, exits_after + RDI(%rip)
	.irp	n, 8,9,10,11,12,13,14,15
	mov	%r\n, exits_after + 8 * \n(%rip)
	.endr
	cld
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	/* #UD has no error code. */
	.globl	exits_ud, exits_gp, exits_db, exits_ac, exits_tick
exits_ud:
	movq	$6, exits_vector(%rip)
	jmp	fault
exits_gp:
	popq	exits_error(%rip)
	cmpq	$back, (%rsp)
	jne	1f
	movq	$SELECTOR_CODE, 8(%rsp)
	movq	$SELECTOR_DATA, 32(%rsp)
	iretq
1:	movq	$13, exits_vector(%rip)
fault:
	incq	exits_faults(%rip)
	popq	exits_rip(%rip)
	pushq	8(%rsp)
	popq	exits_flags(%rip)
	pushq	$landed
	iretq

	/* RF, so that a breakpoint's instruction executes. */
exits_db:
	movq	$1, exits_vector(%rip)
	incq	exits_faults(%rip)
	pushq	(%rsp)
	popq	exits_rip(%rip)
	pushq	16(%rsp)
	popq	exits_flags(%rip)
	andq	$~EXITS_TF, 16(%rsp)
	orq	$EXITS_RF, 16(%rsp)
	iretq

exits_ac:
	popq	exits_error(%rip)
	movq	$17, exits_vector(%rip)
	incq	exits_faults(%rip)
	pushq	(%rsp)
	popq	exits_rip(%rip)
	pushq	16(%rsp)
	popq	exits_flags(%rip)
	andq	$~EXITS_AC, 16(%rsp)
	iretq

	/* A tick of line 0, with its EOI. */
exits_tick:
	pushq	%rax
	movb	$0x20, %al
	outb	%al, $0x20
	incq	exits_ticks(%rip)
	popq	%rax
	iretq

	.section .note.GNU-stack, "", @progbits
