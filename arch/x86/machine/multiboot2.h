/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 2 (GNU Multiboot2 Specification 2.0, section 3.6): the loader's tags, turned into the
 * structure of multiboot 1 that the boot code reads.
 *
 * Rule: a tag is read inside its own bytes only. A tag that contradicts itself is passed over, and
 * the boot says so.
 */
#ifndef ARCH_X86_MACHINE_MULTIBOOT2_H
#define ARCH_X86_MACHINE_MULTIBOOT2_H

#include "arch/x86/machine/multiboot.h"

/* An RSDP has 36 bytes from revision 2 on (ACPI specification 6.4, 5.2.5.3). */
enum { BOOT_MODULES_MOST = 64, BOOT_RSDP_BYTES = 36 };

/* The contents of the tag of a framebuffer (3.6.12). */
struct boot_screen {
	uint64_t address;
	uint32_t pitch, width, height;
	uint8_t bits, type; /* type 1: RGB, 2: VGA text */
};

/* What the loader handed over. */
struct boot_facts {
	struct multiboot_info info;
	struct multiboot_module module[BOOT_MODULES_MOST];
	uint8_t rsdp[BOOT_RSDP_BYTES];    /* a copy; zeros: the loader gave none */
	const struct boot_screen *screen; /* in the loader's memory; NULL: there is none */
	const void *problem;              /* the last tag that was passed over; NULL: none */
};

/* Reads the tags into the facts, which the caller has cleared, and returns the structure in the
 * facts. The memory map is changed in its place into entries of multiboot 1, so call the function
 * once. The strings stay where the loader put the strings. */
struct multiboot_info *multiboot2_read(void *tags, struct boot_facts *facts);

#endif
