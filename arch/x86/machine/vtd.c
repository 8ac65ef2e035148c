/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel's units (Virtualization Technology for Directed I/O, specification 4.1; chapters 9 to 11),
 * in legacy mode: a root entry for each bus, a context entry for each function.
 *
 * Rule: an entry that is not present blocks its function. Each change of an entry is followed by a
 * global invalidation, which is right with caching mode and without. Tables change at boot only.
 */
#include "arch/x86/machine/vtd.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

/* Registers (11.4), by offset. */
enum {
	CAP = 0x08,
	GCMD = 0x18,
	GSTS = 0x1c,
	RTADDR = 0x20,
	CCMD = 0x28,
	FSTS = 0x34,
	FECTL = 0x38,
	FEDATA = 0x3c,
	FEADDR = 0x40,
	FEUADDR = 0x44,
	PMEN = 0x64,
	IQT = 0x88,
	IQA = 0x90
};
/* GCMD and GSTS: 31 translation | 30 root table | 27 write buffer | 26 queued invalidation |
 * 25 interrupt remapping. GSTS's bits 30, 29 and 24 are no
 * state to keep, and bit 23 would let messages of the old format pass. */
#define COMMAND_TRANSLATE 0x80000000u
#define COMMAND_ROOT 0x40000000u
enum { COMMAND_FLUSH = 1 << 27, COMMAND_QUEUE = 1 << 26, COMMAND_REMAP = 1 << 25 };
#define COMMAND_STATE 0x967fffffu
/* CAP: 47:40 number of fault records - 1 | 37 1G | 34 2M | 33:24 place of the fault records / 16 |
 * 21:16 width of addresses - 1 | 12:8 levels, bit n: n + 2 | 4 write buffer | 2:0 domains */
enum { CAP_FLUSH = 1 << 4, CAP_LEVELS_SHIFT = 8, CAP_WIDTH_SHIFT = 16, CAP_RECORDS_SHIFT = 24 };
enum { CAP_2M_SHIFT = 34, CAP_1G_SHIFT = 35, CAP_RECORDS_COUNT_SHIFT = 40 };
enum { LEVELS_3 = 1 << 1, LEVELS_4 = 1 << 2, WIDTH_LEAST = 32 };
/* ECAP: 17:8 place of the IOTLB's registers / 16 | 0 the unit reads tables in the caches */
enum { ECAP_COHERENT = 1 << 0, ECAP_IOTLB_SHIFT = 8, PLACE = 0x3ff, PLACE_UNIT = 16 };
/* CCMD and IOTLB_REG, high word: 31 invalidate | CCMD 30:29, IOTLB 29:28 granularity, 1 global |
 * IOTLB 17, 16 wait for reads and writes under way */
#define INVALIDATE 0x80000000u
enum { CCMD_GLOBAL = 1 << 29, IOTLB_GLOBAL = 1 << 28, IOTLB_DRAIN = 3 << 16, IOTLB_REG = 8 };
/* FSTS: 15:8 first record | 1 there are records | 0 overflow. FECTL: 31 mask. */
enum { FSTS_OVERFLOW = 1 << 0, FSTS_RECORDS = 1 << 1, FSTS_FIRST_SHIFT = 8 };
#define FECTL_MASK 0x80000000u
/* A fault record: 63:12 address || 63 valid | 62 read | 39:32 reason, from 20h on of an interrupt's
 * message | 15:0 function */
enum { RECORD_REASON_SHIFT = 32, REASON_INTERRUPT = 0x20 };
enum { RECORD_BYTES = 16, RECORD_HIGH = 8, RECORD_LAST_WORD = 12, RECORD_READ_SHIFT = 62 };
#define RECORD_VALID (1ull << 63)
/* PMEN: 31 protected memory on | 0 its state */
enum { PMEN_STATE = 1 << 0 };

/* Root entry: 63:12 context table | 0 present. Context entry (9.3): 63:12 page table | 3:2 type, 0:
 * translate | 0 present || 23:8 domain | 2:0 levels - 2 */
enum { PRESENT = 1 << 0, DOMAIN_SHIFT = 8, CONTEXT_WORDS = 2, ROOT_WORDS = 2, BUS_SHIFT = 8 };
#define TABLE_ADDRESS (~(uint64_t)(PAGE - 1))

/* Writes a bit of the command register, and waits for the unit's answer. Returns 0 or -EIO. */
static int command(uint64_t unit, uint32_t bit, bool on)
{
	uint32_t state = mmio_read32(unit + GSTS) & COMMAND_STATE;

	mmio_write32(unit + GCMD, on ? state | bit : state & ~bit);
	return dma_wait(unit + GSTS, bit, on ? bit : 0);
}

/* Descriptors (6.5.2): forget the context entries; the pages, when accesses under way have ended;
 * the interrupts; write a word. */
enum { FORGET_CONTEXTS = 0x11, FORGET_PAGES = 0xd2, FORGET_INTERRUPTS = 0x04, WRITE_WORD = 0x25 };
enum { WORD_SHIFT = 32, DONE = 1, DESCRIPTORS_BYTES = 64, WAIT_TRIES = 1 << 20 };

static int invalidate_by_queue(const struct dma_units *u, unsigned i)
{
	volatile uint64_t done __attribute__((aligned(8))) = 0;
	uint64_t unit = u->tables->unit[i].registers, tail = mmio_read32(unit + IQT) % PAGE;
	uint64_t *queue = u->log + (i * PAGE + tail) / sizeof(uint64_t);

	queue[0] = FORGET_CONTEXTS;
	queue[2] = FORGET_PAGES;
	queue[4] = FORGET_INTERRUPTS;
	queue[6] = (uint64_t)DONE << WORD_SHIFT | WRITE_WORD;
	queue[1] = queue[3] = queue[5] = 0;
	queue[7] = (uint64_t)&done;
	if (u->flushes)
		cpu_write_back();
	mmio_write64(unit + IQT, (tail + DESCRIPTORS_BYTES) % PAGE);
	for (unsigned n = 0; n < WAIT_TRIES; n++)
		if (done == DONE)
			return 0;
	return -EIO;
}

/* First the context entries, then the pages (6.5.1). */
static int invalidate_by_registers(uint64_t unit)
{
	uint64_t iotlb = unit +
	                 (mmio_read64(unit + VTD_ECAP) >> ECAP_IOTLB_SHIFT & PLACE) * PLACE_UNIT +
	                 IOTLB_REG;

	mmio_write64(unit + CCMD, (uint64_t)(INVALIDATE | CCMD_GLOBAL) << 32);
	int error = dma_wait(unit + CCMD + 4, INVALIDATE, 0);
	mmio_write64(iotlb, (uint64_t)(INVALIDATE | IOTLB_GLOBAL | IOTLB_DRAIN) << 32);
	return error != 0 ? error : dma_wait(iotlb + 4, INVALIDATE, 0);
}

/* Has a unit forget all entries. */
static int invalidate(const struct dma_units *u, unsigned i)
{
	uint64_t unit = u->tables->unit[i].registers;
	int error = 0;

	if (u->flushes)
		cpu_write_back();
	if (mmio_read64(unit + CAP) & CAP_FLUSH) { /* the bit goes when the buffer is empty */
		mmio_write32(unit + GCMD,
		             (mmio_read32(unit + GSTS) & COMMAND_STATE) | COMMAND_FLUSH);
		error = dma_wait(unit + GSTS, COMMAND_FLUSH, 0);
	}
	if (error != 0)
		return error;
	return u->log != NULL ? invalidate_by_queue(u, i) : invalidate_by_registers(unit);
}

/* ---- The start ---- */

static int refuse(struct dma_units *u, const char *reason, uint64_t unit)
{
	snprintf(u->text, DMA_TEXT, "VT-d at %lxh: %s", (unsigned long)unit, reason);
	return -ENODEV;
}

/* Takes what this unit and all units before can do. */
static int take_capabilities(struct dma_units *u, uint64_t unit, unsigned *levels)
{
	uint64_t cap = mmio_read64(unit + CAP), ecap = mmio_read64(unit + VTD_ECAP);
	uint64_t records = (cap >> CAP_RECORDS_SHIFT & PLACE) * PLACE_UNIT +
	                   ((cap >> CAP_RECORDS_COUNT_SHIFT & 0xff) + 1) * RECORD_BYTES;
	unsigned width = (cap >> CAP_WIDTH_SHIFT & 0x3f) + 1;
	unsigned domains = (16u << 2 * (cap & 7)) - 1; /* id 0 is for caching mode */

	if (cap == 0 || cap == UINT64_MAX)
		return refuse(u, "no unit answers", unit);
	*levels &= (unsigned)(cap >> CAP_LEVELS_SHIFT);
	if (!(*levels & (LEVELS_3 | LEVELS_4)))
		return refuse(u, "CAP.SAGAW has neither 3 nor 4 levels", unit);
	if (width < WIDTH_LEAST)
		return refuse(u, "CAP.MGAW is below 32 bits", unit);
	if (records > DMA_UNIT_BYTES ||
	    (ecap >> ECAP_IOTLB_SHIFT & PLACE) * PLACE_UNIT + PLACE_UNIT > DMA_UNIT_BYTES)
		return refuse(u, "CAP.FRO or ECAP.IRO leaves the registers' pages", unit);
	u->has_2m &= cap >> CAP_2M_SHIFT & 1;
	u->has_1g &= cap >> CAP_1G_SHIFT & 1;
	u->flushes |= !(ecap & ECAP_COHERENT);
	if (width < u->width)
		u->width = width;
	if (domains < u->domains)
		u->domains = domains;
	return 0;
}

/* Has an NMI tell of records, and has no message until dma_listen(). */
static void set_message(uint64_t unit)
{
	mmio_write32(unit + FECTL, FECTL_MASK);
	mmio_write32(unit + FEDATA, DMA_MESSAGE_NMI);
	mmio_write32(unit + FEADDR, dma_message_address());
	mmio_write32(unit + FEUADDR, lapic_id() & ~0xffu);
}

/* What firmware has left on, queue and remapping of interrupts, goes off first: registers do not
 * invalidate beside the queue (6.5). Translation that is on stays on. entries: of interrupts, or
 * NULL. */
static int turn_on(const struct dma_units *u, unsigned i, const uint64_t *entries)
{
	uint64_t unit = u->tables->unit[i].registers;
	int error = command(unit, COMMAND_REMAP, false);

	if (error == 0)
		error = command(unit, COMMAND_QUEUE, false);
	set_message(unit);
	mmio_write64(unit + RTADDR, (uint64_t)u->table);
	if (error == 0)
		error = command(unit, COMMAND_ROOT, true);
	if (error == 0 && entries != NULL) {
		mmio_write64(unit + IQT, 0);
		mmio_write64(unit + IQA, (uint64_t)u->log + (uint64_t)i * PAGE);
		error = command(unit, COMMAND_QUEUE, true);
		if (error == 0) {
			vtd_place_entries(unit, entries);
			error = command(unit, VTD_SET_ENTRIES, true);
		}
	}
	if (error == 0)
		error = invalidate(u, i);
	if (error == 0)
		error = command(unit, COMMAND_TRANSLATE, true);
	if (error == 0 && entries != NULL)
		error = command(unit, COMMAND_REMAP, true);
	if (error == 0 && mmio_read32(unit + PMEN) & PMEN_STATE) {
		mmio_write32(unit + PMEN, 0);
		error = dma_wait(unit + PMEN, PMEN_STATE, 0);
	}
	return error;
}

static int start(struct dma_units *u)
{
	const struct dma_tables *t = u->tables;
	unsigned levels = UINT32_MAX;
	uint64_t *entries = NULL;
	int error = 0;

	u->has_2m = u->has_1g = true;
	u->domains = UINT16_MAX;
	u->width = DMA_WIDTH_MOST;
	for (unsigned i = 0; i < t->units && error == 0; i++)
		error = take_capabilities(u, t->unit[i].registers, &levels);
	if (error != 0)
		return error;
	u->levels = levels & LEVELS_3 ? 3 : 4;
	u->table = frames_alloc_vmm(PAGE, PAGE);
	if (vtd_remaps(u)) {
		entries = vtd_create_entries(u);
		u->log = frames_alloc_vmm((uint64_t)PAGE * t->units, PAGE);
	}
	if (u->table == NULL || (entries == NULL) != (u->log == NULL))
		return refuse(u, "no memory", t->unit[0].registers);
	for (unsigned i = 0; i < t->units; i++)
		if (turn_on(u, i, entries) != 0)
			return refuse(u, "the unit does not answer", t->unit[i].registers);
	if (entries != NULL)
		vtd_use_entries(u);
	snprintf(u->text, DMA_TEXT, "VT-d, %u unit%s, %u levels, pages of 4K%s%s, interrupts %s",
	         t->units, t->units > 1 ? "s" : "", u->levels, u->has_2m ? ", 2M" : "",
	         u->has_1g ? ", 1G" : "", entries != NULL ? "confined" : "not confined");
	return 0;
}

/* ---- Functions ---- */

static int attach(struct dma_units *u, unsigned function, const struct dma_domain *domain)
{
	uint64_t *root = &u->table[ROOT_WORDS * (function >> BUS_SHIFT)];
	int error = 0;

	if (*root == 0) {
		uint64_t *contexts = frames_alloc_vmm(PAGE, PAGE);
		if (contexts == NULL)
			return -ENOMEM;
		*root = (uint64_t)contexts | PRESENT;
	}
	uint64_t *context = (uint64_t *)(*root & TABLE_ADDRESS) + CONTEXT_WORDS * (function & 0xff);
	context[1] = (uint64_t)domain->id << DOMAIN_SHIFT | (u->levels - 2);
	context[0] = (uint64_t)domain->root | PRESENT;
	for (unsigned i = 0; i < u->tables->units && error == 0; i++)
		error = invalidate(u, i);
	return error;
}

/* ---- Blocked accesses (7.3) ---- */

/* The first look after a message masks further messages. */
static bool has_fault(const struct dma_units *u)
{
	bool any = false;

	for (unsigned i = 0; i < u->tables->units; i++) {
		uint64_t unit = u->tables->unit[i].registers;

		if (!(mmio_read32(unit + FSTS) & (FSTS_RECORDS | FSTS_OVERFLOW)))
			continue;
		mmio_write32(unit + FECTL, FECTL_MASK);
		any = true;
	}
	return any;
}

/* Takes the first valid record of a unit. A written 1 clears the valid bit. */
static bool take_record(uint64_t unit, struct dma_fault *fault)
{
	uint64_t cap = mmio_read64(unit + CAP);
	unsigned count = (cap >> CAP_RECORDS_COUNT_SHIFT & 0xff) + 1;
	unsigned first = mmio_read32(unit + FSTS) >> FSTS_FIRST_SHIFT & 0xff;

	for (unsigned i = 0; i < count; i++) {
		uint64_t at = unit + (cap >> CAP_RECORDS_SHIFT & PLACE) * PLACE_UNIT +
		              (first + i) % count * RECORD_BYTES;
		uint64_t high = mmio_read64(at + RECORD_HIGH);

		if (!(high & RECORD_VALID))
			continue;
		fault->address = mmio_read64(at) & TABLE_ADDRESS;
		fault->function = (uint16_t)high;
		fault->direction = (high >> RECORD_REASON_SHIFT & 0xff) >= REASON_INTERRUPT
		                           ? "message"
		                   : high >> RECORD_READ_SHIFT & 1 ? "read"
		                                                   : "write";
		mmio_write32(at + RECORD_LAST_WORD, (uint32_t)(RECORD_VALID >> 32));
		return true;
	}
	return false;
}

static bool take_fault(const struct dma_units *u, struct dma_fault *fault)
{
	for (unsigned i = 0; i < u->tables->units; i++) {
		uint64_t unit = u->tables->unit[i].registers;

		if (take_record(unit, fault))
			return true;
		if (mmio_read32(unit + FSTS) & FSTS_OVERFLOW) {
			mmio_write32(unit + FSTS, FSTS_OVERFLOW);
			fault->lost = true;
			return true;
		}
	}
	return false;
}

static void listen(const struct dma_units *u)
{
	for (unsigned i = 0; i < u->tables->units; i++)
		mmio_write32(u->tables->unit[i].registers + FECTL, 0);
}

enum { PAGE_READ_WRITE = 3, PAGE_LARGE = 1 << 7 };

const struct dma_vendor dma_vtd = { .page = PAGE_READ_WRITE,
	                            .large = PAGE_LARGE,
	                            .table = PAGE_READ_WRITE,
	                            .start = start,
	                            .attach = attach,
	                            .has_fault = has_fault,
	                            .take_fault = take_fault,
	                            .listen = listen };
