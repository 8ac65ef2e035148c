/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What both vendors' units have in common. See the header for the rule.
 */
#include "tests/unit/sim_iommu.h"
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"

#include <stdlib.h>
#include <string.h>

struct sim_iommu sim_iommu;
const struct sim_vendor *sim_vendor;
struct platform platform;

uint64_t sim_get(unsigned at, unsigned bytes)
{
	uint64_t value = 0;

	memcpy(&value, &sim_iommu.registers[at], bytes);
	return value;
}

void sim_put(unsigned at, uint64_t value, unsigned bytes)
{
	memcpy(&sim_iommu.registers[at], &value, bytes);
}

void sim_forget(void)
{
	memset(sim_iommu.place, 0, sizeof(sim_iommu.place));
	sim_iommu.places = 0;
}

struct sim_place *sim_find(unsigned function, uint64_t address, bool *kept)
{
	struct sim_place *p;

	for (unsigned i = 0; i < SIM_PLACES; i++) {
		p = &sim_iommu.place[i];
		*kept = p->used && p->function == function && p->page == address >> 12;
		if (*kept)
			return p;
	}
	p = &sim_iommu.place[sim_iommu.places++ % SIM_PLACES];
	*p = (struct sim_place){ .used = true, .function = function, .page = address >> 12 };
	return p;
}

static unsigned place_of(uint64_t address, unsigned bytes)
{
	assert_true(address >= SIM_UNIT && address + bytes <= SIM_UNIT + DMA_UNIT_BYTES);
	assert_int_equal(address % bytes, 0);
	return (unsigned)(address - SIM_UNIT);
}

static uint64_t read_any(uint64_t address, unsigned bytes)
{
	unsigned at = place_of(address, bytes);

	return sim_iommu.absent ? UINT64_MAX >> (64 - 8 * bytes) : sim_vendor->read(at, bytes);
}

static void write_any(uint64_t address, uint64_t value, unsigned bytes)
{
	unsigned at = place_of(address, bytes);

	if (!sim_iommu.absent)
		sim_vendor->write(at, value, bytes);
}

uint32_t mmio_read32(uint64_t address)
{
	return (uint32_t)read_any(address, 4);
}

uint64_t mmio_read64(uint64_t address)
{
	return read_any(address, 8);
}

void mmio_write32(uint64_t address, uint32_t value)
{
	if (address < platform.ioapic || address >= platform.ioapic + PAGE)
		write_any(address, value, 4);
}

void mmio_write64(uint64_t address, uint64_t value)
{
	write_any(address, value, 8);
}

void cpu_write_back(void)
{
	sim_iommu.write_backs++;
}

uint64_t msr_read(uint32_t msr)
{
	assert_int_equal(msr, 0x1b);
	return 0xfee00900;
}

uint32_t lapic_id(void)
{
	return SIM_APIC_ID;
}

void ioapic_set_destination(unsigned pin, uint32_t id)
{
	(void)id;
	assert_true(pin < platform.ioapic_pins);
}

/* ---- Memory, which a reset frees ---- */

enum { BLOCKS = 4096 };
static void *block[BLOCKS];
static unsigned blocks;

void *frames_alloc_vmm(uint64_t bytes, uint64_t align)
{
	assert_true(blocks < BLOCKS);
	block[blocks] = aligned_alloc(align, bytes);
	assert_non_null(block[blocks]);
	return memset(block[blocks++], 0, bytes);
}

void sim_reset(const struct sim_vendor *vendor)
{
	while (blocks > 0)
		free(block[--blocks]);
	memset(&sim_iommu, 0, sizeof(sim_iommu));
	memset(&platform, 0, sizeof(platform));
	sim_vendor = vendor;
}
