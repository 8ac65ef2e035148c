/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries of the IDT: 16 for the interrupt lines, one for the threads' own switch, 256 for all
 * other vectors.
 *
 * Rule: a line's entry reads the TSC as its first action; only the two pushes come earlier. The
 * whole context, floating point included, goes to the interrupted code's stack, so a thread switch
 * is a change of stack.
 */
#include "guests/lib/traps.h"

	.text
	.macro LINE_ENTRY line
	.balign 16
line_entry_\line:
	pushq %rax
	pushq %rdx
	rdtsc
	pushq %rdi
	movl $\line, %edi
	jmp line_common
	.endm

	.altmacro
	.set i, 0
	.rept TRAP_LINES + 1
	LINE_ENTRY %i
	.set i, i + 1
	.endr
	.noaltmacro

line_common:
	pushq %rcx
	pushq %rsi
	pushq %rbx
	pushq %rbp
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	shlq $32, %rdx
	orq %rax, %rdx
	movq %rsp, %rbp
	subq $CONTEXT_BYTES, %rsp
	andq $-16, %rsp
	fxsave (%rsp)
	movq %rbp, CONTEXT_STACK(%rsp)
	cld
	movq %rsp, %rsi
	call irq_dispatch /* (line, context, TSC) returns the context to go on with */
	movq %rax, %rsp
	fxrstor (%rsp)
	movq CONTEXT_STACK(%rsp), %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rbp
	popq %rbx
	popq %rsi
	popq %rcx
	popq %rdi
	popq %rdx
	popq %rax
	iretq

	/* Exceptions that push an error code: 8, 10-14, 17, 21, 29, 30 (SDM 3A 6.15). */
	.macro TRAP_ENTRY vector
	.balign TRAP_ENTRY_BYTES
	.if \vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21
	.elseif \vector == 29 || \vector == 30
	.else
	pushq $0
	.endif
	pushq $\vector
	jmp trap_common
	.endm

	.balign TRAP_ENTRY_BYTES
	.globl trap_entries
trap_entries:
	.altmacro
	.set i, 0
	.rept 256
	TRAP_ENTRY %i
	.set i, i + 1
	.endr
	.noaltmacro

	/* The order of struct trap_frame. */
trap_common:
	pushq %rax
	pushq %rcx
	pushq %rdx
	pushq %rbx
	pushq %rbp
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, %rdi
	andq $-16, %rsp
	cld
	call trap_dispatch /* does not return */

	.macro LINE_ADDRESS line
	.quad line_entry_\line
	.endm

	.section .rodata
	.balign 8
	.globl line_entries
line_entries:
	.altmacro
	.set i, 0
	.rept TRAP_LINES + 1
	LINE_ADDRESS %i
	.set i, i + 1
	.endr
	.noaltmacro

	.section .note.GNU-stack, "", @progbits
