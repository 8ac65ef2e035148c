/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bus mastering that firmware left on: every function of every bus, and what keeps it.
 *
 * Rule: configuration space is a list of functions; what the VMM writes there is looked at as a
 * whole.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/pci.h"

enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc };
enum { MULTI = 0x800000, BRIDGE = 0x06040000, DISK = 0x01060100 };
enum { COMMAND = 0x107 }; /* ports, memory, bus mastering, SERR# */
#define AT(bus, device, function) ((bus) << 8 | (device) << 3 | (function))

static struct function {
	unsigned at;
	uint32_t class, header, command;
} functions[] = {
	{ AT(0, 0, 0), BRIDGE, 0, 0x100006 },
	{ AT(0, 2, 0), DISK, MULTI, 0xffb00000 | COMMAND },
	{ AT(0, 2, 3), DISK, 0, 0xffb00000 | COMMAND },
	{ AT(0, 3, 0), DISK, 0, COMMAND },
	{ AT(0, 3, 1), DISK, 0, COMMAND }, /* its device has no such function */
	{ AT(0, 4, 0), DISK, 0, 0x103 },
	{ AT(3, 31, 0), DISK, MULTI, COMMAND },
	{ AT(255, 31, 0), DISK, MULTI, 0 },
	{ AT(255, 31, 7), DISK, 0, COMMAND },
};
enum { FUNCTIONS = sizeof(functions) / sizeof(functions[0]) };

static uint32_t address;
static unsigned written;

static struct function *addressed(void)
{
	for (unsigned i = 0; i < FUNCTIONS; i++)
		if (functions[i].at == (address >> 8 & 0xffff))
			return &functions[i];
	return NULL;
}

uint32_t io_in32(uint16_t port)
{
	const struct function *f = addressed();

	assert_int_equal(port, CONFIG_DATA);
	assert_true(address & 0x80000000);
	if (f == NULL)
		return UINT32_MAX;
	switch (address & 0xff) {
	case PCI_ID:
		return 0x29228086;
	case PCI_COMMAND:
		return f->command;
	case PCI_CLASS:
		return f->class;
	default:
		return f->header;
	}
}

void io_out32(uint16_t port, uint32_t value)
{
	if (port == CONFIG_ADDRESS) {
		address = value;
		return;
	}
	assert_int_equal(address & 0xff, PCI_COMMAND);
	addressed()->command = value;
	written++;
}

static bool may(unsigned function)
{
	return function == AT(3, 31, 0);
}

static void R01_nobody_masters_the_bus_but_bridges_and_who_may(void **state)
{
	(void)state;
	assert_int_equal(pci_stop_masters(may), 4);
	assert_int_equal(written, 4);
	assert_int_equal(functions[0].command, 0x100006);
	assert_int_equal(functions[1].command, COMMAND & ~4); /* zeros clear no status */
	assert_int_equal(functions[2].command, COMMAND & ~4);
	assert_int_equal(functions[3].command, COMMAND & ~4);
	assert_int_equal(functions[4].command, COMMAND);
	assert_int_equal(functions[5].command, 0x103);
	assert_int_equal(functions[6].command, COMMAND);
	assert_int_equal(functions[8].command, COMMAND & ~4);
	assert_int_equal(pci_stop_masters(may), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R01_nobody_masters_the_bus_but_bridges_and_who_may),
	};

	return cmocka_run_group_tests_name("pci", tests, NULL, NULL);
}
