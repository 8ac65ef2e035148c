/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A task switch by hardware.
 *
 * Rule: see task_switch.h. The way up is the guest's own start (guest_long_mode), which continues
 * at guest_resume.
 */
#include "guests/lib/selectors.h"
#include "guests/vandal/task_switch.h"

#define CR0_PG 0x80000000
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100

	.text
	.globl task_switch
	.code64
task_switch:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, saved_stack
	movq $resume, guest_resume
	movl $0, switched
	/* Far return to the 32-bit segment: into compatibility mode, then out of compatibility
	 * mode. */
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
