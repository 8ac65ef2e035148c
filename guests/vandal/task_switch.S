/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A task switch by hardware.
 *
 * Rule: see task_switch.h. The way up is the guest's own start (guest_long_mode), which continues
 * at guest_resume.
 */
#include "guests/lib/selectors.h"
#include "guests/vandal/long_mode.h"
#include "guests/vandal/task_switch.h"

	.text
	.globl task_switch
	.code64
task_switch:
	BEFORE_32_BIT_MODE
	movl $0, switched
	LEAVE_LONG_MODE
	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $(task_switch_stack + TASK_STACK_BYTES), %esp
	lidt idt_pointer
	movl $SELECTOR_TSS_OLD, %eax
	ltr %ax
	ljmp $SELECTOR_TSS_NEW, $0

	.globl task_switch_task, task_switch_fault
task_switch_task:
	movl $1, switched
task_switch_fault:
	cli
	jmp guest_long_mode

	.code64
resume:
	movq saved_stack, %rsp
	movq $0, guest_resume
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	movl switched, %eax
	ret

	.section .rodata
idt_pointer:
	.word TASK_VECTORS * 8 - 1
	.long task_switch_idt

	.bss
	.balign 16
	.globl task_switch_idt, task_switch_stack
task_switch_idt:
	.skip TASK_VECTORS * 8
task_switch_stack:
	.skip TASK_STACK_BYTES
saved_stack:
	.skip 8
switched:
	.skip 4

	.section .note.GNU-stack, "", @progbits
