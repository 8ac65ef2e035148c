/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The data that a VM gets at its start: the multiboot information, the memory map and the command
 * line, in low memory.
 *
 * Rule: all of the data lies in a single page. The page is at HANDOVER_AT where the guest's image
 * leaves that page free, else at another free page (vmm/load/elf.h).
 */
#ifndef VMM_HANDOVER_H
#define VMM_HANDOVER_H

#include "arch/x86/virt/guest_ram.h"
#include "vmm/load/elf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The usual address of the page, and its size. */
enum { HANDOVER_AT = 0x8000, HANDOVER_BYTES = 0x1000 };
/* The same for a Linux kernel, which takes no page below 1 MiB (vmm/load/linux.c). */
enum { LINUX_HANDOVER_BYTES = 2 * HANDOVER_BYTES };

/* Builds the data for the loaded image of l. The lower 640 KiB, all of the low part above 1 MiB,
 * and the high part are RAM; the hole is reserved. loader_name: the boot loader's name for the
 * guest. Returns the guest-physical address for EBX, or 0 for a text that is too long. Call it once
 * in a VM's start, then handover_list_file() for each file. The call took 700 instructions in Bochs
 * for the command lines of make bounds. */
uint32_t handover_build(const struct load *l, const char *cmdline, const char *loader_name);
/* Adds file i of l to the guest's list of modules. Returns whether there was room for the file's
 * line. Call it for the files in their order, after handover_build(). The time grows with the
 * line. */
bool handover_list_file(const struct load *l, unsigned i);

#endif
