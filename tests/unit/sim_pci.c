/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI functions of the host tests. See the header for the rule.
 */
#include "tests/unit/sim_pci.h"
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"

#include <string.h>

enum { ADDRESS = 0xcf8, DATA = 0xcfc, ELCR = 0x4d0, COMMAND = 1, BAR_FIRST = 4, BAR_LAST = 9 };

struct sim_pci sim_pci;

void sim_pci_reset(void)
{
	memset(&sim_pci, 0, sizeof(sim_pci));
}

struct sim_function *sim_pci_add(unsigned number, uint32_t id, uint32_t class_and_revision)
{
	struct sim_function *f = &sim_pci.function[sim_pci.count++];

	*f = (struct sim_function){ .number = number };
	f->value[0] = id;
	f->value[COMMAND] = 0x02800103; /* decoding, SERR# */
	f->changes[COMMAND] = 0x0507;
	f->clears[COMMAND] = 0xf9000000;
	f->value[2] = class_and_revision;
	return f;
}

void sim_pci_bar(struct sim_function *f, unsigned n, uint32_t address, uint32_t bytes,
                 uint32_t flags)
{
	f->value[BAR_FIRST + n] = address | flags;
	f->changes[BAR_FIRST + n] = -bytes;
}

void sim_pci_interrupt(struct sim_function *f, uint8_t line, uint8_t pin)
{
	f->value[15] = (uint32_t)(0x02010000 | pin << 8 | line);
	f->changes[15] = 0xff;
}

static struct sim_function *addressed(void)
{
	for (unsigned i = 0; i < sim_pci.count; i++)
		if (sim_pci.function[i].number == (sim_pci.address >> 8 & 0xffff))
			return &sim_pci.function[i];
	return NULL;
}

uint32_t io_in32(uint16_t port)
{
	const struct sim_function *f = addressed();

	assert_int_equal(port, DATA);
	assert_true(sim_pci.address & 0x80000000);
	return f != NULL ? f->value[sim_pci.address >> 2 & 63] : UINT32_MAX;
}

void io_out32(uint16_t port, uint32_t value)
{
	struct sim_function *f = addressed();
	unsigned index = sim_pci.address >> 2 & 63;

	if (port == ADDRESS) {
		sim_pci.address = value;
		return;
	}
	assert_int_equal(port, DATA);
	assert_non_null(f);
	sim_pci.writes++;
	sim_pci.other_writes += index != COMMAND;
	if (index >= BAR_FIRST && index <= BAR_LAST)
		assert_int_equal(f->value[COMMAND] & 3, 0);
	f->value[index] = (f->value[index] & ~f->changes[index] & ~(value & f->clears[index])) |
	                  (value & f->changes[index]);
}

uint8_t io_in8(uint16_t port)
{
	assert_int_equal(port & ~1, ELCR);
	return sim_pci.elcr[port & 1];
}

void io_out8(uint16_t port, uint8_t value)
{
	assert_int_equal(port & ~1, ELCR);
	sim_pci.elcr[port & 1] = value;
}
