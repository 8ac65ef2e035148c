/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PC's firmware as a guest's image: a BIOS such as SeaBIOS, which starts in real mode at
 * FFFF0h and looks for a disk to boot. Files beside the image are ROMs of extensions, such as a
 * VGA BIOS.
 *
 * Rule: the image is not trusted. The image ends at 1 MiB, the ROMs begin at C0000h, and all of
 * C0000h-FFFFFh is RAM of the VM: a BIOS writes to its own variables there.
 */
#ifndef VMM_BIOS_H
#define VMM_BIOS_H

#include "vmm/load/elf.h"

/* The memory for ROMs and firmware begins here, and ends at HOLE_END. Extensions lie on 2 KiB
 * boundaries (Plug and Play BIOS Specification 1.0A, 3.2). */
enum { BIOS_FIRST = 0xc0000, BIOS_ROM_ALIGN = 0x800 };

/* Checks the image of size bytes for a VM with memory bytes, and sets out to its place. Returns
 * LOAD_FINE, or the problem with the numbers for its words. Call it once for each loading. */
enum load_problem bios_read(const uint8_t *image, uint64_t size, uint64_t memory,
                            struct load_segment *out, uint64_t number[2]);
/* Writes the first instructions, which go to real mode and to FFFF0h, into the page at
 * l->handover. Returns the guest-physical address to start at, in 32-bit protected mode. Call it
 * when the image is loaded. Takes some 100 instructions. */
uint32_t bios_hand_over(const struct load *l);

#endif
