/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tasks of 32-bit mode.
 *
 * Rule: see tasks.h. The way up is the guest's own start (guest_long_mode), as after a task switch.
 */
#include "guests/lib/selectors.h"
#include "guests/vandal/long_mode.h"
#include "guests/vandal/tasks.h"

#define FLAGS_NT 0x4000
#define FLAGS_TF 0x100
#define DR6_BS 0x4000
#define DR6_RESET 0xffff0ff0

	.text
	.globl tasks_run
	.code64
tasks_run:
	BEFORE_32_BIT_MODE
	LEAVE_LONG_MODE
	lgdt gdt_pointer
	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movl $(tasks_stacks + TASKS_STACK_BYTES), %esp
	lidt idt_pointer
	movl $TASKS_MAIN, %eax
	ltr %ax
	movl tasks_cr3, %eax
	testl %eax, %eax
	jz 3f
	movl %eax, %cr3
	movl %cr0, %eax
	orl $CR0_PG, %eax
	movl %eax, %cr0

3:	movl $0x11223344, %ebx
	lcall $TASKS_CALLED, $0
	lcall $TASKS_CALLED, $0		/* the called task continues where the task left off */
	/* A single step over a task switch: a trap in the called task, and a trap behind the way
	 * back, where EFLAGS has TF again. */
	pushfl
	orl $FLAGS_TF, (%esp)
	popfl
	lcall $TASKS_CALLED, $0
	nop
	movl $TASKS_ERROR, %eax
	movl %eax, %gs			/* #GP: two bytes, by a task gate */
	lcall $TASKS_V86, $0
	/* #TS in the task that cannot be loaded; the link leads back */
	lcall $TASKS_REFUSED, $0
	cmpl $0x11223344, %ebx
	jne 2f
	incl tasks_notes + 28
2:	cli
	movl %cr0, %eax
	andl $~CR0_PG, %eax
	movl %eax, %cr0
	jmp guest_long_mode

	.globl tasks_called, tasks_gated, tasks_of_v86, tasks_refused, tasks_step
tasks_called:
	pushfl
	popl %eax
	shrl $14, %eax
	andl $1, %eax
	addl %eax, tasks_notes + 24
	incl tasks_notes
	iretl
	jmp tasks_called

	/* #DB: notes the tasks of the first two traps. Ends the steps in the main task. */
tasks_step:
	pushl %eax
	pushl %ecx
	movl %dr6, %eax
	testl $DR6_BS, %eax
	jz 1f
	movl tasks_notes + 32, %ecx
	incl tasks_notes + 32
	cmpl $2, %ecx
	jae 1f
	xorl %eax, %eax
	str %ax
	movl %eax, tasks_notes + 36(, %ecx, 4)
	cmpl $TASKS_MAIN, %eax
	jne 2f
1:	andl $~FLAGS_TF, 16(%esp)
2:	movl $DR6_RESET, %eax
	movl %eax, %dr6
	popl %ecx
	popl %eax
	iretl

	/* Steps over the instruction that faulted, in the faulting task's state. */
tasks_gated:
	incl tasks_notes + 4
	popl tasks_notes + 8
	addl $2, tasks_tss + TASKS_TSS_AT(0) + 32
	iretl
	jmp tasks_gated

	/* #UD of virtual-8086 code, by an interrupt gate: EFLAGS.VM is in the frame. Returns to the
	 * caller of the task. */
tasks_of_v86:
	movl 8(%esp), %eax
	shrl $17, %eax
	andl $1, %eax
	movl $SELECTOR_DATA, %ecx
	movl %ecx, %ds
	addl %eax, tasks_notes + 12
	jmp return

	/* #TS with the error code on the new task's stack. */
tasks_refused:
	movl $SELECTOR_DATA, %ecx
	movl %ecx, %ds
	incl tasks_notes + 16
	popl tasks_notes + 20
return:	pushfl
	orl $FLAGS_NT, (%esp)
	popfl
	iretl

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
	ret

	.section .rodata
	.globl tasks_v86, tasks_v86_end
	.code16
tasks_v86:
	ud2
tasks_v86_end:
gdt_pointer:
	.word TASKS_GDT_BYTES - 1
	.long tasks_gdt
idt_pointer:
	.word TASKS_VECTORS * 8 - 1
	.long tasks_idt

	.bss
	.balign 16
	.globl tasks_gdt, tasks_idt, tasks_stacks, tasks_notes
tasks_gdt:
	.skip TASKS_GDT_BYTES
	.balign 16
tasks_idt:
	.skip TASKS_VECTORS * 8
tasks_stacks:
	.skip 4 * TASKS_STACK_BYTES
tasks_notes:
	.skip 44
	.balign 8
saved_stack:
	.skip 8

	.section .note.GNU-stack, "", @progbits
