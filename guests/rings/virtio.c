/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio function and its queues. See the header for the rule.
 */
#include "guests/rings/virtio.h"

#include "guests/lib/machine.h"
#include "guests/lib/pci.h"
#include "guests/lib/pic.h"
#include "guests/lib/traps.h"
#include "guests/rings/rings.h"

#include <string.h>

/* The capability (4.1.4): 1 id | 1 next | 1 length | 1 type || 1 BAR || 4 offset | 4 length; 4
 * multiplier with type 2 */
enum { CAPABILITY_VENDOR = 9, CAPABILITIES_MAX = 48, COMMON = 1, NOTIFY = 2, ISR = 3, TYPES = 4 };
/* The common configuration (4.1.4.3) */
enum {
	OFFER_SELECT = 0x00,
	OFFER = 0x04,
	TAKE_SELECT = 0x08,
	TAKE = 0x0c,
	STATUS = 0x14,
	QUEUE = 0x16,
	QUEUE_SIZE = 0x18,
	QUEUE_ENABLE = 0x1c,
	QUEUE_NOTIFY = 0x1e,
	QUEUE_DESCRIPTORS = 0x20,
	QUEUE_GIVEN = 0x28,
	QUEUE_USED = 0x30
};
/* Status (2.1). Features 32 and 33: version 1, and access by the platform's addresses. */
enum { FOUND = 1, DRIVEN = 2, FEATURES_TAKEN = 8, GOES = 4, HIGH = 1, FEATURES = 1 << 1 | 1 << 0 };
/* Descriptors (2.6.5): 0 another follows | 1 the device writes */
enum { FOLLOWED = 1, TO_MEMORY = 2, ENTRIES = 8, QUEUES = 2 };

static struct {
	struct {
		uint64_t address;
		uint32_t bytes;
		uint16_t flags, next;
	} descriptors[ENTRIES];
	struct {
		uint16_t flags, index, ring[ENTRIES], event;
	} given;
	struct {
		uint16_t flags, index;
		struct {
			uint32_t head, bytes;
		} ring[ENTRIES];
		uint16_t event;
	} used __attribute__((aligned(4)));
} shared[QUEUES] __attribute__((aligned(PAGE)));
static volatile uint8_t *common, *isr;
static volatile uint16_t *doorbell[QUEUES];

static volatile uint32_t *common32(unsigned offset)
{
	return (volatile uint32_t *)(common + offset);
}

static volatile uint16_t *common16(unsigned offset)
{
	return (volatile uint16_t *)(common + offset);
}

static void handle(uint64_t tsc)
{
	if (*isr & 1) /* the read acknowledges (4.1.4.5) */
		request_end(tsc);
}

static void set_address(unsigned offset, uint64_t address)
{
	*common32(offset) = (uint32_t)address;
	*common32(offset + 4) = (uint32_t)(address >> 32);
}

/* Finds the registers: all in one BAR. Returns false where some are missing. */
static bool find_registers(unsigned function, volatile uint8_t **notify, uint32_t *multiplier)
{
	volatile uint8_t *found[TYPES] = { NULL };
	unsigned at = pci_read8(function, PCI_POINTER);

	for (unsigned i = 0; i < CAPABILITIES_MAX && at != 0;
	     i++, at = pci_read8(function, at + 1)) {
		unsigned type = pci_read8(function, at + 3);
		if (pci_read8(function, at) != CAPABILITY_VENDOR || type == 0 || type >= TYPES)
			continue;
		uint64_t bar = pci_bar(function, pci_read8(function, at + 4));
		found[type] = (volatile uint8_t *)machine_window(bar) +
		              pci_read32(function, at + 8);
		if (type == NOTIFY)
			*multiplier = pci_read32(function, at + 16);
	}
	common = found[COMMON];
	isr = found[ISR];
	*notify = found[NOTIFY];
	return common != NULL && isr != NULL && *notify != NULL;
}

static bool take_features(void)
{
	*common32(OFFER_SELECT) = HIGH;
	bool offers = (*common32(OFFER) & FEATURES) == FEATURES;
	*common32(TAKE_SELECT) = 0;
	*common32(TAKE) = 0;
	*common32(TAKE_SELECT) = HIGH;
	*common32(TAKE) = FEATURES;
	common[STATUS] |= FEATURES_TAKEN;
	return offers && common[STATUS] & FEATURES_TAKEN;
}

static void set_queue(unsigned queue, uint64_t foreign)
{
	*common16(QUEUE) = (uint16_t)queue;
	*common16(QUEUE_SIZE) = ENTRIES;
	set_address(QUEUE_DESCRIPTORS, foreign ? foreign : bus_of(shared[queue].descriptors));
	set_address(QUEUE_GIVEN, foreign ? foreign : bus_of(&shared[queue].given));
	set_address(QUEUE_USED, foreign ? foreign : bus_of(&shared[queue].used));
	*common16(QUEUE_ENABLE) = 1;
}

bool virtio_begin(unsigned function, unsigned queues, uint64_t foreign)
{
	unsigned line = pci_read8(function, PCI_LINE) % TRAP_LINES;
	uint32_t multiplier = 0;
	volatile uint8_t *notify;

	if (!find_registers(function, &notify, &multiplier))
		return false;
	common[STATUS] = 0;
	if (!register_await(common32(STATUS), UINT8_MAX, 0))
		return false;
	common[STATUS] = FOUND | DRIVEN;
	if (!take_features())
		return false;
	memset(shared, 0, sizeof(shared));
	for (unsigned queue = 0; queue < queues; queue++) {
		set_queue(queue, foreign);
		doorbell[queue] = (volatile uint16_t *)(notify +
		                                        *common16(QUEUE_NOTIFY) * multiplier);
	}
	irq_install(line, handle);
	pic_unmask(line);
	common[STATUS] |= GOES;
	return true;
}

bool virtio_request(unsigned queue, const struct piece *pieces, unsigned count)
{
	volatile uint16_t *used = &shared[queue].used.index;
	uint16_t index = shared[queue].given.index, before = *used;

	for (unsigned i = 0; i < count; i++) {
		shared[queue].descriptors[i].address = pieces[i].address;
		shared[queue].descriptors[i].bytes = pieces[i].bytes;
		shared[queue].descriptors[i].flags = (uint16_t)((i + 1 < count ? FOLLOWED : 0) |
		                                                (pieces[i].to_memory ? TO_MEMORY
		                                                                     : 0));
		shared[queue].descriptors[i].next = (uint16_t)(i + 1);
	}
	shared[queue].given.ring[index % ENTRIES] = 0;
	__asm__ volatile("" : : : "memory"); /* the entry before the index */
	shared[queue].given.index = (uint16_t)(index + 1);
	request_begin();
	*doorbell[queue] = (uint16_t)queue;
	return request_await() && *used == (uint16_t)(before + 1);
}
