/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AMD's unit (specification 48882, 3.08; 2.2, 2.4, 2.5, 3.4), and its own PCI function. See
 * sim_iommu.h for the rule.
 */
#include "tests/unit/check.h"
#include "tests/unit/sim_iommu.h"

#include "arch/x86/machine/pci.h"
#include "arch/x86/machine/platform.h"

#include <string.h>

enum {
	DEVICE_TABLE = 0,
	COMMANDS = 8,
	CONTROL = 0x18,
	FEATURES = 0x30,
	CONTROL_COMMANDS = 1 << 12
};
enum { HEAD = 0x2000, TAIL = 0x2008, STATUS = 0x2020, ENTRY_BYTES = 32, CONFIG_BYTES = 256 };
#define ADDRESS 0x000ffffffffff000ull

static uint8_t config[CONFIG_BYTES];

uint32_t pci_read(unsigned function, unsigned offset)
{
	uint32_t value;

	assert_int_equal(function, SIM_UNIT_FUNCTION);
	memcpy(&value, &config[offset], sizeof(value));
	return value;
}

void pci_write(unsigned function, unsigned offset, uint32_t value)
{
	assert_int_equal(function, SIM_UNIT_FUNCTION);
	if (offset == PCI_COMMAND) /* the status in the upper half: a written 1 clears */
		value = (value & 0xffff) | (pci_read(function, offset) & 0xffff0000 & ~value);
	memcpy(&config[offset], &value, sizeof(value));
}

static uint64_t read(unsigned at, unsigned bytes)
{
	return sim_get(at, bytes);
}

static void run_command(const uint64_t *c)
{
	unsigned code = (unsigned)(c[0] >> 60);

	switch (code) {
	case 1: /* completion: stores a word */
		if (c[0] & 1)
			*(uint64_t *)(c[0] & 0x000ffffffffffff8ull) = c[1];
		break;
	case 2:
		sim_iommu.contexts_forgotten++;
		break;
	case 3: /* all pages of a domain: S, PDE, the largest size */
		assert_int_equal(c[1] & 0xfff, 3);
		sim_iommu.pages_forgotten++;
		if (sim_iommu.contexts_forgotten > 0)
			sim_forget();
		break;
	case 5:
		sim_iommu.interrupts_forgotten++;
		break;
	case 8:
		assert_true(sim_get(FEATURES, 8) >> 6 & 1);
		sim_forget();
		break;
	default:
		fail_msg("command %u", code);
	}
}

static void run_commands(void)
{
	uint64_t head = sim_get(HEAD, 4), tail = sim_get(TAIL, 4), base = sim_get(COMMANDS, 8);
	uint64_t bytes = 16ull << (base >> 56 & 15);

	if (sim_iommu.mute || !(sim_get(CONTROL, 8) & CONTROL_COMMANDS))
		return;
	for (; head != tail; head = (head + 16) % bytes)
		run_command((const uint64_t *)((base & ADDRESS) + head));
	sim_put(HEAD, head, 4);
}

static void write(unsigned at, uint64_t value, unsigned bytes)
{
	assert_true(at != FEATURES);
	if (at == DEVICE_TABLE) {
		assert_int_equal(bytes, 8);
		sim_iommu.table = value & ADDRESS;
	}
	if (at == STATUS) /* a written 1 clears */
		value = sim_get(STATUS, bytes) & ~value;
	sim_put(at, value, bytes);
	run_commands();
}

void sim_amdvi_reset(uint64_t features)
{
	static const struct sim_vendor vendor = { read, write };

	sim_reset(&vendor);
	sim_put(FEATURES, features, 8);
	memset(config, 0, sizeof(config));
	config[PCI_POINTER] = 0x40;
	config[0x40] = 0x0f; /* the unit's own capability, then MSI with 64 bits */
	config[0x41] = 0x50;
	config[0x50] = 5;
	config[0x52] = 0x80;
	platform.dma = (struct dma_tables){ .kind = DMA_AMDVI, .units = 1 };
	platform.dma.unit[0] = (struct dma_unit_place){ SIM_UNIT, SIM_UNIT_FUNCTION, 0xb0 };
	memset(platform.dma.covered, 0xff, sizeof(platform.dma.covered));
	platform.dma.special_count = 1;
	platform.dma.special[0] = (struct dma_special){ 0xa0, DMA_IOAPIC, 2 };
}

static const uint64_t *entry_of(unsigned function)
{
	uint64_t bytes = ((sim_get(DEVICE_TABLE, 8) & 0x1ff) + 1) << 12;

	assert_true((uint64_t)function * ENTRY_BYTES < bytes);
	return (const uint64_t *)(sim_iommu.table + (uint64_t)function * ENTRY_BYTES);
}

static bool walk(unsigned function, uint64_t address, bool write_it, struct sim_place *p)
{
	const uint64_t *e = entry_of(function);
	unsigned level = e[0] >> 9 & 7;

	if (!(e[0] & 1)) { /* not valid: the function passes */
		p->host = address & ~0xfffull;
		return true;
	}
	assert_true(e[0] & 2 && level > 0 && level < 7);
	if (address >> (12 + 9 * level) || !(e[0] >> (61 + write_it) & 1))
		return false;
	for (uint64_t entry = e[0];; level--) {
		entry = ((const uint64_t *)(entry & ADDRESS))[address >> (3 + 9 * level) & 511];
		if (!(entry & 1) || !(entry >> (61 + write_it) & 1))
			return false;
		if ((entry >> 9 & 7) == 0) {
			uint64_t inside = (1ull << (3 + 9 * level)) - 1;
			assert_int_equal(entry & ADDRESS & inside, 0);
			p->level = level - 1;
			p->host = (entry & ADDRESS) + (address & inside & ~0xfffull);
			return true;
		}
		assert_int_equal(entry >> 9 & 7, level - 1);
	}
}

bool sim_amdvi_access(unsigned function, uint64_t address, bool write_it, uint64_t *host,
                      unsigned *level)
{
	bool kept;
	struct sim_place *p;

	if (!(sim_get(CONTROL, 8) & 1)) {
		*host = address;
		return true;
	}
	p = sim_find(function, address, &kept);
	if (!kept)
		p->blocked = !walk(function, address, write_it, p);
	*host = p->host + (address & 0xfff);
	*level = p->level;
	return !p->blocked;
}

bool sim_amdvi_nmi_passes(unsigned function)
{
	const uint64_t *e = entry_of(function);

	return !(e[0] & 1) || !(e[2] & 1) || e[2] >> 58 & 1;
}

bool sim_amdvi_fixed_passes(unsigned function)
{
	const uint64_t *e = entry_of(function);

	return !(e[0] & 1) || !(e[2] & 1) || (e[2] >> 60 & 3) != 0 || (e[2] >> 56 & 3) != 0;
}
