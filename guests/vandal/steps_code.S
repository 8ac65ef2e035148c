/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steps and faults in three modes.
 *
 * Rule: see steps.h. The way up is the guest's own start (guest_long_mode), as after a task switch.
 */
#include "guests/lib/selectors.h"
#include "guests/vandal/steps.h"

#define CR0_PE 1
#define CR0_PG 0x80000000
#define MSR_EFER 0xC0000080
#define EFER_LME 0x100
#define FLAGS_TF 0x100
#define FLAGS_RF 0x10000
#define DR6_RESET 0xFFFF0FF0
/* The way down takes the two slots of task state segments. */
#define SELECTOR_CODE16 SELECTOR_TSS_OLD
#define SELECTOR_DATA16 SELECTOR_TSS_NEW

	.text
	.code64
	.globl steps_trap, steps_fault, steps_modes
steps_trap:
	pushq %rax
	movq %dr6, %rax
	movl %eax, steps_notes + NOTES_DR6
	movl $DR6_RESET, %eax
	movq %rax, %dr6
	movq 8(%rsp), %rax
	movl %eax, steps_notes + NOTES_AT
	incl steps_notes + NOTES_TRAPS
	andq $~FLAGS_TF, 24(%rsp)
	orq $FLAGS_RF, 24(%rsp)
	popq %rax
	iretq

steps_fault:
	pushq %rax
	movq 8(%rsp), %rax
	movl %eax, steps_notes + NOTES_ERROR
	movq 32(%rsp), %rax
	movl %eax, steps_notes + NOTES_FLAGS
	incl steps_notes + NOTES_FAULTS
	addq $2, 16(%rsp)
	popq %rax
	addq $8, %rsp
	iretq

steps_modes:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, saved_stack
	movq $resume, guest_resume
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
	movl $stack32_top, %esp
	lidt idt32_pointer
	movl %esp, %ebp
	movl $STEPS_PORT, %edx
	pushfl
	orl $FLAGS_TF, (%esp)
	popfl
	inb %dx, %al
behind_in32:
	nop
	nop
	movl $STEPS_MSR, %ecx
	rdmsr
	subl %esp, %ebp
	movl %ebp, steps_notes32 + NOTES_STACK

	/* By a 16-bit segment of 64 KiB to real mode, so that real mode has such limits. */
	lidt idt16_pointer
	movl $SELECTOR_DATA16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	ljmp $SELECTOR_CODE16, $REAL_CODE

back:	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $stack32_top, %esp
	jmp guest_long_mode

	.globl steps_trap32, steps_fault32
steps_trap32:
	pushl %eax
	movl %dr6, %eax
	movl %eax, steps_notes32 + NOTES_DR6
	movl $DR6_RESET, %eax
	movl %eax, %dr6
	movl 4(%esp), %eax
	subl $behind_in32, %eax
	movl %eax, steps_notes32 + NOTES_AT
	incl steps_notes32 + NOTES_TRAPS
	andl $~FLAGS_TF, 12(%esp)
	popl %eax
	iretl

steps_fault32:
	pushl %eax
	movl 4(%esp), %eax
	movl %eax, steps_notes32 + NOTES_ERROR
	movl 16(%esp), %eax
	movl %eax, steps_notes32 + NOTES_FLAGS
	incl steps_notes32 + NOTES_FAULTS
	addl $2, 8(%esp)
	popl %eax
	addl $4, %esp
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

#define IN_REAL(label) (label - steps_real + REAL_CODE)
	.section .rodata
	.globl steps_real, steps_real_end
	.code16
steps_real:
	movl %cr0, %eax
	andl $~CR0_PE, %eax
	movl %eax, %cr0
	ljmp $0, $IN_REAL(real)
real:	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $REAL_STACK, %sp
	movw $IN_REAL(trap16), 4 * 1
	movw $0, 4 * 1 + 2
	movw $IN_REAL(fault16), 4 * 13
	movw $0, 4 * 13 + 2
	movw %sp, %bp
	movw $STEPS_PORT, %dx
	pushfw
	movw %sp, %bx
	orw $FLAGS_TF, %ss:(%bx)
	popfw
	inb %dx, %al
behind_in16:
	nop
	nop
	movl $STEPS_MSR, %ecx
	rdmsr
	subw %sp, %bp
	movw %bp, REAL_NOTES + NOTES_STACK
	movl %cr0, %eax
	orl $CR0_PE, %eax
	movl %eax, %cr0
	ljmpl $SELECTOR_CODE32, $back

trap16:	pushl %eax
	pushw %bp
	movw %sp, %bp
	movl %dr6, %eax
	movl %eax, REAL_NOTES + NOTES_DR6
	movl $DR6_RESET, %eax
	movl %eax, %dr6
	movw 6(%bp), %ax
	subw $IN_REAL(behind_in16), %ax
	movw %ax, REAL_NOTES + NOTES_AT
	incl REAL_NOTES + NOTES_TRAPS
	andw $~FLAGS_TF, 10(%bp)
	popw %bp
	popl %eax
	iretw

fault16:
	pushw %bp
	movw %sp, %bp
	incl REAL_NOTES + NOTES_FAULTS
	addw $2, 2(%bp)
	popw %bp
	iretw
steps_real_end:

idt32_pointer:
	.word STEPS_VECTORS * 8 - 1
	.long steps_idt
idt16_pointer:
	.word 0x3FF
	.long 0

	.bss
	.balign 16
	.globl steps_idt, steps_notes, steps_notes32
steps_idt:
	.skip STEPS_VECTORS * 8
stack32:
	.skip 256
stack32_top:
saved_stack:
	.skip 8
steps_notes:
	.skip NOTES_BYTES
steps_notes32:
	.skip NOTES_BYTES

	.section .note.GNU-stack, "", @progbits
