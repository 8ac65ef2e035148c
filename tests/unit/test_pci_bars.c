/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the machine says of a PCI function: ranges of its BARs, and lines that PIRQs feed.
 *
 * Rule: configuration space is as before when a function has been looked at.
 */
#include "tests/unit/check.h"
#include "tests/unit/sim_pci.h"

#include "arch/x86/machine/pci.h"
#include "arch/x86/machine/pci_bars.h"

#include <string.h>

enum { NIC = SIM_PCI(5, 0), PIIX3 = SIM_PCI(1, 0), ICH9 = SIM_PCI(31, 0) };

static int begin(void **state)
{
	(void)state;
	sim_pci_reset();
	return 0;
}

static void bars_are_found_with_their_bytes(void **state)
{
	static const struct {
		unsigned bar, registers;
		struct pci_range range;
	} rows[] = {
		{ 0, 1, { 0xfeb80000, 0x20000, false } },    { 1, 1, { 0xc000, 64, true } },
		{ 2, 2, { 0x20e0000000, 16 << 10, false } }, { 4, 1, { 0, 0, false } },
		{ 5, 1, { 0xfebf0000, 256, false } }, /* says 64 bits, and has no second register */
	};
	struct sim_function *f = sim_pci_add(NIC, 0x10d38086, 0x02000003);
	struct pci_bars bars;
	struct pci_range range;

	(void)state;
	sim_pci_bar(f, 0, 0xfeb80000, 0x20000, 0);
	sim_pci_bar(f, 1, 0xc000, 64, 1);
	f->changes[5] &= 0xffff; /* the upper half is fixed */
	sim_pci_bar(f, 2, 0xe0000000, 16 << 10, 0xc);
	f->value[7] = 0x20;
	f->changes[7] = UINT32_MAX;
	sim_pci_bar(f, 5, 0xfebf0000, 256, 4);
	struct sim_function before = *f;

	pci_read_bars(NIC, &bars);
	assert_memory_equal(&before, f, sizeof(before));
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(pci_bar_range(&bars, rows[i].bar, &range), rows[i].registers);
		assert_true(range.first == rows[i].range.first);
		assert_true(range.bytes == rows[i].range.bytes);
		assert_true(rows[i].range.bytes == 0 || range.ports == rows[i].range.ports);
	}
}

static void a_device_is_no_bridge(void **state)
{
	(void)state;
	sim_pci_add(NIC, 0x10d38086, 0x02000003)->value[3] = 0x00800000;
	sim_pci_add(PIIX3, 0x70008086, 0x06010000);
	sim_pci_add(SIM_PCI(7, 0), 0x12345678, 0x02000000)->value[3] = 0x00010000;
	assert_true(pci_is_device(NIC));
	assert_false(pci_is_device(PIIX3));
	assert_false(pci_is_device(SIM_PCI(7, 0)));
	assert_false(pci_is_device(SIM_PCI(8, 0)));
}

static void the_chipset_s_pirqs_feed_lines(void **state)
{
	(void)state;
	assert_int_equal(pci_fed_lines(), 0); /* another chipset */
	struct sim_function *f = sim_pci_add(ICH9, 0x29188086, 0x06010002);
	f->value[0x60 / 4] = 0x0b0b0a0a;
	f->value[0x68 / 4] = 0x80800580;
	assert_int_equal(pci_fed_lines(), LINE(10) | LINE(11) | LINE(5));
	f = sim_pci_add(PIIX3, 0x70008086, 0x06010000);
	f->value[0x60 / 4] = 0x870d000c; /* 7, off; 13 and 0: no lines for a level; 12 */
	f->value[0x68 / 4] = 0x05050505;
	assert_int_equal(pci_fed_lines(), LINE(12));
}

static void lines_of_pirqs_are_level_triggered(void **state)
{
	(void)state;
	struct sim_function *f = sim_pci_add(PIIX3, 0x70008086, 0x06010000);
	f->value[0x60 / 4] = 0x80800b05;
	sim_pci.elcr[1] = 0x02; /* line 9, the firmware's */
	pci_sense_by_level();
	assert_int_equal(sim_pci.elcr[0], 0x20);
	assert_int_equal(sim_pci.elcr[1], 0x0a);
	sim_pci.elcr[0] = sim_pci.elcr[1] = 0xff; /* there is no such register */
	f->value[0x60 / 4] = 0x80800b05;
	pci_sense_by_level();
	assert_int_equal(sim_pci.elcr[0], 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(bars_are_found_with_their_bytes, begin),
		cmocka_unit_test_setup(a_device_is_no_bridge, begin),
		cmocka_unit_test_setup(the_chipset_s_pirqs_feed_lines, begin),
		cmocka_unit_test_setup(lines_of_pirqs_are_level_triggered, begin),
	};

	return cmocka_run_group_tests_name("pci_bars", tests, NULL, NULL);
}
