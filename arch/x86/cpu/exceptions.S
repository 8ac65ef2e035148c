/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stubs of the interrupt vectors, and the way from a stub to exception_dispatch() and back.
 * Each vector that has a meaning for the VMM has a stub: the 32 exceptions, and the 16 vectors of
 * the pair of soft. All vectors above share the last stub.
 *
 * Rule: every stub takes STUB_BYTES, as tables.c has them. Every stub leaves the same frame, struct
 * exception_frame in tables.c.
 */

/* The vectors that push an error code (SDM 3A 6.15): 8, 10-14, 17, 21, 29, 30. */
#define WITH_ERROR ((1 << 8) | (0x1f << 10) | (1 << 17) | (1 << 21) | (1 << 29) | (1 << 30))
/* The last stub's vector: VECTOR_SHARED of tables.c. */
#define SHARED 48
/* 2 for each push, 5 for the jump. */
#define STUB_BYTES 9

	.text
	.global exception_stubs
exception_stubs:
	.set vector, 0
	.rept SHARED + 1
	.if vector < 32 && ((WITH_ERROR >> vector) & 1)
	xchg %ax, %ax                   /* 2 bytes, as the push of the others */
	.else
	push $0
	.endif
	push $vector
	jmp.d32 exception_common
	.set vector, vector + 1
	/* an error where a stub is longer */
	.org exception_stubs + vector * STUB_BYTES
	.endr

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
