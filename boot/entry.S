/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the boot loader's 32-bit protected mode to 64-bit C.
 *
 * Rule: interrupts are off throughout. The code uses only features that CPUID announces. A user
 * whose machine cannot run the VMM gets the reason on VGA and COM1.
 *
 * Memory is mapped one to one up to 4 GiB in 2M pages. Only the first page can hold code (the image
 * ends below 2M, see linker.ld), and arch/x86/cpu/pages.c divides the page. The last GiB, with the
 * interrupt controllers and PCI devices, is uncached.
 */
#include "arch/x86/machine/multiboot.h"

#define HEADER_FLAGS (MULTIBOOT_PAGE_ALIGN | MULTIBOOT_MEMORY_INFO)

/*
 * Page table entry (SDM 3A 4.5.4): 63 NX | 7 page size | 4 cache disable | 3 write through |
 * 1 writable | 0 present
 */
#define PTE_TABLE 0x03
#define PTE_LARGE 0x83
#define PTE_UNCACHED 0x18
#define PTE_NX_HIGH 0x80000000
#define LARGE_PAGES 2048
#define FIRST_UNCACHED (0xc0000000 >> 21)

#define CR0_PE_MP_ET_NE_WP_PG 0x80010033
#define CR4_PAE_OSFXSR_OSXMMEXCPT 0x620
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define EFER_NXE 0x800

#define CPUID_EXTENDED_MAX 0x80000000
#define CPUID_EXTENDED_FEATURES 0x80000001
#define EDX_LONG_MODE 29
#define EDX_NX 20

#define PAGE_BYTES 4096
#define STACK_BYTES 16384            /* as in arch/x86/cpu/stacks.c */

	.section .multiboot, "a"
	.balign 4
	.long MULTIBOOT_HEADER_MAGIC
	.long HEADER_FLAGS
	.long -(MULTIBOOT_HEADER_MAGIC + HEADER_FLAGS)

	.balign 8                       /* multiboot 2: the header and each of its tags */
header2:
	.long MULTIBOOT2_HEADER_MAGIC, MULTIBOOT2_I386, header2_end - header2
	.long -(MULTIBOOT2_HEADER_MAGIC + MULTIBOOT2_I386 + (header2_end - header2))
	.long MULTIBOOT2_HEADER_PAGE_ALIGN, 8
	.long MULTIBOOT2_HEADER_SCREEN, 20, 800, 600, 32
	.balign 8
	.long MULTIBOOT2_HEADER_END, 8
header2_end:

	.section .text.entry, "ax"
	.code32
	.global entry
entry:
	cli
	cld
	mov %eax, %ebp                  /* magic and information: RDTSC and CPUID take EAX to EDX */
	mov %ebx, %esi
	rdtsc
	mov %eax, boot_entry_tsc
	mov %edx, boot_entry_tsc + 4
	mov $boot_stack_top, %esp

	mov $message_magic, %edi
	cmp $MULTIBOOT_BOOT_MAGIC, %ebp
	je 1f
	cmp $MULTIBOOT2_BOOT_MAGIC, %ebp
	jne refuse
1:	mov $message_long_mode, %edi
	mov $CPUID_EXTENDED_MAX, %eax
	cpuid
	cmp $CPUID_EXTENDED_FEATURES, %eax
	jb refuse
	mov $CPUID_EXTENDED_FEATURES, %eax
	cpuid
	bt $EDX_LONG_MODE, %edx
	jnc refuse

	/* EDI: upper half of an entry for data; EBX: EFER. */
	xor %edi, %edi
	mov $EFER_LME, %ebx
	bt $EDX_NX, %edx
	jnc 1f
	mov $PTE_NX_HIGH, %edi
	or $EFER_NXE, %ebx
1:
	call map_memory

	mov $CR4_PAE_OSFXSR_OSXMMEXCPT, %eax
	mov %eax, %cr4
	mov $page_map, %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	mov %ebx, %eax
	xor %edx, %edx
	wrmsr
	mov $CR0_PE_MP_ET_NE_WP_PG, %eax
	mov %eax, %cr0
	lgdt boot_gdt_pointer
	ljmp $0x08, $entry64

map_memory:
	movl $(page_directory_pointers + PTE_TABLE), page_map
	mov $(page_directories + PTE_TABLE), %eax
	xor %ecx, %ecx
1:	mov %eax, page_directory_pointers(, %ecx, 8)
	add $4096, %eax
	inc %ecx
	cmp $4, %ecx
	jb 1b

	xor %ecx, %ecx
2:	mov %ecx, %eax
	shl $21, %eax
	or $PTE_LARGE, %eax
	cmp $FIRST_UNCACHED, %ecx
	jb 3f
	or $PTE_UNCACHED, %eax
3:	mov %eax, page_directories(, %ecx, 8)
	mov %edi, page_directories + 4(, %ecx, 8)
	inc %ecx
	cmp $LARGE_PAGES, %ecx
	jb 2b
	movl $0, page_directories + 4   /* the image's page is executable */
	ret

/*
 * Prints the message at EDI to VGA text memory and COM1 (115200 8N1), then halts the processor for
 * good. UART line control bit 7 opens the divisor latch; line status bit 5: transmitter holding
 * register empty.
 */
refuse:
	mov $0x3fb, %dx
	mov $0x80, %al
	out %al, %dx
	mov $0x3f8, %dx
	mov $1, %al
	out %al, %dx
	inc %dx
	xor %al, %al
	out %al, %dx
	mov $0x3fb, %dx
	mov $0x03, %al
	out %al, %dx

	mov $0xb8000, %ebx
1:	mov (%edi), %cl
	inc %edi
	test %cl, %cl
	jz 4f
	mov $0x10000, %esi              /* without a UART the wait has an end */
	mov $0x3fd, %dx
2:	in %dx, %al
	test $0x20, %al
	jnz 3f
	dec %esi
	jnz 2b
3:	mov $0x3f8, %dx
	mov %cl, %al
	out %al, %dx
	cmp $' ', %cl
	jb 1b
	mov $0x4f, %ch                  /* white on red */
	mov %cx, (%ebx)
	add $2, %ebx
	jmp 1b
4:	cli
	hlt
	jmp 4b

	.code64
entry64:
	mov $0x10, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	/* 32-bit moves clear the upper halves, which the mode switch leaves undefined */
	mov $boot_stack_top, %esp
	mov %ebp, %edi
	mov %esi, %esi
	xor %ebp, %ebp
	call vmm_main
1:	cli
	hlt
	jmp 1b

	.section .rodata.entry, "a"
message_magic:
	.ascii "\r\nsignalbox: EAX is not 2BADB002h or 36D76289h at entry: "
	.ascii "not started by a multiboot loader\r\n"
	.asciz "signalbox: end: status 1\r\n"
message_long_mode:
	.ascii "\r\nsignalbox: no long mode: CPUID.80000001h:EDX[29] = 0. "
	.ascii "A 64-bit processor is needed; "
	.ascii "under QEMU take qemu-system-x86_64, in Bochs a 64-bit cpu model\r\n"
	.asciz "signalbox: end: status 1\r\n"

	.balign 8
boot_gdt:                               /* the same selectors as in arch/x86/cpu/tables.c */
	.quad 0
	.quad 0x00af9b000000ffff        /* 08h: code, 64-bit */
	.quad 0x00cf93000000ffff        /* 10h: data */
boot_gdt_end:
boot_gdt_pointer:
	.word boot_gdt_end - boot_gdt - 1
	.long boot_gdt

	.section .bss.entry, "aw", @nobits
	.balign 4096
page_map:
	.skip 4096
	.global page_directory_pointers
page_directory_pointers:
	.skip 4096
	.global page_directories
page_directories:
	.skip 4 * 4096
	.global boot_stack_absent, boot_stack_top
boot_stack_absent:                      /* unmapped by pages_protect() */
	.skip PAGE_BYTES
	.skip STACK_BYTES
boot_stack_top:
	.global boot_entry_tsc
boot_entry_tsc:
	.skip 8

	.section .note.GNU-stack, "", @progbits
