/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the multiboot loader (32-bit protected mode, no paging) to 64-bit C.
 *
 * Rule: the way is the same on the bare machine and under the VMM. Memory is mapped one to one, as
 * far as the loader reports memory (2 MiB pages, at most 1 GiB). So a wild access faults here and
 * does not show in another program's log.
 */
#include "arch/x86/machine/multiboot.h"
#include "guests/lib/selectors.h"

#define MULTIBOOT_FLAGS (MULTIBOOT_PAGE_ALIGN | MULTIBOOT_MEMORY_INFO)
#define STACK_BYTES 16384

#define PAGE_PRESENT 0x01
#define PAGE_WRITABLE 0x02
#define PAGE_LARGE 0x80

#define CR0_PE 0x00000001
#define CR0_MP 0x00000002
#define CR0_EM 0x00000004
#define CR0_TS 0x00000008
#define CR0_NE 0x00000020
#define CR0_PG 0x80000000
#define CR4_PAE 0x020
#define CR4_OSFXSR 0x200
#define CR4_OSXMMEXCPT 0x400
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100

	.section .multiboot, "a"
	.balign 4
	.long MULTIBOOT_HEADER_MAGIC
	.long MULTIBOOT_FLAGS
	.long -(MULTIBOOT_HEADER_MAGIC + MULTIBOOT_FLAGS)

	.section .text.start, "ax"
	.code32
	.globl guest_entry
guest_entry:
	cli
	cld
	movl $boot_stack_top, %esp
	movl %eax, %ebp
	movl %ebx, %esi

	/* Large pages: memory above 1 MiB in KiB, plus the first MiB, rounded up; 16 MiB where the
	 * loader does not say. */
	movl $8, %ecx
	testl $1, (%esi)
	jz 1f
	movl 8(%esi), %ecx
	addl $(1024 + 2047), %ecx
	shrl $11, %ecx
	cmpl $512, %ecx
	jbe 1f
	movl $512, %ecx
1:	movl $page_directory, %edi
	movl $(PAGE_PRESENT | PAGE_WRITABLE | PAGE_LARGE), %eax
2:	movl %eax, (%edi)
	addl $0x200000, %eax
	addl $8, %edi
	loop 2b
	movl $(page_directory + PAGE_PRESENT + PAGE_WRITABLE), page_directory_pointers
	movl $(page_window + PAGE_PRESENT + PAGE_WRITABLE), page_directory_pointers + 8
	movl $(page_directory_pointers + PAGE_PRESENT + PAGE_WRITABLE), page_map

	.globl guest_long_mode
	/* vandal comes back here from 32-bit mode: EBP and ESI hold guest_start()'s arguments. */
guest_long_mode:
	movl $(CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
	movl %eax, %cr4
	movl $page_map, %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME, %eax
	wrmsr
	movl %cr0, %eax
	andl $~(CR0_EM | CR0_TS), %eax
	orl $(CR0_PG | CR0_NE | CR0_MP | CR0_PE), %eax
	movl %eax, %cr0
	lgdt gdt_pointer
	ljmp $SELECTOR_CODE, $1f

	.code64
1:	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	lldt %ax
	fninit
	movl %ebp, %edi
	movl %esi, %esi
	movq guest_resume, %rax
	testq %rax, %rax
	jnz 2f
	xorl %ebp, %ebp
	call guest_start
2:	jmp *%rax

	.section .data.tables, "aw"
	.balign 8
	.globl guest_gdt, guest_resume
guest_gdt:
	.quad 0
	.quad 0x00af9b000000ffff /* 64-bit code */
	.quad 0x00cf93000000ffff /* data */
	.quad 0x00cf9b000000ffff /* 32-bit code */
	/* two task state segments, for the guest that tries a task switch */
	.quad 0, 0
gdt_pointer:
	.word gdt_pointer - guest_gdt - 1
	.quad guest_gdt
	/* Address to continue at after guest_long_mode; 0: the start of the guest. */
guest_resume:
	.quad 0

	.section .bss.tables, "aw", @nobits
	.balign 4096
	.globl page_window
page_map:
	.skip 4096
page_directory_pointers:
	.skip 4096
page_directory:
	.skip 4096
page_window: /* 1 to 2 GiB: machine_window() */
	.skip 4096
boot_stack:
	.skip STACK_BYTES
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
