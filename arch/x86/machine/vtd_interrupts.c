/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel's remapping of interrupts (VT-d specification 4.1, chapter 5): a message carries a handle,
 * the handle's entry has the interrupt and the function that may send the message.
 *
 * Rule: a message of the old format, and a message without an entry of its sender, is blocked. So
 * only I/O APICs and HPETs interrupt, and by NMI alone: the VMM uses no other messages.
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/machine/vtd.h"

#include <stddef.h>

/* Entry (9.10): 63:32 destination | 7:5 delivery mode, 4: NMI | 0 present || 19:18 sender: 1: all
 * 16 bits | 15:0 sender */
enum { ENTRY_NMI = 4 << 5 | 1, ENTRY_WORDS = 2, DESTINATION_SHIFT = 32, OLD_ID_SHIFT = 8 };
#define VERIFY (1ull << 18)
/* IRTA: 63:12 table | 11 destinations have 32 bits | 3:0 size, 7: 256 entries */
enum { IRTA = 0xb8, IRTA_WIDE = 1 << 11, IRTA_SIZE = 7 };
enum { MSR_APIC_BASE = 0x1b, APIC_BASE_X2APIC = 1 << 10 };
/* The table's flag: the platform can remap interrupts. */
enum { FLAG_REMAPS = 1 << 0 };

/* Returns the place of a sender in the table's list, or -1. id: -1 for any. */
static int find_sender(const struct dma_tables *t, unsigned type, int id)
{
	for (unsigned i = 0; i < t->special_count; i++)
		if (t->special[i].type == type && (id < 0 || t->special[i].id == id))
			return (int)i;
	return -1;
}

bool vtd_remaps(const struct dma_units *u)
{
	bool all = u->tables->flags & FLAG_REMAPS &&
	           find_sender(u->tables, DMA_IOAPIC, (int)platform.ioapic_id) >= 0;

	for (unsigned i = 0; i < u->tables->units; i++) {
		uint64_t ecap = mmio_read64(u->tables->unit[i].registers + VTD_ECAP);
		all &= (ecap & VTD_ECAP_REMAPS) == VTD_ECAP_REMAPS;
	}
	return all;
}

uint64_t *vtd_create_entries(const struct dma_units *u)
{
	uint64_t *entries = frames_alloc_vmm(PAGE, PAGE);
	uint64_t id = lapic_id();
	bool wide = msr_read(MSR_APIC_BASE) & APIC_BASE_X2APIC;

	for (unsigned i = 0; entries != NULL && i < u->tables->special_count; i++) {
		entries[i * ENTRY_WORDS + 1] = VERIFY | u->tables->special[i].function;
		entries[i * ENTRY_WORDS] = (wide ? id : id << OLD_ID_SHIFT) << DESTINATION_SHIFT |
		                           ENTRY_NMI;
	}
	return entries;
}

void vtd_place_entries(uint64_t unit, const uint64_t *entries)
{
	bool wide = msr_read(MSR_APIC_BASE) & APIC_BASE_X2APIC;

	mmio_write64(unit + IRTA, (uint64_t)entries | (wide ? IRTA_WIDE : 0) | IRTA_SIZE);
}

void vtd_use_entries(const struct dma_units *u)
{
	int hpet = find_sender(u->tables, DMA_HPET, -1);

	platform.ioapic_route = ROUTE_BY_HANDLE | (uint32_t)find_sender(u->tables, DMA_IOAPIC,
	                                                                (int)platform.ioapic_id)
	                                                  << ROUTE_HANDLE_SHIFT;
	platform.ioapic_flip = RTE_NMI;
	for (unsigned pin = 0; pin < platform.ioapic_pins; pin++) {
		ioapic_write(pin, RTE_MASKED | RTE_NMI);
		ioapic_set_destination(pin, 0);
	}
	if (hpet >= 0)
		platform.hpet_message = MESSAGE_BY_HANDLE | (uint32_t)hpet << MESSAGE_HANDLE_SHIFT;
}
