/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For assembly code that runs in 32-bit mode for a while.
 *
 * Rule: the way up is the guest's own start (guest_long_mode), which goes on at guest_resume. The
 * registers that a C function keeps are on the stack at saved_stack until then.
 */
#ifndef GUESTS_VANDAL_LONG_MODE_H
#define GUESTS_VANDAL_LONG_MODE_H

#include "guests/lib/selectors.h"

#define CR0_PG 0x80000000
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100

#ifdef __ASSEMBLER__
/* clang-format off */
	/* Keeps what a C function has to keep, and says where the guest's start goes on. */
	.macro BEFORE_32_BIT_MODE
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, saved_stack
	movq $resume, guest_resume
	.endm

	/* Leaves long mode by way of compatibility mode. The code behind is 32-bit code, without
	 * paging; EAX, ECX and EDX are changed. */
	.macro LEAVE_LONG_MODE
	pushq $SELECTOR_CODE32
	pushq $1f
	lretq

	.code32
1:	movl %cr0, %eax
	andl $~CR0_PG, %eax
	movl %eax, %cr0
	movl $MSR_EFER, %ecx
	rdmsr
	andl $~EFER_LME, %eax
	wrmsr
	.endm
/* clang-format on */
#endif

#endif
