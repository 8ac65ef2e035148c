/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two mitigations that are instructions and no write to an MSR.
 *
 * Rule: code that runs on a prediction here meets a fence.
 */
	.text

/* Fills the return stack buffer by 32 calls without their returns. The entries of the last VM are
 * pushed out. */
	.globl mitigations_fill_rsb
mitigations_fill_rsb:
	mov	$16, %ecx
1:
	call	2f
3:
	lfence
	jmp	3b
2:
	call	4f
5:
	lfence
	jmp	5b
4:
	dec	%ecx
	jnz	1b
	add	$(32 * 8), %rsp
	lfence
	ret

/* Overwrites the processor's buffers. The selector must be in memory and writable: only this form
 * of VERW overwrites the buffers (CPUID.7:EDX[10], MD_CLEAR). */
	.globl mitigations_verw
mitigations_verw:
	verw	writable(%rip)
	ret

	.section .rodata
	.balign	2
writable:
	.word	0x10				/* SELECTOR_DATA */
	.section .note.GNU-stack, "", @progbits
