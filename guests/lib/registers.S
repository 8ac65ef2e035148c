/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Patterns in every register, held for a while and compared.
 *
 * Rule: see registers.h. One pattern per register: seed + the register's number; the counter of
 * rounds is in memory.
 */
#define CALL_YIELD 5 /* SB_CALL_YIELD, vmm/abi.h */

	/* Memory rather than the stack: RSP is the only register that has to keep its own value. */
	.bss
	.balign 16
image_sse:
	.skip 16 * 16
image_general:
	.skip 16 * 8
rounds_left:
	.skip 8
seed_value:
	.skip 8
x87_value:
	.skip 8

	.text
	.macro FOR_GENERAL operation
	\operation %rcx, 1
	\operation %rdx, 2
	\operation %rbx, 3
	\operation %rbp, 5
	\operation %rsi, 6
	\operation %rdi, 7
	\operation %r8, 8
	\operation %r9, 9
	\operation %r10, 10
	\operation %r11, 11
	\operation %r12, 12
	\operation %r13, 13
	\operation %r14, 14
	\operation %r15, 15
	.endm

	.macro FOR_SSE operation
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	\operation %xmm\n, \n
	.endr
	.endm

	.macro LOAD_GENERAL register, n
	leaq \n(%rax), \register
	.endm
	.macro STORE_GENERAL register, n
	movq \register, image_general + \n * 8
	.endm
	.macro LOAD_SSE register, n
	leaq 0x100 + \n(%rax), %rcx
	movq %rcx, \register
	punpcklqdq \register, \register
	.endm
	.macro STORE_SSE register, n
	movdqa \register, image_sse + \n * 16
	.endm

	/* Counts in EAX the values that differ from RDX + n. */
	.macro CHECK_GENERAL register, n
	leaq \n(%rdx), %rcx
	cmpq %rcx, image_general + \n * 8
	setne %cl
	movzbl %cl, %ecx
	addl %ecx, %eax
	.endm
	.macro CHECK_SSE register, n
	leaq 0x100 + \n(%rdx), %rcx
	.irp half, 0, 8
	cmpq %rcx, image_sse + \n * 16 + \half
	setne %r8b
	movzbl %r8b, %r8d
	addl %r8d, %eax
	.endr
	.endm

	.macro HOLD name, wait
	.globl \name
\name:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	/* x87 adds exactly below 2^63: keep the seed well under this limit. */
	shrq $4, %rdi
	movq %rdi, seed_value
	movq %rsi, rounds_left
	movq %rdi, %rax
	fninit
	fildq seed_value
	fld1
	FOR_SSE LOAD_SSE
	FOR_GENERAL LOAD_GENERAL
	\wait
	FOR_GENERAL STORE_GENERAL
	FOR_SSE STORE_SSE
	faddp
	fistpq x87_value
	movq seed_value, %rdx
	/* RAX held the seed itself. */
	cmpq %rdx, %rax
	setne %al
	movzbl %al, %eax
	FOR_GENERAL CHECK_GENERAL
	FOR_SSE CHECK_SSE
	incq %rdx
	cmpq %rdx, x87_value
	setne %cl
	movzbl %cl, %ecx
	addl %ecx, %eax
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret
	.endm

	.macro WAIT_SPINNING
1:	decq rounds_left
	jnz 1b
	.endm
	.macro WAIT_YIELDING
2:	movl $CALL_YIELD, %eax
	cmpb $0, machine_by_vmmcall
	jne 3f
	vmcall
	jmp 4f
3:	vmmcall
4:	decq rounds_left
	jnz 2b
	movq seed_value, %rax
	.endm

	HOLD registers_hold, WAIT_SPINNING
	HOLD registers_hold_yielding, WAIT_YIELDING

	.section .note.GNU-stack, "", @progbits
