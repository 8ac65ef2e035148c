/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AMD's units (I/O Virtualization Technology specification 48882, 3.08; 2.2 to 2.5, 3.3, 3.4): a
 * device table with an entry for each function.
 *
 * Rule: an entry that is not valid would let its function pass. So the table has valid entries that
 * allow nothing, for all functions: no memory, and no message of an interrupt. I/O APICs and HPETs
 * alone may send messages, of NMIs alone: the VMM uses no others.
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/dma_unit.h"
#include "arch/x86/machine/pci.h"
#include "arch/x86/machine/platform.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

/* Registers (3.4), by offset. */
enum {
	DEVICE_TABLE = 0x00,
	COMMANDS = 0x08,
	EVENTS = 0x10,
	CONTROL = 0x18,
	EXCLUSION = 0x20,
	FEATURES = 0x30,
	COMMAND_HEAD = 0x2000,
	COMMAND_TAIL = 0x2008,
	EVENT_HEAD = 0x2010,
	EVENT_TAIL = 0x2018,
	STATUS = 0x2020
};
/* CONTROL: 12 commands | 11 isochronous | 10 tables are read in the caches | 9:8 order of writes |
 * 3 messages for events | 2 events | 1 HyperTransport's tunnel | 0 translation
 * IVRS has a flag in bits 3 to 0 for each of 11, 9, 8 and 1 (5.2.2.1). */
enum {
	CONTROL_ON = 1 << 0,
	CONTROL_EVENTS = 1 << 2,
	CONTROL_MESSAGES = 1 << 3,
	CONTROL_COHERENT = 1 << 10,
	CONTROL_COMMANDS = 1 << 12
};
enum { FEATURE_FORGETS_ALL = 1 << 6 }; /* FEATURES: INVALIDATE_IOMMU_ALL (IASup) */
/* STATUS: 1 a message was sent | 0 the events' page is full. A written 1 clears. */
enum { STATUS_FULL = 1 << 0, STATUS_SENT = 1 << 1 };
/* COMMANDS and EVENTS, 59:56: 8, for 256 entries of 16 bytes. */
#define BUFFER_PAGE (8ull << 56)
enum { BUFFER_ENTRY = 16, BUFFER_WORDS = 512, TABLE_BYTES = 2 << 20, TABLE_PAGES = 512 };

/*
 * Device table entry, 4 words (2.2.2.1):
 *   62 write | 61 read | 51:12 page table | 11:9 levels | 1 translation valid | 0 valid
 *   15:0 domain
 *   61:60 fixed interrupts, 0: none | 58:56 NMI, ExtINT, INIT pass | 0 interrupts valid
 *   0
 */
enum { ENTRY_WORDS = 4, ENTRY_VALID = 3, LEVELS_SHIFT = 9, INTERRUPTS_VALID = 1, LEVELS = 3 };
#define NMI_PASSES (1ull << 58)
#define READ_WRITE (3ull << 61)
enum { FUNCTIONS = 65536, DOMAINS = 65535 };

/* Commands (2.4): 63:60 of the first word */
#define COMMAND(n) ((uint64_t)(n) << 60)
enum { WAIT = 1, FORGET_FUNCTION = 2, FORGET_PAGES = 3, FORGET_INTERRUPTS = 5, FORGET_ALL = 8 };
enum { WAIT_STORES = 1, DOMAIN_SHIFT = 32, STORED = 1, WAIT_TRIES = 1 << 20 };
#define ALL_PAGES 0x7ffffffffffff003ull

/* Events (2.5): 63:60 code, 2: IO_PAGE_FAULT | 53 write | 52 present: 53 means something |
 * 15:0 function || address */
enum { EVENT_CODE_SHIFT = 60, EVENT_WRITE_SHIFT = 53, EVENT_PRESENT_SHIFT = 52 };

/* MSI (PCI Local Bus Specification 3.0, 6.8.1): 23 64 bits | 16 on */
enum { CAPABILITIES_MAX = 48, CAPABILITY_MSI = 5, MSI_WIDE = 1 << 23, MSI_ON = 1 << 16 };
/* PCI status, bit 11: signalled target abort. A written 1 clears the bit. */
#define ABORTED 0x08000000u

static uint64_t *commands_of(const struct dma_units *u, unsigned i)
{
	return u->log + (size_t)2 * BUFFER_WORDS * i;
}

static uint64_t *events_of(const struct dma_units *u, unsigned i)
{
	return commands_of(u, i) + BUFFER_WORDS;
}

/* ---- Commands ---- */

static void queue(const struct dma_units *u, unsigned i, uint64_t first, uint64_t second)
{
	uint64_t unit = u->tables->unit[i].registers, at = mmio_read32(unit + COMMAND_TAIL);
	uint64_t *entry = commands_of(u, i) + at % PAGE / sizeof(uint64_t);

	entry[0] = first;
	entry[1] = second;
	__asm__ volatile("sfence" : : : "memory");
	mmio_write32(unit + COMMAND_TAIL, (uint32_t)(at + BUFFER_ENTRY) % PAGE);
}

/* Waits until the unit has done the commands. The unit writes a word then. */
static int settle(const struct dma_units *u, unsigned i)
{
	volatile uint64_t done __attribute__((aligned(8))) = 0;

	queue(u, i, COMMAND(WAIT) | (uint64_t)&done | WAIT_STORES, STORED);
	for (unsigned n = 0; n < WAIT_TRIES; n++)
		if (done == STORED)
			return 0;
	return -EIO;
}

static int forget(const struct dma_units *u, unsigned function, uint16_t domain)
{
	int error = 0;

	for (unsigned i = 0; i < u->tables->units && error == 0; i++) {
		queue(u, i, COMMAND(FORGET_FUNCTION) | function, 0);
		queue(u, i, COMMAND(FORGET_PAGES) | (uint64_t)domain << DOMAIN_SHIFT, ALL_PAGES);
		queue(u, i, COMMAND(FORGET_INTERRUPTS) | function, 0);
		error = settle(u, i);
	}
	return error;
}

/* ---- The start ---- */

static int refuse(struct dma_units *u, const char *reason, uint64_t unit)
{
	snprintf(u->text, DMA_TEXT, "AMD-Vi at %lxh: %s", (unsigned long)unit, reason);
	return -ENODEV;
}

/* Has the unit's own function send an NMI for each event. */
static void set_message(unsigned function)
{
	unsigned at = pci_read(function, PCI_POINTER) & 0xfc;

	for (unsigned i = 0; i < CAPABILITIES_MAX && at != 0; i++) {
		uint32_t head = pci_read(function, at);

		if ((head & 0xff) == CAPABILITY_MSI) {
			pci_write(function, at + 4, dma_message_address());
			if (head & MSI_WIDE)
				pci_write(function, at + 8, 0);
			pci_write(function, at + (head & MSI_WIDE ? 12 : 8), DMA_MESSAGE_NMI);
			pci_write(function, at, head | MSI_ON);
			return;
		}
		at = head >> 8 & 0xfc;
	}
}

/* Translation that firmware has left on stays on meanwhile, and the unit has to forget the
 * firmware's entries. */
static int turn_on(struct dma_units *u, unsigned i)
{
	const struct dma_unit_place *place = &u->tables->unit[i];
	uint64_t unit = place->registers, features = mmio_read64(unit + FEATURES);
	uint64_t was = mmio_read64(unit + CONTROL);

	if (was == UINT64_MAX)
		return refuse(u, "no unit answers", unit);
	if (was & CONTROL_ON && !(features & FEATURE_FORGETS_ALL))
		return refuse(u, "the firmware left it on, and EFR.IASup is 0", unit);
	mmio_write64(unit + CONTROL, was & CONTROL_ON);
	mmio_write64(unit + EXCLUSION, 0);
	mmio_write64(unit + DEVICE_TABLE, (uint64_t)u->table | (TABLE_PAGES - 1));
	mmio_write64(unit + COMMANDS, (uint64_t)commands_of(u, i) | BUFFER_PAGE);
	mmio_write64(unit + EVENTS, (uint64_t)events_of(u, i) | BUFFER_PAGE);
	mmio_write64(unit + COMMAND_HEAD, 0);
	mmio_write64(unit + COMMAND_TAIL, 0);
	mmio_write64(unit + EVENT_HEAD, 0);
	mmio_write64(unit + EVENT_TAIL, 0);
	set_message(place->function);
	mmio_write64(unit + CONTROL, CONTROL_ON | CONTROL_EVENTS | CONTROL_MESSAGES |
	                                     CONTROL_COHERENT | CONTROL_COMMANDS |
	                                     (place->flags & 8) << 8 | (place->flags & 6) << 7 |
	                                     (place->flags & 1) << 1);
	if (features & FEATURE_FORGETS_ALL)
		queue(u, i, COMMAND(FORGET_ALL), 0);
	return settle(u, i) == 0 ? 0 : refuse(u, "the unit does not answer", unit);
}

/* An empty table of pages, so that a blocked access is a fault of a page and leaves an event. */
static void block_all(struct dma_units *u, const uint64_t *empty)
{
	for (unsigned f = 0; f < FUNCTIONS; f++) {
		uint64_t *entry = &u->table[(size_t)ENTRY_WORDS * f];

		entry[2] = INTERRUPTS_VALID;
		entry[0] = (uint64_t)empty | LEVELS << LEVELS_SHIFT | ENTRY_VALID;
	}
	for (unsigned i = 0; i < u->tables->special_count; i++)
		u->table[(size_t)ENTRY_WORDS * u->tables->special[i].function + 2] |= NMI_PASSES;
}

static int start(struct dma_units *u)
{
	const struct dma_tables *t = u->tables;
	uint64_t *empty = frames_alloc_vmm(PAGE, PAGE);

	u->has_2m = u->has_1g = true;
	u->levels = LEVELS;
	u->width = DMA_WIDTH_MOST;
	u->domains = DOMAINS;
	u->table = frames_alloc_vmm(TABLE_BYTES, PAGE);
	u->log = frames_alloc_vmm((uint64_t)2 * PAGE * t->units, PAGE);
	if (empty == NULL || u->table == NULL || u->log == NULL)
		return refuse(u, "no memory", t->unit[0].registers);
	for (unsigned i = 0; i < BUFFER_WORDS; i++)
		empty[i] = dma_amdvi.nothing;
	block_all(u, empty);
	for (unsigned i = 0; i < t->units; i++) {
		int error = turn_on(u, i);
		if (error != 0)
			return error;
	}
	snprintf(u->text, DMA_TEXT,
	         "AMD-Vi, %u unit%s, %u levels, pages of 4K, 2M, 1G, interrupts confined", t->units,
	         t->units > 1 ? "s" : "", u->levels);
	return 0;
}

/* ---- Functions ---- */

static int attach(struct dma_units *u, unsigned function, const struct dma_domain *domain)
{
	uint64_t *entry = &u->table[(size_t)ENTRY_WORDS * function];

	entry[1] = domain->id;
	entry[0] = (uint64_t)domain->root | LEVELS << LEVELS_SHIFT | ENTRY_VALID | READ_WRITE;
	return forget(u, function, domain->id);
}

/* ---- Blocked accesses ---- */

static bool is_aborted(unsigned function)
{
	return pci_read(function, PCI_COMMAND) & ABORTED;
}

static bool has_fault(const struct dma_units *u)
{
	for (unsigned i = 0; i < u->tables->units; i++) {
		uint64_t unit = u->tables->unit[i].registers;

		if (mmio_read32(unit + EVENT_HEAD) != mmio_read32(unit + EVENT_TAIL) ||
		    is_aborted(u->tables->unit[i].function))
			return true;
	}
	return false;
}

static bool take_event(const struct dma_units *u, unsigned i, struct dma_fault *fault)
{
	uint64_t unit = u->tables->unit[i].registers, head = mmio_read32(unit + EVENT_HEAD);
	const uint64_t *event = events_of(u, i) + head % PAGE / sizeof(uint64_t);

	if (head == mmio_read32(unit + EVENT_TAIL))
		return false;
	fault->function = (uint16_t)event[0];
	fault->address = event[1];
	fault->direction = !(event[0] >> EVENT_PRESENT_SHIFT & 1) ? "access"
	                   : event[0] >> EVENT_WRITE_SHIFT & 1    ? "write"
	                                                          : "read";
	mmio_write32(unit + EVENT_HEAD, (uint32_t)(head + BUFFER_ENTRY) % PAGE);
	return true;
}

/* A target abort that was signalled without an event is all that some emulators tell. */
static bool take_fault(const struct dma_units *u, struct dma_fault *fault)
{
	for (unsigned i = 0; i < u->tables->units; i++) {
		unsigned function = u->tables->unit[i].function;

		if (take_event(u, i, fault)) {
			if (is_aborted(function))
				pci_write(function, PCI_COMMAND,
				          (pci_read(function, PCI_COMMAND) & 0xffff) | ABORTED);
			return true;
		}
		if (!is_aborted(function))
			continue;
		pci_write(function, PCI_COMMAND,
		          (pci_read(function, PCI_COMMAND) & 0xffff) | ABORTED);
		fault->lost = true;
		return true;
	}
	return false;
}

/* A full page of events ends the events, until they are turned on anew (2.5.1). */
static void listen(const struct dma_units *u)
{
	for (unsigned i = 0; i < u->tables->units; i++) {
		uint64_t unit = u->tables->unit[i].registers, control;

		if (mmio_read32(unit + STATUS) & STATUS_FULL) {
			control = mmio_read64(unit + CONTROL);
			mmio_write64(unit + CONTROL, control & ~(uint64_t)CONTROL_EVENTS);
			mmio_write32(unit + STATUS, STATUS_FULL | STATUS_SENT);
			mmio_write64(unit + CONTROL, control);
		}
		mmio_write32(unit + STATUS, STATUS_SENT);
	}
}

const struct dma_vendor dma_amdvi = { .page = READ_WRITE | 1,
	                              .table = READ_WRITE | 1,
	                              .level_step = 1 << LEVELS_SHIFT,
	                              .nothing = 1 << LEVELS_SHIFT,
	                              .start = start,
	                              .attach = attach,
	                              .has_fault = has_fault,
	                              .take_fault = take_fault,
	                              .listen = listen };
