/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stub for each interrupt vector, 16 bytes apart, and the way from the stub to
 * exception_dispatch() and back.
 *
 * Rule: every stub leaves the same frame, struct exception_frame in tables.c.
 */

/* The vectors that push an error code (SDM 3A 6.15): 8, 10-14, 17, 21, 29, 30. */
#define WITH_ERROR ((1 << 8) | (0x1f << 10) | (1 << 17) | (1 << 21) | (1 << 29) | (1 << 30))

	.text
	.balign 16
	.global exception_stubs
exception_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	.if vector >= 32
	push $0
	.elseif !((WITH_ERROR >> vector) & 1)
	push $0
	.endif
	push $vector
	jmp exception_common
	.set vector, vector + 1
	.endr

	.balign 16
exception_common:
	cld
	push %rax
	push %rcx
	push %rdx
	push %rbx
	push %rbp
	push %rsi
	push %rdi
	push %r8
	push %r9
	push %r10
	push %r11
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, %rdi
	/* 22 words keep the processor's alignment; this code aligns in any case */
	mov %rsp, %rbp
	and $-16, %rsp
	call exception_dispatch
	mov %rbp, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rdi
	pop %rsi
	pop %rbp
	pop %rbx
	pop %rdx
	pop %rcx
	pop %rax
	add $16, %rsp                   /* vector and error code */
	iretq

	.section .note.GNU-stack, "", @progbits
