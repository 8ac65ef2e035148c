/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports and memory that no VM may get. See the header for the rule.
 */
#include "vmm/config/config_reserved.h"

#include <errno.h>
#include <string.h>

#define DMA "the DMA controller, which reaches all memory"
#define DMA_REMEDY "trust=dma grants it"
#define MASTER_ALIAS "an alias of the master 8259 on some chipsets"
#define SLAVE_ALIAS "an alias of the slave 8259 on some chipsets"
#define ALIAS_REMEDY "every VM has it at its usual place"
#define SUPER_IO "the Super I/O chip's configuration, which moves everybody's devices"
#define TAKE_OUT "take it out of the range"

/* First the ports with power over the interrupt controllers, the bus or the machine. Then the
 * ports with a reach beyond their owner, and the ports where an ICH repeats the same register (I/O
 * Controller Hub 9 datasheet, table 9-2). */
static const struct reserved vmm_ports[] = {
	{ { 0x20, 0x21 }, "the master 8259, which every VM has anyway", NULL, false, 0 },
	{ { 0xa0, 0xa1 }, "the slave 8259, which every VM has anyway", NULL, false, 0 },
	{ { 0x92, 0x92 }, "fast reset", NULL, false, 0 },
	{ { 0xb2, 0xb3 }, "system management", NULL, false, 0 },
	{ { 0xf0, 0xf1 }, "the x87 error latch, which every VM has anyway", NULL, false, 0 },
	{ { 0xf4, 0xf4 }, "power-off", NULL, false, 0 },
	{ { 0x3f8, 0x3ff }, "the console", NULL, false, 0 },
	{ { 0x4d0, 0x4d1 }, "the edge/level registers", NULL, false, 0 },
	{ { 0x501, 0x501 }, "power-off", NULL, false, 0 },
	{ { 0xcf8, 0xcff }, "PCI configuration and reset", NULL, false, 0 },
	{ { 0x8900, 0x8900 }, "power-off", NULL, false, 0 },
	{ { 0x00, 0x1f }, DMA, DMA_REMEDY, false, TRUST_DMA },
	{ { 0x81, 0x91 }, DMA, DMA_REMEDY, false, TRUST_DMA },
	{ { 0x93, 0x9f }, DMA, DMA_REMEDY, false, TRUST_DMA },
	{ { 0xc0, 0xdf }, DMA, DMA_REMEDY, false, TRUST_DMA },
	{ { 0x22, 0x23 }, "the switch between 8259s and APICs", TAKE_OUT, false, 0 },
	{ { 0x24, 0x2d }, MASTER_ALIAS, ALIAS_REMEDY, false, 0 },
	{ { 0x2e, 0x2f }, SUPER_IO, TAKE_OUT, false, 0 },
	{ { 0x30, 0x3d }, MASTER_ALIAS, ALIAS_REMEDY, false, 0 },
	{ { 0x4e, 0x4f }, SUPER_IO, TAKE_OUT, false, 0 },
	{ { 0x50, 0x53 },
	  "an alias of the timer on some chipsets",
	  "0x40-0x43 is its usual place",
	  false,
	  0 },
	{ { 0x63, 0x63 },
	  "an alias of port 0x61 on some chipsets",
	  "0x61 is its usual place",
	  false,
	  0 },
	{ { 0x65, 0x65 },
	  "an alias of port 0x61 on some chipsets",
	  "0x61 is its usual place",
	  false,
	  0 },
	{ { 0x67, 0x67 },
	  "an alias of port 0x61 on some chipsets",
	  "0x61 is its usual place",
	  false,
	  0 },
	{ { 0x72, 0x77 },
	  "an alias of the RTC on some chipsets",
	  "0x70-0x71 is its usual place",
	  false,
	  0 },
	{ { 0xa2, 0xb1 }, SLAVE_ALIAS, ALIAS_REMEDY, false, 0 },
	{ { 0xb4, 0xbd }, SLAVE_ALIAS, ALIAS_REMEDY, false, 0 },
	{ { 0x512, 0x51b },
	  "fw_cfg's DMA, which reaches all memory",
	  "0x510-0x511 does without",
	  false,
	  0 },
};

static const struct reserved vmm_memory[] = {
	{ { 0xfec00000, 0xfecfffff }, "the I/O APIC", NULL, true, 0 },
	{ { 0xfed00000, 0xfed003ff }, "the HPET", NULL, true, 0 },
	{ { 0xfee00000, 0xfeefffff }, "the local APIC and its messages", NULL, true, 0 },
};

struct machine_ranges config_machine = {
	.ports = { (struct reserved[CONFIG_RESERVED_PORTS]){ { .what = NULL } }, 0,
	           CONFIG_RESERVED_PORTS },
	.memory = { (struct reserved[CONFIG_RESERVED_MEMORY]){ { .what = NULL } }, 0,
	            CONFIG_RESERVED_MEMORY },
};

static bool touches(const struct config_range *a, const struct config_range *b)
{
	return a->first <= b->last && b->first <= a->last;
}

/* Returns true where the two overlap, or where a range begins directly after the other. */
static bool joins(const struct config_range *a, const struct config_range *b)
{
	return touches(a, b) || (a->last < b->first && a->last + 1 == b->first) ||
	       (b->last < a->first && b->last + 1 == a->first);
}

/* Adds a range. Ranges of the same name that join become a single range. */
static int reserve(struct reservations *r, struct config_range range, const char *what, bool device)
{
	for (unsigned i = 0; i < r->count;) {
		struct reserved *old = &r->list[i];

		if (strcmp(old->what, what) != 0 || !joins(&old->range, &range)) {
			i++;
			continue;
		}
		if (old->range.first < range.first)
			range.first = old->range.first;
		if (old->range.last > range.last)
			range.last = old->range.last;
		/* the range is part of the new range; the new range may join other ranges now */
		*old = r->list[--r->count];
		i = 0;
	}
	if (r->count == r->max)
		return -ENOMEM;
	r->list[r->count++] = (struct reserved){ range, what, NULL, device, 0 };
	return 0;
}

int config_reserve_ports(uint16_t first, uint16_t last, const char *what)
{
	return reserve(&config_machine.ports, (struct config_range){ first, last }, what, false);
}

int config_reserve_memory(uint64_t first, uint64_t last, const char *what)
{
	return reserve(&config_machine.memory, (struct config_range){ first, last }, what, false);
}

int config_reserve_device(uint64_t first, uint64_t last, const char *what)
{
	return reserve(&config_machine.memory, (struct config_range){ first, last }, what, true);
}

static const struct reserved *find(const struct reserved *list, unsigned count,
                                   const struct config_range *range, unsigned trust)
{
	for (unsigned i = 0; i < count; i++)
		if (touches(&list[i].range, range) && !(list[i].trust & trust))
			return &list[i];
	return NULL;
}

const struct reserved *config_reserved_port(const struct config_range *range, unsigned trust)
{
	const struct reserved *r = find(vmm_ports, sizeof(vmm_ports) / sizeof(vmm_ports[0]), range,
	                                trust);

	if (r != NULL)
		return r;
	return find(config_machine.ports.list, config_machine.ports.count, range, trust);
}

const struct reserved *config_reserved_memory(const struct config_range *range)
{
	const struct reserved *r = find(vmm_memory, sizeof(vmm_memory) / sizeof(vmm_memory[0]),
	                                range, 0);

	if (r != NULL)
		return r;
	return find(config_machine.memory.list, config_machine.memory.count, range, 0);
}

void config_vmms_ports(void (*take)(uint16_t first, uint16_t last))
{
	for (unsigned i = 0; i < sizeof(vmm_ports) / sizeof(vmm_ports[0]); i++)
		if (vmm_ports[i].remedy == NULL)
			take((uint16_t)vmm_ports[i].range.first, (uint16_t)vmm_ports[i].range.last);
	for (unsigned i = 0; i < config_machine.ports.count; i++)
		take((uint16_t)config_machine.ports.list[i].range.first,
		     (uint16_t)config_machine.ports.list[i].range.last);
}

void config_devices(void (*take)(uint64_t first, uint64_t last))
{
	for (unsigned i = 0; i < sizeof(vmm_memory) / sizeof(vmm_memory[0]); i++)
		take(vmm_memory[i].range.first, vmm_memory[i].range.last);
	for (unsigned i = 0; i < config_machine.memory.count; i++)
		if (config_machine.memory.list[i].device)
			take(config_machine.memory.list[i].range.first,
			     config_machine.memory.list[i].range.last);
}

bool config_is_device(uint64_t address)
{
	for (unsigned i = 0; i < sizeof(vmm_memory) / sizeof(vmm_memory[0]); i++)
		if (address >= vmm_memory[i].range.first && address <= vmm_memory[i].range.last)
			return true;
	for (unsigned i = 0; i < config_machine.memory.count; i++) {
		const struct reserved *r = &config_machine.memory.list[i];

		if (r->device && address >= r->range.first && address <= r->range.last)
			return true;
	}
	return false;
}
