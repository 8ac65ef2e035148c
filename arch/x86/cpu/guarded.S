/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions that may raise #GP for a guest's request. See guarded.h for the rule.
 *
 * Rule: each instruction stands alone in a function without a frame, so all functions share one way
 * out.
 */
	.text
	.globl guarded_msr_write
guarded_msr_write:				/* edi: number, rsi: value */
	mov	%edi, %ecx
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
at_wrmsr:
	wrmsr
	xor	%eax, %eax
	ret

	.globl guarded_msr_read
guarded_msr_read:				/* edi: number, rsi: address for the value */
	mov	%edi, %ecx
at_rdmsr:
	rdmsr
	mov	%eax, (%rsi)
	mov	%edx, 4(%rsi)
	xor	%eax, %eax
	ret

	.globl guarded_xcr_write
guarded_xcr_write:				/* edi: number, rsi: value */
	mov	%edi, %ecx
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
at_xsetbv:
	xsetbv
	xor	%eax, %eax
	ret

refused:
	mov	$-1, %eax
	ret

	.globl guarded_resume
/* rdi: the address of an instruction that raised #GP */
guarded_resume:
	lea	at_wrmsr(%rip), %rax
	cmp	%rax, %rdi
	je	1f
	lea	at_rdmsr(%rip), %rax
	cmp	%rax, %rdi
	je	1f
	lea	at_xsetbv(%rip), %rax
	cmp	%rax, %rdi
	je	1f
	xor	%eax, %eax
	ret
1:	lea	refused(%rip), %rax
	ret

	.section .note.GNU-stack, "", @progbits
