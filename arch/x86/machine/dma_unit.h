/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vendor's units, for dma.c.
 *
 * Rule: all units of a machine share the tables, and each change is told to all units.
 */
#ifndef ARCH_X86_MACHINE_DMA_UNIT_H
#define ARCH_X86_MACHINE_DMA_UNIT_H

#include "arch/x86/machine/acpi_dma.h"
#include "arch/x86/machine/dma.h"

/* Bytes of dma_describe()'s text. */
enum { DMA_TEXT = 112 };
/* Bits of a domain's addresses, where the units have no limit of their own. */
enum { DMA_WIDTH_MOST = 63 };

/* What the units found can do; start() fills the structure in. */
struct dma_units {
	const struct dma_tables *tables;
	unsigned levels;     /* of the page tables */
	unsigned width;      /* bits of a domain's addresses; levels may have fewer */
	bool has_2m, has_1g; /* sizes of pages */
	unsigned domains;    /* ids from 1 on that a domain can have */
	bool flushes;        /* the units read tables behind the processor's caches */
	uint64_t *table;     /* VT-d: the root table; AMD-Vi: the device table */
	/* By unit, AMD-Vi: a page for the commands and a page for the events; VT-d: a page for the
	 * queue, NULL: registers invalidate, and interrupts are not remapped. */
	uint64_t *log;
	char text[DMA_TEXT];
};

/* Entries of page tables. Both vendors have 512 entries of 8 bytes, the address in bits 51:12. */
struct dma_vendor {
	uint64_t page;  /* bits of a page */
	uint64_t large; /* further bits of a large page */
	uint64_t table; /* bits of a table; level_step is added for each level of the table */
	uint64_t level_step;
	uint64_t nothing; /* an entry of no page */
	/* Has the units block all functions. Returns 0, or an error with the reason in text. */
	int (*start)(struct dma_units *u);
	int (*attach)(struct dma_units *u, unsigned function, const struct dma_domain *domain);
	bool (*has_fault)(const struct dma_units *u);
	bool (*take_fault)(const struct dma_units *u, struct dma_fault *fault);
	void (*listen)(const struct dma_units *u);
};

extern const struct dma_vendor dma_vtd, dma_amdvi;

/* Waits for a register's bits to have a value, with an end: a unit that answers does so within
 * microseconds. Returns 0 or -EIO. */
int dma_wait(uint64_t address, uint32_t bits, uint32_t value);

/* The message that a unit sends for a record: an NMI of this processor (SDM 3A 10.11). */
uint32_t dma_message_address(void);
enum { DMA_MESSAGE_NMI = 4 << 8 };

#endif
