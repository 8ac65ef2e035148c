/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Task switches of 32-bit mode between stores of the whole register file.
 *
 * Rule: see taskfile.h. A store changes no register but CR0.TS, which XSAVE wants clear. The way up
 * is the guest's own start (guest_long_mode).
 */
#include "guests/lib/selectors.h"
#include "guests/vandal/long_mode.h"
#include "guests/vandal/taskfile.h"

#define FLAGS_NT 0x4000
#define FLAGS_TF 0x100
#define DR6_RESET 0xffff0ff0
#define TSS_EIP 32

	.macro STORE file, area
	movl %eax, \file + FILE_GENERAL
	movl %ecx, \file + FILE_GENERAL + 4
	movl %edx, \file + FILE_GENERAL + 8
	movl %ebx, \file + FILE_GENERAL + 12
	movl %esp, \file + FILE_GENERAL + 16
	movl %ebp, \file + FILE_GENERAL + 20
	movl %esi, \file + FILE_GENERAL + 24
	movl %edi, \file + FILE_GENERAL + 28
	pushfl
	popl \file + FILE_EFLAGS
	movw %es, \file + FILE_SELECTORS
	movw %cs, \file + FILE_SELECTORS + 2
	movw %ss, \file + FILE_SELECTORS + 4
	movw %ds, \file + FILE_SELECTORS + 6
	movw %fs, \file + FILE_SELECTORS + 8
	movw %gs, \file + FILE_SELECTORS + 10
	sldt \file + FILE_SELECTORS + 12
	str \file + FILE_SELECTORS + 14
	.irp n, 0, 2, 3, 4
	movl %cr\n, %eax
	movl %eax, \file + FILE_CR + 4 * (\n - (\n + 2) / 4)
	.endr
	.irp n, 0, 1, 2, 3
	movl %db\n, %eax
	movl %eax, \file + FILE_DR + 4 * \n
	.endr
	movl %db6, %eax
	movl %eax, \file + FILE_DR + 16
	movl %db7, %eax
	movl %eax, \file + FILE_DR + 20
	sgdt \file + FILE_GDTR
	sidt \file + FILE_IDTR
	clts
	xorl %ecx, %ecx
	xgetbv
	movl %eax, \file + FILE_XCR0
	xsave \area
	xorl %esi, %esi
1:	movl taskfile_msrs(, %esi, 4), %ecx
	rdmsr
	movl %eax, \file + FILE_MSRS(, %esi, 8)
	movl %edx, \file + FILE_MSRS + 4(, %esi, 8)
	incl %esi
	cmpl $TASKFILE_MSRS, %esi
	jne 1b
	incl \file + FILE_TIMES
	pushl \file + FILE_EFLAGS
	popfl
	movl \file + FILE_GENERAL, %eax
	movl \file + FILE_GENERAL + 4, %ecx
	movl \file + FILE_GENERAL + 8, %edx
	movl \file + FILE_GENERAL + 24, %esi
	.endm

	.text
	.globl taskfile_run
	.code64
taskfile_run:
	BEFORE_32_BIT_MODE
	LEAVE_LONG_MODE
	lgdt gdt_pointer
	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $(taskfile_stacks + TASKFILE_STACK), %esp
	movl $TASKFILE_LDT_MAIN, %eax
	lldt %ax
	movl $TASKFILE_FS, %eax
	movl %eax, %fs
	movl $TASKFILE_GS, %eax
	movl %eax, %gs
	lidt idt_pointer
	movl $TASKFILE_MAIN, %eax
	ltr %ax
	movl taskfile_cr3, %eax
	testl %eax, %eax
	jz 2f
	movl %eax, %cr3
	movl %cr0, %eax
	orl $CR0_PG, %eax
	movl %eax, %cr0
	/* the entry of a page that is not there; nothing of the page was in use yet */
2:	movl taskfile_table_entry, %eax
	testl %eax, %eax
	jz 3f
	andl $~1, (%eax)
	movl $taskfile_tss_main, %eax
	invlpg (%eax)
3:	pushl taskfile_eflags
	movl taskfile_general, %eax
	movl taskfile_general + 4, %ecx
	movl taskfile_general + 8, %edx
	movl taskfile_general + 12, %ebx
	movl taskfile_general + 20, %ebp
	movl taskfile_general + 24, %esi
	movl taskfile_general + 28, %edi
	popfl
	STORE taskfile_before, taskfile_area_before
	jmp *taskfile_entry

at_call:
	lcall $TASKFILE_OTHER, $0
behind_call:
	jmp joined
way_step:
	pushl taskfile_before + FILE_EFLAGS
	orl $FLAGS_TF, (%esp)
	popfl
	lcall $TASKFILE_OTHER, $0
behind_step:
	nop			/* the second trap comes here */
	jmp joined
at_jmp:
	ljmp $TASKFILE_OTHER, $0
behind_jmp:
	jmp joined
at_soft:
	int $TASKFILE_INT
behind_soft:
	jmp joined
at_fault:
	movl %eax, %gs		/* #GP: AX has a selector that no GDT has */
behind_fault:
	jmp joined

joined:
	STORE taskfile_after, taskfile_area_after
	cli
	cld
	movl %cr0, %eax
	andl $~CR0_PG, %eax
	movl %eax, %cr0
	jmp guest_long_mode
	.globl taskfile_other, taskfile_step, taskfile_handler
	/* The other task: the first instruction stores. An error code lies on the stack. */
taskfile_other:
	STORE taskfile_there, taskfile_area_there
	cmpl $TASKFILE_JMP, taskfile_way
	je 3f
	cmpl $TASKFILE_FAULT, taskfile_way
	jne 2f
	popl taskfile_error
	addl $(behind_fault - at_fault), taskfile_tss_main + TSS_EIP
2:	iretl
3:	ljmp $TASKFILE_MAIN, $0

	/* #DB, in either task. */
taskfile_step:
	pushl %eax
	incl taskfile_steps
	movl %db6, %eax
	movl %eax, taskfile_dr6
	movl $DR6_RESET, %eax
	movl %eax, %db6
	cmpl $2, taskfile_steps
	jb 1f
	andl $~FLAGS_TF, 12(%esp)
1:	popl %eax
	iretl

	/* #TS in the other task, #NP and #PF in the main task: error code | EIP | CS | EFLAGS */
taskfile_handler:
	popl taskfile_error
	STORE taskfile_there, taskfile_area_there
	pushl (%esp)
	popl taskfile_frame_eip
	pushl 8(%esp)
	popl taskfile_frame_eflags
	cmpl $TASKFILE_BEHIND, taskfile_way
	je 1f
	addl $(behind_call - at_call), (%esp)
	iretl
1:	pushfl
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
	.balign 4
	.globl taskfile_at, taskfile_behind, taskfile_msrs
taskfile_at:
	.long at_call, way_step, at_jmp, at_soft, at_fault, at_call, at_call, at_call
taskfile_behind:
	.long behind_call, behind_step, behind_jmp, behind_soft, behind_fault
	.long behind_call, behind_call, behind_call
taskfile_msrs:
	.long 0x174, 0x175, 0x176, 0x277, 0xc0000080, 0xc0000081, 0xc0000082
	.long 0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103
gdt_pointer:
	.word TASKFILE_GDT_BYTES - 1
	.long taskfile_gdt
idt_pointer:
	.word TASKFILE_VECTORS * 8 - 1
	.long taskfile_idt

	.bss
	.balign 4096
	.globl taskfile_tss_main, taskfile_tss_other
taskfile_tss_main:
	.skip 4096
taskfile_tss_other:
	.skip 128
	.balign 64
	.globl taskfile_area_before, taskfile_area_there, taskfile_area_after
taskfile_area_before:
	.skip TASKFILE_AREA
taskfile_area_there:
	.skip TASKFILE_AREA
taskfile_area_after:
	.skip TASKFILE_AREA
	.globl taskfile_before, taskfile_there, taskfile_after, taskfile_gdt, taskfile_idt
	.balign 8
taskfile_before:
	.skip FILE_BYTES
taskfile_there:
	.skip FILE_BYTES
taskfile_after:
	.skip FILE_BYTES
taskfile_gdt:
	.skip TASKFILE_GDT_BYTES
taskfile_idt:
	.skip TASKFILE_VECTORS * 8
	.globl taskfile_stacks, taskfile_general, taskfile_way, taskfile_entry, taskfile_cr3
	.globl taskfile_table_entry, taskfile_eflags, taskfile_steps, taskfile_dr6
	.globl taskfile_error, taskfile_frame_eip, taskfile_frame_eflags
taskfile_stacks:
	.skip 2 * TASKFILE_STACK
taskfile_general:
	.skip 32
taskfile_way:
	.skip 4
taskfile_entry:
	.skip 4
taskfile_cr3:
	.skip 4
taskfile_table_entry:
	.skip 4
taskfile_eflags:
	.skip 4
taskfile_steps:
	.skip 4
taskfile_dr6:
	.skip 4
taskfile_error:
	.skip 4
taskfile_frame_eip:
	.skip 4
taskfile_frame_eflags:
	.skip 4
	.balign 8
saved_stack:
	.skip 8

	.section .note.GNU-stack, "", @progbits
