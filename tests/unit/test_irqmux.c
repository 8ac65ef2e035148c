/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding the chipset block on the PCI bus, and what is said where it is not, or not right.
 *
 * Rule: every refusal is tested by its whole line, because the line is what the user gets.
 */
#include "tests/unit/sim_flows.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/pci.h"
#include "chipset/block/window.h"
#include "tests/unit/fake_log.h"
#include "tests/unit/sim8259.h"
#include "tests/unit/sim_board.h"
#include "tests/unit/sim_window.h"

#include <errno.h>
#include <string.h>

static void power_on(void)
{
	board_reset();
	sim_window_attach();
	printed_clear();
}

static void assert_said(const char *line)
{
	if (strstr(printed(), line) == NULL)
		fail_msg("it said: %s", printed());
}

static void refused(const char *line)
{
	assert_int_equal(chipset_init("irqmux", 0), -ENODEV);
	assert_said(line);
	assert_said("chipset=irqmux: this machine has none of what it needs\n");
	assert_true(chipset_window == 0);
	assert_int_equal(sim_window.writes, 0);
}

static void the_block_is_found_and_left_quiet(void **state)
{
	(void)state;
	power_on();
	assert_int_equal(chipset_init("irqmux", 0), 0);
	assert_string_equal(chipset->name, "irqmux");
	assert_true(chipset_window == (sim_window.bar & ~15u));
	assert_int_equal(sim_window.command, PCI_COMMAND_MEMORY);
	assert_int_equal(sim_window.block.route, 0);
	assert_int_equal(sim_window.block.mask, 0xffff);
	assert_string_equal(printed(), "");
}

static void auto_takes_the_block_first(void **state)
{
	(void)state;
	power_on();
	assert_int_equal(chipset_init("auto", 0), 0);
	assert_string_equal(chipset->name, "irqmux");
}

static void a_machine_without_the_block_is_told_and_auto_takes_pc(void **state)
{
	(void)state;
	power_on();
	sim_window_detach();
	refused("chipset irqmux: no PCI function 1234:5b0c on bus 0\n");
	printed_clear();
	assert_int_equal(chipset_init("auto", 0), 0);
	assert_string_equal(chipset->name, "pc");
}

static void another_function_of_the_vendor_is_not_it(void **state)
{
	(void)state;
	power_on();
	sim_window.ids = 0x11111234; /* the same vendor's display */
	refused("chipset irqmux: no PCI function 1234:5b0c on bus 0\n");
}

/* A function that is not its device's first is there only if the first says so. */
static void a_second_function_is_found_where_the_first_tells_of_it(void **state)
{
	(void)state;
	power_on();
	sim_window.function = 5 << 3 | 3;
	refused("chipset irqmux: no PCI function 1234:5b0c on bus 0\n");
	sim_window.header = 0x80;
	assert_int_equal(pci_find(WINDOW_PCI_VENDOR, WINDOW_PCI_DEVICE), 5 << 3 | 3);
	assert_int_equal(chipset_init("irqmux", 0), 0);
}

static void a_function_without_memory_is_refused(void **state)
{
	(void)state;
	/* none; ports; 64 bits; below 1 MiB */
	static const uint32_t bars[] = { 0, 0xc001, 0xc0000004, 0xc0000002 };

	for (unsigned i = 0; i < sizeof(bars) / sizeof(bars[0]); i++) {
		power_on();
		sim_window.bar = bars[i];
		refused("chipset irqmux: the firmware gave PCI function 1234:5b0c no memory for "
		        "its registers\n");
		assert_int_equal(sim_window.command, 0);
	}
}

static void a_window_of_another_kind_is_refused(void **state)
{
	(void)state;
	power_on();
	sim_window.id = 0x12345678;
	refused("chipset irqmux: register window 12345678 version 1.0; this VMM knows 584f4253 "
	        "versions 1 and 2\n");
}

static void an_unknown_version_is_refused(void **state)
{
	(void)state;
	power_on();
	sim_window.version = 0x00000009;
	refused("chipset irqmux: register window 584f4253 version 0.9; this VMM knows 584f4253 "
	        "versions 1 and 2\n");
	power_on();
	sim_window.version = 0x00030002;
	refused("chipset irqmux: register window 584f4253 version 3.2; this VMM knows 584f4253 "
	        "versions 1 and 2\n");
	printed_clear();
	assert_int_equal(chipset_init("auto", 0), 0);
	assert_string_equal(chipset->name, "pc");
}

static void a_newer_minor_version_is_taken(void **state)
{
	(void)state;
	power_on();
	sim_window.version = 0x00010007;
	assert_int_equal(chipset_init("irqmux", 0), 0);
}

static void an_unknown_realisation_is_told(void **state)
{
	(void)state;
	power_on();
	assert_int_equal(chipset_init("best", 0), -EINVAL);
	assert_string_equal(
		printed(),
		"signalbox: chipset=best: no such realisation in this image; it has: irqmux, pc, "
		"soft; the image signalbox-apic has apic\n");
}

static unsigned banks_used(unsigned vm_total)
{
	uint32_t used = 0;

	for (unsigned i = 0; i < vm_total; i++)
		used |= 1u << flow_add(LINE(8 + i), 1)->controller.window.bank;
	return (unsigned)__builtin_popcount(used);
}

static void R16_more_banks_than_there_are_is_told(void **state)
{
	(void)state;
	power_on();
	assert_int_equal(chipset_init("irqmux", 20), 0);
	assert_string_equal(
		printed(),
		"signalbox: banks=20: chipset irqmux has 16 interrupt controllers; the word is "
		"cut to that\n");
	assert_int_equal(banks_used(4), 4);
}

static void R16_a_block_with_one_bank_is_enough(void **state)
{
	(void)state;
	power_on();
	sim_window.banks = 1;
	assert_int_equal(chipset_init("irqmux", 2), 0);
	assert_string_equal(
		printed(),
		"signalbox: banks=2: chipset irqmux has 1 interrupt controller; the word is cut "
		"to that\n");
	assert_int_equal(banks_used(4), 1);
}

/* A window that claims more than its state registers have room for, and one that claims none. */
static void R16_strange_numbers_of_banks_do_no_harm(void **state)
{
	(void)state;
	power_on();
	sim_window.banks = 255;
	assert_int_equal(chipset_init("irqmux", 0), 0);
	assert_int_equal(chipset->banks(0), BLOCK_BANKS);
	sim_window.banks = 0;
	assert_int_equal(chipset->banks(0), 1);
	assert_int_equal(banks_used(4), 1);
}

static void R16_as_many_banks_are_used_as_wanted(void **state)
{
	(void)state;
	power_on();
	assert_int_equal(chipset_init("irqmux", 3), 0);
	assert_string_equal(printed(), "");
	assert_int_equal(banks_used(5), 3);
}

/* A bank that is not there takes no line (docs/register-window.md, 3.1). */
static void R16_a_bank_that_is_not_there_takes_no_line(void **state)
{
	(void)state;
	power_on();
	assert_int_equal(chipset_init("irqmux", 0), 0);
	(void)flow_add(LINE(3), 1);
	mmio_write64(chipset_window + WINDOW_SELECT, (uint64_t)99 << 48 | 0xffff0000 | LINE(3));
	assert_int_equal(sim_window.block.route, 0);
	board_set_line(3, true);
	assert_int_equal(chipset->block.asserted(), LINE(3));
}

/* What a wide access brings to the ports goes to the controller. */
static void wide_accesses_reach_the_controller(void **state)
{
	uint8_t value = 0;

	(void)state;
	power_on();
	assert_int_equal(chipset_init("irqmux", 0), 0);
	assert_int_equal(chipset->controller.port_write(NULL, 0x21, 0x5a), 0);
	assert_int_equal(chipset->controller.port_read(NULL, 0x21, &value), 0);
	assert_int_equal(value, 0x5a);
	assert_int_equal(chipset->controller.pending_vector(NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, flow_power_on)
		CASE(the_block_is_found_and_left_quiet),
		CASE(auto_takes_the_block_first),
		CASE(a_machine_without_the_block_is_told_and_auto_takes_pc),
		CASE(another_function_of_the_vendor_is_not_it),
		CASE(a_second_function_is_found_where_the_first_tells_of_it),
		CASE(a_function_without_memory_is_refused),
		CASE(a_window_of_another_kind_is_refused),
		CASE(an_unknown_version_is_refused),
		CASE(a_newer_minor_version_is_taken),
		CASE(an_unknown_realisation_is_told),
		CASE(R16_more_banks_than_there_are_is_told),
		CASE(R16_a_block_with_one_bank_is_enough),
		CASE(R16_strange_numbers_of_banks_do_no_harm),
		CASE(R16_as_many_banks_are_used_as_wanted),
		CASE(R16_a_bank_that_is_not_there_takes_no_line),
		CASE(wide_accesses_reach_the_controller),
	};

	return cmocka_run_group_tests_name("irqmux", tests, NULL, NULL);
}
