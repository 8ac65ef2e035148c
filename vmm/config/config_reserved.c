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
static const struct port_row {
	const char *what, *remedy; /* no remedy: the ports are the VMM's, whatever the words say */
	uint16_t first, last;
	uint8_t trust; /* a VM with this trust gets the ports (enum trust) */
} vmm_ports[] = {
	{ "the master 8259, which every VM has anyway", NULL, 0x20, 0x21, 0 },
	{ "the slave 8259, which every VM has anyway", NULL, 0xa0, 0xa1, 0 },
	{ "fast reset", NULL, 0x92, 0x92, 0 },
	{ "system management", NULL, 0xb2, 0xb3, 0 },
	{ "the x87 error latch, which every VM has anyway", NULL, 0xf0, 0xf1, 0 },
	{ "power-off", NULL, 0xf4, 0xf4, 0 },
	{ "the console", NULL, 0x3f8, 0x3ff, 0 },
	{ "the edge/level registers", NULL, 0x4d0, 0x4d1, 0 },
	{ "power-off", NULL, 0x501, 0x501, 0 },
	{ "PCI configuration and reset", NULL, 0xcf8, 0xcff, 0 },
	{ "power-off", NULL, 0x8900, 0x8900, 0 },
	{ DMA, DMA_REMEDY, 0x00, 0x1f, TRUST_DMA },
	{ DMA, DMA_REMEDY, 0x81, 0x91, TRUST_DMA },
	{ DMA, DMA_REMEDY, 0x93, 0x9f, TRUST_DMA },
	{ DMA, DMA_REMEDY, 0xc0, 0xdf, TRUST_DMA },
	{ "the switch between 8259s and APICs", TAKE_OUT, 0x22, 0x23, 0 },
	{ MASTER_ALIAS, ALIAS_REMEDY, 0x24, 0x2d, 0 },
	{ SUPER_IO, TAKE_OUT, 0x2e, 0x2f, 0 },
	{ MASTER_ALIAS, ALIAS_REMEDY, 0x30, 0x3d, 0 },
	{ SUPER_IO, TAKE_OUT, 0x4e, 0x4f, 0 },
	{ "an alias of the timer on some chipsets", "0x40-0x43 is its usual place", 0x50, 0x53, 0 },
	{ "an alias of port 0x61 on some chipsets", "0x61 is its usual place", 0x63, 0x63, 0 },
	{ "an alias of port 0x61 on some chipsets", "0x61 is its usual place", 0x65, 0x65, 0 },
	{ "an alias of port 0x61 on some chipsets", "0x61 is its usual place", 0x67, 0x67, 0 },
	{ "an alias of the RTC on some chipsets", "0x70-0x71 is its usual place", 0x72, 0x77, 0 },
	{ SLAVE_ALIAS, ALIAS_REMEDY, 0xa2, 0xb1, 0 },
	{ SLAVE_ALIAS, ALIAS_REMEDY, 0xb4, 0xbd, 0 },
	{ "fw_cfg's DMA, which reaches all memory", "0x510-0x511 does without", 0x512, 0x51b, 0 },
};
enum { PORT_ROWS = sizeof(vmm_ports) / sizeof(vmm_ports[0]) };

static const struct reserved vmm_memory[] = {
	{ { 0xfec00000, 0xfecfffff }, "the I/O APIC", true },
	{ { 0xfed00000, 0xfed003ff }, "the HPET", true },
	{ { 0xfee00000, 0xfeefffff }, "the local APIC and its messages", true },
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
	r->list[r->count++] = (struct reserved){ range, what, device };
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

static struct refusal find(const struct reserved *list, unsigned count,
                           const struct config_range *range)
{
	for (unsigned i = 0; i < count; i++)
		if (touches(&list[i].range, range))
			return (struct refusal){ list[i].range.first, list[i].what, NULL };
	return (struct refusal){ 0, NULL, NULL };
}

struct refusal config_reserved_port(const struct config_range *range, unsigned trust)
{
	for (unsigned i = 0; i < PORT_ROWS; i++) {
		const struct port_row *r = &vmm_ports[i];

		if (touches(&(struct config_range){ r->first, r->last }, range) &&
		    !(r->trust & trust))
			return (struct refusal){ r->first, r->what, r->remedy };
	}
	return find(config_machine.ports.list, config_machine.ports.count, range);
}

struct refusal config_reserved_memory(const struct config_range *range)
{
	struct refusal r = find(vmm_memory, sizeof(vmm_memory) / sizeof(vmm_memory[0]), range);

	return r.what != NULL
	               ? r
	               : find(config_machine.memory.list, config_machine.memory.count, range);
}

void config_vmms_ports(void (*take)(uint16_t first, uint16_t last))
{
	for (unsigned i = 0; i < PORT_ROWS; i++)
		if (vmm_ports[i].remedy == NULL)
			take(vmm_ports[i].first, vmm_ports[i].last);
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
