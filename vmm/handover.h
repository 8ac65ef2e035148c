/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a VM gets at its start: the multiboot information, its memory map and command line, in its
 * low memory.
 *
 * Rule: all of it lies in one page. That is the one at HANDOVER_AT where the guest's image leaves
 * it free, else another one that it leaves free (vmm/elf.h).
 */
#ifndef VMM_HANDOVER_H
#define VMM_HANDOVER_H

#include <stddef.h>
#include <stdint.h>

enum { HANDOVER_AT = 0x8000, HANDOVER_BYTES = 0x1000 };

/* RAM that a PC has not, between 640 KiB and 1 MiB. */
enum { HOLE_FIRST = 0xA0000, HOLE_END = 0x100000 };

/* Build it at this guest-physical address for a VM with memory_size bytes (at least 1 MiB): lower
 * 640 KiB and what is above 1 MiB are RAM, the rest is reserved. loader_name stands as the boot
 * loader's. Returns the guest-physical address for EBX, or 0: cmdline is too long. It is one step
 * of a VM's start: about 500 instructions with a command line of CONFIG_TEXT_MAX bytes. */
uint32_t handover_build(void *memory, size_t memory_size, uint32_t at, const char *cmdline,
                        const char *loader_name);

#endif
