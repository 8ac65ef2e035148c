/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One unit that confines DMA, as the manuals describe the units: Intel's (sim_vtd.c) or AMD's
 * (sim_amdvi.c), behind the calls of arch/x86/cpu/io.h.
 *
 * Rule: the unit keeps what it has read of the tables until it is told to forget, so a change
 * without an invalidation shows. What a driver must not do fails the test.
 */
#ifndef TESTS_UNIT_SIM_IOMMU_H
#define TESTS_UNIT_SIM_IOMMU_H

#include "arch/x86/machine/dma_unit.h"

#include <stdbool.h>
#include <stdint.h>

enum { SIM_UNIT = 0xfed90000, SIM_UNIT_FUNCTION = 2, SIM_APIC_ID = 5, SIM_PLACES = 512 };

/* An address as the unit has translated it. */
struct sim_place {
	bool used, blocked;
	unsigned function, level; /* level 0: a page of 4K */
	uint64_t page, host;
};

struct sim_iommu {
	uint8_t registers[DMA_UNIT_BYTES];
	bool mute;   /* does no command */
	bool absent; /* reads as all ones */
	bool queue_is_on, remaps;
	uint64_t table, entries; /* root or device table; the table of interrupts */
	struct sim_place place[SIM_PLACES];
	unsigned places;
	unsigned contexts_forgotten, pages_forgotten, interrupts_forgotten;
	unsigned buffers_flushed, write_backs, messages;
};
extern struct sim_iommu sim_iommu;

/* The registers, for the vendor's part. */
uint64_t sim_get(unsigned at, unsigned bytes);
void sim_put(unsigned at, uint64_t value, unsigned bytes);
/* Begins a machine of the vendor's. */
struct sim_vendor;
void sim_reset(const struct sim_vendor *vendor);
/* Forgets the addresses that have been translated. */
void sim_forget(void);
/* Returns where the address is kept, or a free place. *kept: it is kept. */
struct sim_place *sim_find(unsigned function, uint64_t address, bool *kept);

/* Calls of the vendor's part. */
struct sim_vendor {
	uint64_t (*read)(unsigned at, unsigned bytes);
	void (*write)(unsigned at, uint64_t value, unsigned bytes);
};
extern const struct sim_vendor *sim_vendor;

/* A unit as after power-on, and tables of ACPI's that name it. */
void sim_vtd_reset(uint64_t cap, uint64_t ecap);
void sim_amdvi_reset(uint64_t features);
/* An access by DMA. Returns true and sets *host where the access passes; else false. level: of the
 * page. */
bool sim_vtd_access(unsigned function, uint64_t address, bool write, uint64_t *host,
                    unsigned *level);
bool sim_amdvi_access(unsigned function, uint64_t address, bool write, uint64_t *host,
                      unsigned *level);
/* A message with a handle, of a sender: returns true for an NMI of this processor. */
bool sim_vtd_message(unsigned handle, unsigned sender);
/* Returns true where an NMI by message passes, and where a fixed interrupt does. */
bool sim_amdvi_nmi_passes(unsigned function);
bool sim_amdvi_fixed_passes(unsigned function);

#endif
