/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steps and faults in five modes.
 *
 * Rule: see steps.h. The way up is the guest's own start (guest_long_mode), as after a task switch.
 */
#include "guests/lib/selectors.h"
#include "guests/vandal/long_mode.h"
#include "guests/vandal/steps.h"

#define CR0_PE 1
#define FLAGS_TF 0x100
#define FLAGS_RF 0x10000
#define FLAGS_VM 0x20000
#define FLAGS_IOPL_3 0x3000
#define DR6_RESET 0xffff0ff0
/* Fills the slots: the assembler chooses fillers of another mode for NOP. */
#define CLC 0xf8
/* The way down takes the two slots of task state segments. */
#define SELECTOR_CODE16 SELECTOR_TSS_OLD
#define SELECTOR_DATA16 SELECTOR_TSS_NEW

/* The first bytes run in 16-bit protected mode; see below. */
#define IN_REAL(label) (label - steps_real + REAL_CODE)

	/* VMX, SVM, SMX, TDX, RSM, MONITOR, MWAIT, with operands at (%bx) or (%edi). One of the
	 * first two is the guest's call of the VMM, and answers. No call has this number. */
	.macro SLOT bytes:vararg
	.balign 8, CLC
	.byte \bytes
	.set slots, slots + 1
	.endm
	.macro OTHERS
	.set slots, 0
	movl $999, %eax
	xorl %ecx, %ecx
	incb IN_SLOTS
	SLOT 0x0f, 0x01, 0xc1		/* VMCALL */
	SLOT 0x0f, 0x01, 0xd9		/* VMMCALL */
	.balign 8, CLC
	.byte 0x31, 0xc0, 0x66, 0x31, 0xc0	/* EAX = 0, an address that VMRUN could take */
	SLOT 0x0f, 0x01, 0xc2		/* VMLAUNCH */
	SLOT 0x0f, 0x01, 0xc3		/* VMRESUME */
	SLOT 0x0f, 0x01, 0xc4		/* VMXOFF */
	SLOT 0xf3, 0x0f, 0xc7, 0x37	/* VMXON */
	SLOT 0x66, 0x0f, 0xc7, 0x37	/* VMCLEAR */
	SLOT 0x0f, 0xc7, 0x37		/* VMPTRLD */
	SLOT 0x0f, 0xc7, 0x3f		/* VMPTRST */
	SLOT 0x0f, 0x78, 0xc2		/* VMREAD */
	SLOT 0x0f, 0x79, 0xc2		/* VMWRITE */
	SLOT 0x66, 0x0f, 0x38, 0x80, 0x07	/* INVEPT */
	SLOT 0x66, 0x0f, 0x38, 0x81, 0x07	/* INVVPID */
	SLOT 0x0f, 0x01, 0xd4		/* VMFUNC */
	SLOT 0x0f, 0x01, 0xd8		/* VMRUN */
	SLOT 0x0f, 0x01, 0xda		/* VMLOAD */
	SLOT 0x0f, 0x01, 0xdb		/* VMSAVE */
	SLOT 0x0f, 0x01, 0xdc		/* STGI */
	SLOT 0x0f, 0x01, 0xdd		/* CLGI */
	SLOT 0x0f, 0x01, 0xde		/* SKINIT */
	SLOT 0x0f, 0x01, 0xdf		/* INVLPGA */
	SLOT 0x0f, 0x37			/* GETSEC */
	SLOT 0x66, 0x0f, 0x01, 0xcc	/* TDCALL */
	SLOT 0x66, 0x0f, 0x01, 0xcd	/* SEAMRET */
	SLOT 0x66, 0x0f, 0x01, 0xce	/* SEAMOPS */
	SLOT 0x66, 0x0f, 0x01, 0xcf	/* SEAMCALL */
	SLOT 0x0f, 0xaa			/* RSM */
	SLOT 0x0f, 0x01, 0xc8		/* MONITOR */
	SLOT 0x0f, 0x01, 0xc9		/* MWAIT */
	.balign 8, CLC
	decb IN_SLOTS
	.if slots != STEPS_OTHERS
	.error "STEPS_OTHERS is not the number of slots"
	.endif
	.endm

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
	BEFORE_32_BIT_MODE
	LEAVE_LONG_MODE
	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $stack32_top, %esp
	lidt idt32_pointer
	lgdt gdt_pointer
	movl $SELECTOR_TSS, %eax
	ltr %ax
	movl $steps_notes32, notes_now
	movl $behind_in32, expected
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
	OTHERS

	/* 16-bit protected mode. The handlers stay those of 32-bit mode. */
	movl $PM16_NOTES, notes_now
	movl $IN_REAL(behind_in_pm16), expected
	movl $SELECTOR_DATA16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $REAL_STACK, %esp
	ljmp $SELECTOR_CODE16, $REAL_CODE

	/* Virtual-8086 mode, IOPL 3. The second fault leads back. */
after_pm16:
	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $stack32_top, %esp
	movl $steps_notes_v86, notes_now
	movl $(behind_cpuid_v86 - steps_real), expected
	xorl %eax, %eax
	pushl %eax			/* GS, FS, DS, ES */
	pushl %eax
	pushl %eax
	pushl %eax
	pushl %eax			/* SS */
	pushl $REAL_STACK
	pushl $(FLAGS_VM | FLAGS_IOPL_3 | 2)
	pushl $(REAL_CODE >> 4)
	pushl $(v86 - steps_real)
	iretl

	/* By a 16-bit segment of 64 KiB to real mode, so that real mode has such limits. */
after_v86:
	movl $stack32_top, %esp
	lidt idt16_pointer
	movl $SELECTOR_DATA16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	ljmp $SELECTOR_CODE16, $IN_REAL(to_real)

back:	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $stack32_top, %esp
	jmp guest_long_mode

	.globl steps_trap32, steps_fault32, steps_other32
	/* DS may be a segment of 16 bits, or null behind virtual-8086 mode. */
steps_trap32:
	pushl %eax
	pushl %ebx
	movl %ds, %eax
	pushl %eax
	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl notes_now, %ebx
	movl %dr6, %eax
	movl %eax, NOTES_DR6(%ebx)
	movl $DR6_RESET, %eax
	movl %eax, %dr6
	movl 12(%esp), %eax
	subl expected, %eax
	movl %eax, NOTES_AT(%ebx)
	incl NOTES_TRAPS(%ebx)
	andl $~FLAGS_TF, 20(%esp)
	popl %eax
	movl %eax, %ds
	popl %ebx
	popl %eax
	iretl

	/* Goes on at the next slot. */
steps_other32:
	pushl $0
	pushl %eax
	pushl %ebx
	movl %ds, %eax
	pushl %eax
	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl notes_now, %ebx
	incl NOTES_OTHERS(%ebx)
next_slot:
	addl $8, 16(%esp)
	andl $~7, 16(%esp)
	jmp 1f

steps_fault32:
	pushl %eax
	pushl %ebx
	movl %ds, %eax
	pushl %eax
	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl notes_now, %ebx
	cmpb $0, IN_SLOTS
	je 2f
	incl NOTES_RINGS(%ebx)
	jmp next_slot
2:
	movl 12(%esp), %eax
	movl %eax, NOTES_ERROR(%ebx)
	movl 24(%esp), %eax
	movl %eax, NOTES_FLAGS(%ebx)
	incl NOTES_FAULTS(%ebx)
	addl $2, 16(%esp)
	testl $FLAGS_VM, %eax
	jz 1f
	cmpl $2, NOTES_FAULTS(%ebx)
	je after_v86
1:	popl %eax
	movl %eax, %ds
	popl %ebx
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

	.section .rodata
	.balign 8
	.globl steps_real, steps_real_end
	.code16
steps_real:
	movw %sp, %bp
	movw $STEPS_PORT, %dx
	pushfw
	movw %sp, %bx
	orw $FLAGS_TF, %ss:(%bx)
	popfw
	inb %dx, %al
behind_in_pm16:
	nop
	nop
	movl $STEPS_MSR, %ecx
	rdmsr
	subw %sp, %bp
	movw %bp, PM16_NOTES + NOTES_STACK
	OTHERS
	ljmpl $SELECTOR_CODE32, $after_pm16

v86:	OTHERS
	xorl %eax, %eax
	xorl %ecx, %ecx
	pushfw
	movw %sp, %bx
	orw $FLAGS_TF, %ss:(%bx)
	popfw
	cpuid
behind_cpuid_v86:
	nop
	nop
	rdmsr
	hlt

to_real:
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
	movw $IN_REAL(other16), 4 * 6
	movw $0, 4 * 6 + 2
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
	OTHERS
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

	/* Goes on at the next slot. */
other16:
	pushw %bp
	movw %sp, %bp
	incl REAL_NOTES + NOTES_OTHERS
	addw $8, 2(%bp)
	andw $~7, 2(%bp)
	popw %bp
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
gdt_pointer:
	.word STEPS_GDT_BYTES - 1
	.long steps_gdt
idt16_pointer:
	.word 0x3ff
	.long 0

	.bss
	.balign 16
	.globl steps_idt, steps_gdt, steps_tss, steps_notes, steps_notes32, steps_notes_v86
steps_idt:
	.skip STEPS_VECTORS * 8
steps_gdt:
	.skip STEPS_GDT_BYTES
	.balign 128
steps_tss:
	.skip STEPS_TSS_BYTES
	.balign 16
stack_v86:
	.skip 256
	.globl stack_v86_top
stack_v86_top:
notes_now:
	.skip 4
expected:
	.skip 4
	.balign 16
stack32:
	.skip 256
stack32_top:
saved_stack:
	.skip 8
steps_notes:
	.skip NOTES_BYTES
steps_notes32:
	.skip NOTES_BYTES
steps_notes_v86:
	.skip NOTES_BYTES

	.section .note.GNU-stack, "", @progbits
