/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What pc asks of the chips' ports: accesses of a switch and of an NMI exit, with and without lines
 * of the slave.
 *
 * Rule: each test begins at power-on. Whatever the VMM does at a port is counted.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/virt/virt.h"
#include "chipset/chipset.h"
#include "tests/unit/sim8259.h"
#include "tests/unit/sim_board.h"

enum { MASTER_COMMAND = 0x20, MASTER_DATA, SLAVE_COMMAND = 0xa0, SLAVE_DATA };

enum { PIN = 2 }; /* accesses to the I/O APIC for a pin */

static struct controller a, b;
static unsigned accesses;
uint64_t fake_tsc;

static void count(void)
{
	accesses++;
}

static void initialise(struct controller *c)
{
	static const uint8_t icw[] = { 0x11, 0x20, 4, 1 };

	for (unsigned i = 0; i < 4; i++) {
		(void)chipset->controller.port_write(c, i ? MASTER_DATA : MASTER_COMMAND, icw[i]);
		(void)chipset->controller.port_write(c, i ? SLAVE_DATA : SLAVE_COMMAND,
		                                     icw[i] == 4 ? 2
		                                     : icw[i] == 1
		                                             ? 1
		                                             : (uint8_t)(icw[i] + 8 * (i == 1)));
	}
	(void)chipset->controller.port_write(c, MASTER_DATA, 0);
	(void)chipset->controller.port_write(c, SLAVE_DATA, 0);
}

/* Two VMs with these lines, both initialised with all open; a runs. */
static void begin(line_set of_a, line_set of_b)
{
	board_reset();
	board.between = NULL;
	assert_int_equal(chipset_init("pc", 0), 0);
	chipset->controller.reset(&a, of_a, 0);
	chipset->controller.reset(&b, of_b, 0);
	chipset->block.claim(of_a, false);
	chipset->block.claim(of_b, false);
	chipset_route(&b);
	initialise(&b);
	chipset_route(&a);
	initialise(&a);
	(void)chipset->block.read_status(nmi_take());
	chipset_mask(0);
	board.between = count;
}

/* Returns the accesses of a switch from a to b, with the entry. */
static unsigned to_b(void)
{
	accesses = 0;
	chipset_route(&b);
	chipset_mask(0);
	return accesses;
}

/* Returns the accesses of an NMI exit for a line of b's. */
static unsigned nmi_exit(unsigned line)
{
	board.in_guest = true;
	board_set_line(line, true);
	board.in_guest = board.nmi_exit = false;
	accesses = 0;
	assert_int_equal(chipset->block.identify_line(), (int)line);
	return accesses;
}

static void the_slave_costs_nothing_without_lines(void **state)
{
	(void)state;
	begin(LINE(0) | LINE(3), LINE(5));
	uint8_t mask = sim_pic.chip[SIM_SLAVE].imr;

	assert_int_equal(nmi_exit(5), 4 + PIN);
	assert_int_equal(to_b(), 8 + 2 * PIN); /* a's pins are armed */
	assert_int_equal(sim_pic.chip[SIM_SLAVE].imr, mask);
	assert_int_equal(mask, 0xff);
}

static void a_guest_without_lines_of_the_slave_does_not_reach_it(void **state)
{
	(void)state;
	begin(LINE(0) | LINE(3), LINE(5));
	assert_int_equal(a.open & OPEN_SLAVE_COMMAND, 0);
	assert_int_not_equal(a.open & OPEN_MASTER_COMMAND, 0);
	(void)chipset->controller.port_write(&a, SLAVE_COMMAND, 0x11); /* its ICWs once more */
	(void)chipset->controller.port_write(&a, SLAVE_DATA, 0x70);
	(void)chipset->controller.port_write(&a, SLAVE_DATA, 2);
	(void)chipset->controller.port_write(&a, SLAVE_DATA, 1);
	(void)chipset->controller.port_write(&a, SLAVE_DATA, 0);
	assert_int_equal(sim_pic.chip[SIM_SLAVE].imr, 0xff);
	uint8_t value;
	assert_int_equal(chipset->controller.port_read(&a, SLAVE_DATA, &value), 0);
	assert_int_equal(value, 0);
	board_set_line(3, true);
	assert_int_equal(sim_pic_acknowledge(), 0x23);
}

static void lines_of_the_slave_are_seen_from_their_claim_on(void **state)
{
	(void)state;
	begin(LINE(0) | LINE(3), LINE(8) | LINE(15));
	assert_int_equal(nmi_exit(15), 5 + PIN); /* the slave's IRR is read as well */
	assert_int_equal(to_b(), 11 + 3 * PIN);
	assert_int_equal(sim_pic_acknowledge(), 0x2f);
}

/* A wake-up of b makes 4 + 15 = 19 accesses (docs/how-it-works.md). */
static void the_look_leaves_out_the_slave_of_its_only_owner(void **state)
{
	(void)state;
	begin(LINE(8) | LINE(15), LINE(0) | LINE(3));
	assert_int_equal(nmi_exit(3), 4 + PIN);
	assert_int_equal(to_b(), 15 + 3 * PIN);
	assert_int_equal(sim_pic_acknowledge(), 0x23);
	begin(LINE(8) | LINE(15), LINE(3) | LINE(11)); /* two owners */
	assert_int_equal(nmi_exit(11), 8 + PIN);
	begin(LINE(8) | LINE(15), LINE(3));
	chipset->block.claim(LINE(11), true); /* the VMM's own */
	assert_int_equal(nmi_exit(11), 8);
}

/* Whichever of the chips' selects the guest has changed: after a look, and after another turn. */
static void R07_a_look_at_one_chip_leaves_both_selects(void **state)
{
	(void)state;
	for (unsigned chips = 0; chips < 4; chips++) {
		begin(LINE(1) | LINE(8) | LINE(15), LINE(0) | LINE(3));
		board_set_line(15, true);
		assert_int_equal(sim_pic_acknowledge(), 0x2f); /* ISR is not IRR */
		sim_pic_write(MASTER_COMMAND, chips & 1 ? 0x0b : 0x0a);
		sim_pic_write(SLAVE_COMMAND, chips & 2 ? 0x0b : 0x0a);
		(void)nmi_exit(3);
		if (chipset_mask_due())
			chipset_mask(0);
		assert_int_equal(sim_pic_read(MASTER_COMMAND), chips & 1 ? 4 : LINE(3));
		assert_int_equal(sim_pic_read(SLAVE_COMMAND), chips & 2 ? 0x80 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_slave_costs_nothing_without_lines),
		cmocka_unit_test(a_guest_without_lines_of_the_slave_does_not_reach_it),
		cmocka_unit_test(lines_of_the_slave_are_seen_from_their_claim_on),
		cmocka_unit_test(the_look_leaves_out_the_slave_of_its_only_owner),
		cmocka_unit_test(R07_a_look_at_one_chip_leaves_both_selects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
