/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Linux kernel as a guest's image: a bzImage, started by the 32-bit boot protocol (Linux,
 * Documentation/arch/x86/boot.rst).
 *
 * Rule: the image is not trusted. The kernel's own start of 16 bits is left out; the boot
 * parameters are built here in its place.
 */
#ifndef VMM_LINUX_H
#define VMM_LINUX_H

#include "vmm/load/elf.h"

/* A kernel that can be started. */
struct linux_image {
	/* The protected-mode kernel. memsz includes the memory for the kernel's first minutes:
	 * unpacking, and the kernel's own data. */
	struct load_segment segment;
	uint64_t initrd_last; /* The last address where the initrd may lie. */
};

/* Returns true where the image has the magic of a Linux kernel. */
bool linux_is_kernel(const uint8_t *image, uint64_t size);
/* Reads the setup header into out. Returns LOAD_FINE, or the problem with the numbers for its
 * words. Takes some 50 instructions. Call it once for each loading. */
enum load_problem linux_read(const uint8_t *image, uint64_t size, struct linux_image *out,
                             uint64_t number[2]);
/* Builds the boot parameters, the command line and the first instructions in the two pages from
 * l->handover on. tsc_khz: the measured frequency of the TSC, for the kernel's word
 * tsc_early_khz= before the command line; 0 (unknown): no word. Else a kernel on AMD's processors
 * times the TSC by the PIT, and that fails where another VM takes the processor meanwhile. Returns
 * the guest-physical address to start at, or 0 for a command line that is too long. Call it when
 * the image is loaded. Takes some 2,000 instructions. */
uint32_t linux_hand_over(const struct load *l, const char *cmdline, uint64_t tsc_khz);

#endif
