/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 1 (GNU Multiboot Specification 0.6.96, section 3): the data from the loader to the VMM,
 * and from the VMM to its guests.
 */
#ifndef ARCH_X86_MACHINE_MULTIBOOT_H
#define ARCH_X86_MACHINE_MULTIBOOT_H

#define MULTIBOOT_HEADER_MAGIC 0x1badb002
#define MULTIBOOT_BOOT_MAGIC 0x2badb002
#define MULTIBOOT_PAGE_ALIGN 1
#define MULTIBOOT_MEMORY_INFO 2

/* Multiboot 2 (GNU Multiboot2 Specification 2.0, 3.1.1): the header's magic, the architecture
 * (protected mode of i386), and EAX at entry. Header tags: type and flags in one word. */
#define MULTIBOOT2_HEADER_MAGIC 0xe85250d6
#define MULTIBOOT2_I386 0
#define MULTIBOOT2_BOOT_MAGIC 0x36d76289
#define MULTIBOOT2_HEADER_END 0
#define MULTIBOOT2_HEADER_PAGE_ALIGN 6
#define MULTIBOOT2_HEADER_SCREEN 0x10005 /* optional: the image does without, too */

#ifndef __ASSEMBLER__
#include <stdint.h>

enum {
	MULTIBOOT_INFO_MEMORY = 1 << 0,
	MULTIBOOT_INFO_CMDLINE = 1 << 2,
	MULTIBOOT_INFO_MODS = 1 << 3,
	MULTIBOOT_INFO_MMAP = 1 << 6,
};

struct multiboot_info {
	uint32_t flags;
	uint32_t mem_lower, mem_upper; /* KiB */
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr;
	uint32_t drives_length, drives_addr;
	uint32_t config_table, boot_loader_name, apm_table;
	uint32_t vbe[4];
};

struct multiboot_module {
	uint32_t start, end; /* end: first byte behind the module */
	uint32_t string;
	uint32_t reserved;
};

struct multiboot_mmap {
	uint32_t size; /* bytes of the following members */
	uint64_t address, length;
	uint32_t type;
} __attribute__((packed));

enum { MULTIBOOT_RAM = 1 };
#endif

#endif
