/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel's unit (VT-d specification 4.1, chapters 6, 9 and 11). See sim_iommu.h for the rule.
 */
#include "tests/unit/check.h"
#include "tests/unit/sim_iommu.h"

#include "arch/x86/machine/platform.h"

#include <string.h>

enum { CAP = 8, ECAP = 16, GCMD = 0x18, GSTS = 0x1c, RTADDR = 0x20, CCMD = 0x28, FSTS = 0x34 };
enum { FECTL = 0x38, IQH = 0x80, IQT = 0x88, IQA = 0x90, IRTA = 0xb8 };
enum {
	FLUSH = 1 << 27,
	QUEUE = 1 << 26,
	REMAP = 1 << 25,
	SET_ENTRIES = 1 << 24,
	SET_ROOT = 1 << 30
};
#define TRANSLATE (1u << 31)
#define ADDRESS 0x000ffffffffff000ull

static unsigned iotlb_at(void)
{
	return (unsigned)(sim_get(ECAP, 8) >> 8 & 0x3ff) * 16 + 8;
}

static unsigned records_at(void)
{
	return (unsigned)(sim_get(CAP, 8) >> 24 & 0x3ff) * 16;
}

static uint64_t read(unsigned at, unsigned bytes)
{
	if (at == FSTS) { /* 1: one of the records is valid */
		bool any = sim_get(records_at() + 12, 4) >> 31;
		return (sim_get(FSTS, 4) & 1) | (any ? 2 : 0);
	}
	return sim_get(at, bytes);
}

/* One bit changes at a time (11.4.4.1), and stays until it is written otherwise. */
static void command(uint32_t value)
{
	uint32_t state = (uint32_t)sim_get(GSTS, 4), keeps = TRANSLATE | QUEUE | REMAP;
	uint32_t once = value & (SET_ROOT | SET_ENTRIES | FLUSH);
	uint32_t changed = ((state ^ value) & keeps) | once;

	assert_true((changed & (changed - 1)) == 0);
	if (sim_iommu.mute)
		return;
	if (once & SET_ROOT)
		sim_iommu.table = sim_get(RTADDR, 8) & ADDRESS;
	if (once & SET_ENTRIES)
		sim_iommu.entries = sim_get(IRTA, 8);
	sim_iommu.buffers_flushed += (once & FLUSH) != 0;
	if (changed & TRANSLATE)
		assert_true(state & SET_ROOT);
	sim_iommu.queue_is_on = value & QUEUE;
	sim_iommu.remaps = value & REMAP;
	sim_put(GSTS,
	        (state & (SET_ROOT | SET_ENTRIES)) | (once & ~(uint32_t)FLUSH) | (value & keeps),
	        4);
}

static void forget(bool contexts, bool pages, bool interrupts)
{
	sim_iommu.contexts_forgotten += contexts;
	sim_iommu.pages_forgotten += pages;
	sim_iommu.interrupts_forgotten += interrupts;
	/* pages are found by the context's domain, so both have to go */
	if (pages && sim_iommu.contexts_forgotten > 0)
		sim_forget();
}

/* Descriptors (6.5.2). */
static void run_queue(uint64_t tail)
{
	uint64_t head = sim_get(IQH, 8), base = sim_get(IQA, 8);

	assert_true(sim_iommu.queue_is_on);
	assert_int_equal(base & 0xfff, 0); /* a page, of descriptors of 16 bytes */
	for (; head != tail; head = (head + 16) % PAGE) {
		const uint64_t *d = (const uint64_t *)(base + head);
		switch (d[0] & 0xf) {
		case 1:
			assert_int_equal(d[0] >> 4 & 3, 1);
			forget(true, false, false);
			break;
		case 2:
			assert_int_equal(d[0] >> 4 & 3, 1);
			forget(false, true, false);
			break;
		case 4:
			assert_int_equal(d[0] >> 4 & 1, 0);
			forget(false, false, true);
			break;
		case 5:
			assert_int_equal(d[0] >> 5 & 1, 1);
			*(uint32_t *)(d[1] & ~3ull) = (uint32_t)(d[0] >> 32);
			break;
		default:
			fail_msg("descriptor %lx", (unsigned long)d[0]);
		}
	}
	sim_put(IQH, head, 8);
}

static void write(unsigned at, uint64_t value, unsigned bytes)
{
	bool invalidates = at == CCMD || at == iotlb_at();

	assert_true(at != CAP && at != ECAP && at != GSTS && at != IQH);
	if (invalidates) { /* not beside the queue (6.5) */
		assert_int_equal(bytes, 8);
		assert_false(sim_iommu.queue_is_on);
		assert_true(value >> 63);
		if (!sim_iommu.mute) {
			assert_int_equal(value >> (at == CCMD ? 61 : 60) & 3, 1);
			forget(at == CCMD, at != CCMD, false);
			value &= ~(1ull << 63);
		}
	}
	if (at == GCMD)
		command((uint32_t)value);
	else if (at == FSTS) /* a written 1 clears */
		sim_put(FSTS, sim_get(FSTS, 4) & ~value & 1, 4);
	else if (at == records_at() + 12)
		sim_put(at, sim_get(at, 4) & ~(value & 1u << 31), 4);
	else
		sim_put(at, value, bytes);
	if (at == IQT && sim_iommu.queue_is_on && !sim_iommu.mute)
		run_queue(value);
}

void sim_vtd_reset(uint64_t cap, uint64_t ecap)
{
	static const struct sim_vendor vendor = { read, write };

	sim_reset(&vendor);
	sim_put(CAP, cap, 8);
	sim_put(ECAP, ecap, 8);
	sim_put(FECTL, 1u << 31, 4);
	platform.dma = (struct dma_tables){ .kind = DMA_VTD, .units = 1, .flags = 1 };
	platform.dma.unit[0].registers = SIM_UNIT;
	memset(platform.dma.covered, 0xff, sizeof(platform.dma.covered));
	platform.dma.special_count = 2;
	platform.dma.special[0] = (struct dma_special){ 0xf0f8, DMA_IOAPIC, 2 };
	platform.dma.special[1] = (struct dma_special){ 0xf078, DMA_HPET, 0 };
	platform.ioapic = 0xfec00000;
	platform.ioapic_id = 2;
	platform.ioapic_pins = 24;
}

/* ---- An access (9.1, 9.3, 9.8) ---- */

static bool walk(unsigned function, uint64_t address, bool write_it, struct sim_place *p)
{
	const uint64_t cap = sim_get(CAP, 8);
	const uint64_t *root = (const uint64_t *)sim_iommu.table + 2 * (function >> 8);

	if (!(root[0] & 1))
		return false;
	assert_int_equal(root[0] & 0xffe, 0);
	const uint64_t *context = (const uint64_t *)(root[0] & ADDRESS) + 2 * (function & 0xff);
	if (!(context[0] & 1))
		return false;
	unsigned levels = (unsigned)(context[1] & 7) + 2, domain = context[1] >> 8 & 0xffff;
	assert_true(cap >> 8 >> (levels - 2) & 1);
	assert_true(domain != 0 && domain < 16u << 2 * (cap & 7));
	assert_int_equal(context[0] & 0xffe, 0);
	if (address >> (12 + 9 * levels))
		return false;
	const uint64_t *table = (const uint64_t *)(context[0] & ADDRESS);
	for (unsigned level = levels - 1;; level--) {
		uint64_t entry = table[address >> (12 + 9 * level) & 511];

		if (!(entry >> write_it & 1))
			return false;
		if (level > 0 && entry >> 7 & 1) /* SLLPS */
			assert_true(level < 3 && cap >> (33 + level) & 1);
		if (level == 0 || entry >> 7 & 1) {
			uint64_t inside = (1ull << (12 + 9 * level)) - 1;
			assert_int_equal(entry & ADDRESS & inside, 0);
			p->level = level;
			p->host = (entry & ADDRESS) + (address & inside & ~0xfffull);
			return true;
		}
		table = (const uint64_t *)(entry & ADDRESS);
	}
}

bool sim_vtd_access(unsigned function, uint64_t address, bool write_it, uint64_t *host,
                    unsigned *level)
{
	bool kept, caching = sim_get(CAP, 8) >> 7 & 1;
	struct sim_place *p;

	if (!(sim_get(GSTS, 4) & TRANSLATE)) {
		*host = address;
		return true;
	}
	p = sim_find(function, address, &kept);
	if (!kept)
		p->blocked = !walk(function, address, write_it, p);
	if (p->blocked && !caching) /* what is not present is kept in caching mode alone (6.1) */
		p->used = false;
	*host = p->host + (address & 0xfff);
	*level = p->level;
	return !p->blocked;
}

bool sim_vtd_message(unsigned handle, unsigned sender)
{
	const uint64_t *entry = (const uint64_t *)(sim_iommu.entries & ADDRESS) + 2 * handle;

	if (!sim_iommu.remaps)
		return true;
	if (sim_iommu.entries == 0 || handle >= 2u << (sim_iommu.entries & 15) || !(entry[0] & 1))
		return false;
	if ((entry[1] >> 18 & 3) != 1 || (entry[1] & 0xffff) != sender)
		return false;
	return (entry[0] >> 5 & 7) == 4 && entry[0] >> 40 == SIM_APIC_ID;
}
