/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Into a stream of ring 3, over its exceptions, and out again.
 *
 * Rule: an exception costs few instructions, because most of a campaign's operations are here.
 */
#include "guests/vandal/campaign_stream.h"
#include "guests/vandal/ring3.h"

#define FNV_PRIME 16777619

/* The handler's frame, lowest address first. */
#define FRAME_VECTOR 16
#define FRAME_RIP 32
#define FRAME_CS 40
#define FRAME_RFLAGS 48
#define FRAME_RSP 56
#define FRAME_SAVED 16 /* vector and error code */

	.text
	.globl stream_run
stream_run:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, stream_kernel(%rip)
	pushq	$RING3_SELECTOR_DATA
	pushq	stream_rsp(%rip)
	pushq	$STREAM_FLAGS
	pushq	$RING3_SELECTOR_CODE
	pushq	stream_at(%rip)
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

	/* Vectors 8, 10 to 14, 17, 21, 29 and 30 have an error code (SDM 3A 6.13, APM 2 8.2). */
	.balign	16
	.globl stream_entries
stream_entries:
	vector = 0
	.rept	STREAM_VECTORS
	.balign	16
	.if	(0x60227d00 >> vector) & 1 == 0
	pushq	$0
	.endif
	pushq	$vector
	jmp	stream_exception
	vector = vector + 1
	.endr

stream_exception:
	pushq	%rax
	pushq	%rcx
	testb	$3, FRAME_CS(%rsp)
	jz	stream_stop
	movq	FRAME_RIP(%rsp), %rax
	subq	stream_at(%rip), %rax
	cmpq	stream_end(%rip), %rax
	jae	stream_stop
	movl	FRAME_VECTOR(%rsp), %ecx
	xorl	stream_digest(%rip), %ecx
	imull	$FNV_PRIME, %ecx, %ecx
	movl	%ecx, stream_digest(%rip)
	incl	stream_exceptions(%rip)
	leaq	stream_next(%rip), %rcx
	movzwl	(%rcx,%rax,2), %eax
	addq	stream_at(%rip), %rax
	movq	%rax, FRAME_RIP(%rsp)
	movq	$STREAM_FLAGS, FRAME_RFLAGS(%rsp)
	movq	stream_rsp(%rip), %rax
	movq	%rax, FRAME_RSP(%rsp)
	popq	%rcx
	popq	%rax
	addq	$FRAME_SAVED, %rsp
	iretq

	/* The end is at stream_end exactly. */
stream_stop:
	cmpq	stream_end(%rip), %rax
	setne	%al
	movzbl	%al, %eax
	movq	stream_kernel(%rip), %rsp
	cld
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

	.bss
	.balign	8
	.globl stream_at, stream_end, stream_rsp, stream_next, stream_exceptions, stream_digest
stream_at:
	.quad	0
stream_end:
	.quad	0
stream_rsp:
	.quad	0
stream_kernel:
	.quad	0
stream_next:
	.skip	2 * STREAM_BYTES
stream_exceptions:
	.long	0
stream_digest:
	.long	0
	.section .note.GNU-stack, "", @progbits
