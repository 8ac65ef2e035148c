/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arithmetic of rmw.c: each operation as the processor's own instruction.
 *
 * Rule: an entry of the table is one instruction on registers and RET, in ENTRY bytes. An operation
 * has four entries, for operands of 1, 2, 4 and 8 bytes.
 */
#define ENTRY 5

	.macro entry text:vararg
1:	\text
	ret
	.org	1b + ENTRY, 0xcc
	.endm

	.macro sized name, b, w, l, q
	entry	\name\()b \b
	entry	\name\()w \w
	entry	\name\()l \l
	entry	\name\()q \q
	.endm

	.macro double name /* has no form for a byte */
	entry	nop
	entry	\name\()w %cl, %si, %dx
	entry	\name\()l %cl, %esi, %edx
	entry	\name\()q %cl, %rsi, %rdx
	.endm

	.text
/* unsigned rmw_operate(unsigned number, uint64_t b, uint64_t a, uint64_t count, unsigned ax) runs
 * an entry with a in DX, b in SI and the count in CL. The flags before and after are in AX. AH is
 * the low byte of FLAGS, for SAHF and LAHF (APM 3). AL is OF: AL + 7Fh overflows for 1. */
	.globl rmw_operate
rmw_operate:
	mov	%r8d, %eax
	imul	$ENTRY, %edi, %edi
	lea	operations(%rip), %r8
	add	%r8, %rdi
	addb	$0x7f, %al
	sahf
	call	*%rdi
	seto	%al
	lahf
	ret

/* In the order of the numbers in rmw.c. */
operations:
	.irp name, add, or, adc, sbb, and, sub, xor, cmp
	sized \name, "%sil, %dl", "%si, %dx", "%esi, %edx", "%rsi, %rdx"
	.endr
	.irp name, rol, ror, rcl, rcr, shl, shr, shl, sar
	sized \name, "%cl, %dl", "%cl, %dx", "%cl, %edx", "%cl, %rdx"
	.endr
	.irp name, inc, dec, neg
	sized \name, %dl, %dx, %edx, %rdx
	.endr
	.irp name, shld, shrd
	double \name
	.endr

	.section .note.GNU-stack, "", @progbits
