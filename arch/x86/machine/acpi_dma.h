/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables of the units that confine DMA: DMAR (Intel VT-d specification 4.1, chapter 8) and IVRS
 * (AMD I/O Virtualization Technology specification 48882, 5.2).
 *
 * Rule: as in acpi_parse.h: the functions depend on the table's bytes only. A table that is cut
 * short or contradicts itself counts as a whole as malformed: half a table confines nobody.
 */
#ifndef ARCH_X86_MACHINE_ACPI_DMA_H
#define ARCH_X86_MACHINE_ACPI_DMA_H

#include "arch/x86/machine/acpi_parse.h"

enum { DMA_UNITS_MAX = 8, DMA_LISTS_MAX = 16, DMA_BUS_FUNCTIONS = 256 };
/* Bytes of a unit's registers (VT-d: ECAP's offsets reach 16K; AMD-Vi: 3.4). */
enum { DMA_UNIT_BYTES = 0x4000 };

enum dma_kind { DMA_NONE, DMA_VTD, DMA_AMDVI };

/* A unit: its registers, and its own function and the flags of its table (AMD-Vi; 0: none). */
struct dma_unit_place {
	uint64_t registers;
	uint16_t function;
	uint8_t flags;
};

/* Functions from first to last. */
struct dma_functions {
	uint16_t first, last;
};

/* Memory that firmware uses by DMA of functions (RMRR, IVMD). */
struct dma_reserved {
	struct dma_functions functions;
	uint64_t first, last;
};

/* An I/O APIC or HPET: what the part calls itself in messages, and its number in the MADT. */
enum { DMA_IOAPIC = 1, DMA_HPET = 2 };
struct dma_special {
	uint16_t function;
	uint8_t type, id;
};

struct dma_tables {
	enum dma_kind kind;
	unsigned units, reserved_count, special_count;
	struct dma_unit_place unit[DMA_UNITS_MAX];
	/* Functions of bus 0 that are behind a unit, a bit each. */
	uint32_t covered[DMA_BUS_FUNCTIONS / 32];
	struct dma_reserved reserved[DMA_LISTS_MAX];
	struct dma_special special[DMA_LISTS_MAX];
	uint8_t flags; /* DMAR: 0 interrupts can be remapped */
};

/* Both set out. Return 0, -EINVAL for a malformed table, -ENOSPC for more than the lists hold, or
 * -ENODEV when no unit is within reach: below 4 GiB, segment 0. out is empty after an error. */
int acpi_parse_dmar(struct acpi_table dmar, struct dma_tables *out);
int acpi_parse_ivrs(struct acpi_table ivrs, struct dma_tables *out);

#endif
