/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two parts of Intel's units: translation (vtd.c) and remapping of interrupts
 * (vtd_interrupts.c).
 *
 * Rule: where interrupts are remapped, all invalidations go by the queue.
 */
#ifndef ARCH_X86_MACHINE_VTD_H
#define ARCH_X86_MACHINE_VTD_H

#include "arch/x86/machine/dma_unit.h"

/* ECAP: 3 remaps interrupts | 1 queued invalidation. GCMD: 24 table of interrupts. */
enum { VTD_ECAP = 0x10, VTD_ECAP_REMAPS = 1 << 3 | 1 << 1, VTD_SET_ENTRIES = 1 << 24 };

/* Returns true when all units can remap interrupts, and the table tells the I/O APIC's name. */
bool vtd_remaps(const struct dma_units *u);
/* Makes the table of interrupts, or returns NULL. */
uint64_t *vtd_create_entries(const struct dma_units *u);
/* Writes the place of the table to a unit. Call before VTD_SET_ENTRIES of the command register. */
void vtd_place_entries(uint64_t unit, const uint64_t *entries);
/* Has the I/O APIC and the HPET send handles from now on. All pins are masked. */
void vtd_use_entries(const struct dma_units *u);

#endif
