/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DMA remapping: what both vendors have in common. See the header for the rule.
 */
#include "arch/x86/machine/dma_unit.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

enum { ENTRIES = 512, LEVEL_BITS = 9, PAGE_SHIFT = 12, LARGEST = 2, WAIT_TRIES = 1 << 20 };
#define ADDRESS 0x000ffffffffff000ull
#define MESSAGE_ADDRESS 0xfee00000u

static struct {
	const struct dma_vendor *vendor; /* NULL: DMA is not confined */
	struct dma_units units;
	uint16_t last_id;
} dma;

int dma_wait(uint64_t address, uint32_t bits, uint32_t value)
{
	for (unsigned i = 0; i < WAIT_TRIES; i++)
		if ((mmio_read32(address) & bits) == value)
			return 0;
	return -EIO;
}

uint32_t dma_message_address(void)
{
	return MESSAGE_ADDRESS | (lapic_id() & 0xff) << PAGE_SHIFT;
}

void dma_init(void)
{
	const struct dma_vendor *vendor = platform.dma.kind == DMA_VTD ? &dma_vtd : &dma_amdvi;

	dma.units.tables = &platform.dma;
	snprintf(dma.units.text, DMA_TEXT, "no IOMMU in ACPI's tables");
	if (platform.dma.kind == DMA_NONE)
		return;
	if (vendor->start(&dma.units) == 0)
		dma.vendor = vendor;
	else
		log_line("DMA: the IOMMU cannot be used: %s", dma.units.text);
}

bool dma_is_on(void)
{
	return dma.vendor != NULL;
}

const char *dma_describe(void)
{
	return dma.units.text;
}

/* ---- Functions ---- */

static bool is_within(const struct dma_functions *f, unsigned function)
{
	return function >= f->first && function <= f->last;
}

bool dma_is_unit(unsigned function)
{
	for (unsigned i = 0; i < platform.dma.units; i++)
		if (platform.dma.unit[i].function == function && function != 0)
			return true;
	return false;
}

const char *dma_refusal(unsigned function)
{
	const struct dma_tables *t = &platform.dma;

	if (dma_is_unit(function))
		return "it is the IOMMU, and belongs to the VMM";
	if (function >= DMA_BUS_FUNCTIONS || !(t->covered[function / 32] >> function % 32 & 1))
		return "no IOMMU is responsible for it";
	for (unsigned i = 0; i < t->special_count; i++)
		if (t->special[i].function == function)
			return "an I/O APIC or HPET sends its messages by this function's number";
	for (unsigned i = 0; i < t->reserved_count; i++)
		if (is_within(&t->reserved[i].functions, function))
			return "the firmware uses memory by its DMA (RMRR, IVMD)";
	return NULL;
}

/* ---- Domains ---- */

static uint64_t *table_create(void)
{
	uint64_t *table = frames_alloc_vmm(PAGE, PAGE);

	for (unsigned i = 0; table != NULL && i < ENTRIES; i++)
		table[i] = dma.vendor->nothing;
	return table;
}

int dma_create(struct dma_domain *domain)
{
	if (dma.last_id == dma.units.domains)
		return -ENOSPC;
	*domain = (struct dma_domain){ table_create(), ++dma.last_id };
	return domain->root != NULL ? 0 : -ENOMEM;
}

static uint64_t span(unsigned level)
{
	return 1ull << (PAGE_SHIFT + LEVEL_BITS * level);
}

/* Returns the entry for guest in the table of a level, or NULL when memory has run out. Level 0
 * has pages of 4K. */
static uint64_t *find_entry(uint64_t *table, uint64_t guest, unsigned level)
{
	for (unsigned at = dma.units.levels - 1;; at--) {
		uint64_t *entry = &table[guest / span(at) % ENTRIES];

		if (at == level)
			return entry;
		if (*entry == dma.vendor->nothing) {
			table = table_create();
			if (table == NULL)
				return NULL;
			*entry = (uint64_t)table |
			         (dma.vendor->table + at * dma.vendor->level_step);
		}
		table = (uint64_t *)(*entry & ADDRESS);
	}
}

/* Returns the level of the largest page that fits. */
static unsigned page_level(uint64_t guest, uint64_t host, uint64_t bytes)
{
	unsigned level = dma.units.has_1g ? LARGEST : dma.units.has_2m ? 1 : 0;

	while (level > 0 && (((guest | host) & (span(level) - 1)) != 0 || bytes < span(level)))
		level--;
	return level == 1 && !dma.units.has_2m ? 0 : level;
}

int dma_map(const struct dma_domain *domain, uint64_t guest, uint64_t host, uint64_t bytes)
{
	if (guest + bytes > span(dma.units.levels) || (guest + bytes - 1) >> dma.units.width)
		return -ERANGE;
	while (bytes != 0) {
		unsigned level = page_level(guest, host, bytes);
		uint64_t *entry = find_entry(domain->root, guest, level);

		if (entry == NULL)
			return -ENOMEM;
		*entry = host | dma.vendor->page | (level > 0 ? dma.vendor->large : 0);
		guest += span(level);
		host += span(level);
		bytes -= span(level);
	}
	return 0;
}

int dma_attach(unsigned function, const struct dma_domain *domain)
{
	return dma.vendor->attach(&dma.units, function, domain);
}

/* ---- Blocked accesses ---- */

bool dma_has_fault(void)
{
	return dma.vendor != NULL && dma.vendor->has_fault(&dma.units);
}

bool dma_take_fault(struct dma_fault *fault)
{
	*fault = (struct dma_fault){ 0 };
	return dma.vendor->take_fault(&dma.units, fault);
}

void dma_listen(void)
{
	dma.vendor->listen(&dma.units);
}
