/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block out of PC parts, step by step on the simulated board.
 *
 * Rule: each test begins at power-on and plays one path; what happens at random moments is
 * test_run.c's.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/virt.h"
#include "chipset/chipset.h"
#include "tests/unit/sim8259.h"
#include "tests/unit/sim_board.h"

#include <errno.h>

enum { A_LINES = LINE(0) | LINE(3), B_LINES = LINE(8) | LINE(15) };

static struct controller a, b;
uint64_t fake_tsc;

static void write(struct controller *c, uint16_t port, uint8_t value)
{
	/* An OCW1 that opens what is not the VM's is told. */
	bool ocw1 = (port & 1) && c->pc.pic[port >> 7].init_step == 0;
	uint8_t own = (uint8_t)(port & 0x80 ? c->lines >> 8 : c->lines | LINE(LINE_CASCADE));
	int expected = ocw1 && (value | own) != 0xff ? -EACCES : 0;

	assert_int_equal(chipset->controller.port_write(c, port, value), expected);
}

static uint8_t read(struct controller *c, uint16_t port)
{
	uint8_t value = 0xee;

	assert_int_equal(chipset->controller.port_read(c, port, &value), 0);
	return value;
}

static void initialise(struct controller *c, uint8_t base)
{
	chipset_route(c);
	for (unsigned chip = 0; chip < 2; chip++) {
		uint16_t port = chip ? 0xa0 : 0x20;

		write(c, port, 0x11);
		write(c, port + 1, base + 8 * chip);
		write(c, port + 1, chip ? 2 : 4);
		write(c, port + 1, 1);
		write(c, port + 1, 0);
	}
}

/* Two VMs, both initialised and all open; a runs. */
static int begin(void **state)
{
	(void)state;
	board_reset();
	assert_int_equal(chipset_init("pc", 0), 0);
	chipset->controller.reset(&a, A_LINES, 0);
	chipset->controller.reset(&b, B_LINES, 0);
	chipset->block.claim(A_LINES, false);
	chipset->block.claim(B_LINES, false);
	initialise(&b, 0x30);
	initialise(&a, 0x20);
	chipset_mask(0);
	return 0;
}

/* What is left must not reach the next test: the realisation has state of its own. */
static int end(void **state)
{
	(void)state;
	for (unsigned line = 0; line < LINES; line++)
		if (line != LINE_CASCADE)
			board_set_line(line, false);
	chipset->block.acknowledge(0xffff);
	chipset_route(NULL);
	(void)chipset->block.read_status(nmi_take());
	chipset->block.acknowledge(0xffff);
	return 0;
}

static struct chipset_status look(void)
{
	return chipset->block.read_status(nmi_take());
}

static void switch_to(struct controller *from, struct controller *to)
{
	assert_int_equal(chipset->controller.save(from, false), 0);
	chipset->controller.restore(to);
	chipset_mask(1);
	chipset_mask(0);
}

static void R02_a_routed_line_reaches_the_controller_and_no_nmi(void **state)
{
	uint64_t nmis = board.nmis;

	(void)state;
	board_set_line(3, true);
	assert_true(sim_pic_interrupt());
	assert_int_equal(sim_pic_acknowledge(), 0x23);
	assert_int_equal(board.nmis, nmis);
}

static void R02_a_foreign_line_reaches_the_block_and_not_the_controller(void **state)
{
	uint64_t nmis = board.nmis;

	(void)state;
	board_set_line(8, true);
	assert_false(sim_pic_interrupt());
	assert_int_equal(board.nmis, nmis + 1);
	struct chipset_status s = look();

	assert_int_equal(s.asserted, LINE(8));
	assert_int_equal(s.fresh, LINE(8));
	assert_false(s.external);
	s = look();
	assert_int_equal(s.asserted, LINE(8)); /* it stands until it is acknowledged or routed */
	assert_int_equal(s.fresh, 0);
}

static void R08_a_held_assertion_is_delivered_when_its_vm_is_invoked(void **state)
{
	(void)state;
	board_set_line(15, true);
	(void)look();
	assert_int_equal(chipset->controller.deliverable(&b, 0), LINE(15));
	switch_to(&a, &b);
	assert_int_equal(chipset->block.asserted(), 0);
	if (chipset->controller.pending_vector(&b) >= 0) {
		assert_int_equal(chipset->controller.pending_vector(&b), 0x3f);
		chipset->controller.injected(&b);
	} else {
		assert_true(sim_pic_interrupt());
		assert_int_equal(sim_pic_acknowledge(), 0x3f);
	}
	assert_int_equal(chipset->controller.pending_vector(&b), -1); /* once */
	assert_false(sim_pic_interrupt());
}

static void R08_a_held_line_costs_one_nmi_whatever_it_does(void **state)
{
	(void)state;
	board_pulse(15);
	(void)look();
	chipset_mask(1);
	chipset_mask(0);
	uint64_t nmis = board.nmis;

	for (unsigned i = 0; i < 10; i++)
		board_pulse(15);
	assert_int_equal(board.nmis, nmis);
}

static void R10_the_command_ports_are_open_and_masks_are_filtered(void **state)
{
	(void)state;
	assert_int_equal(a.open & OPEN_MASTER_COMMAND, OPEN_MASTER_COMMAND);
	assert_int_equal(a.open & (OPEN_MASTER_DATA | OPEN_SLAVE_DATA), 0);
	write(&a, 0x21, 0x08);
	write(&a, 0xa1, 0x00);
	assert_int_equal(read(&a, 0x21), 0x08);
	assert_int_equal(read(&a, 0xa1), 0x00);
	assert_int_equal(sim_pic.chip[SIM_MASTER].imr,
	                 /* 3 by its own wish, the rest because it is not its own */
	                 (uint8_t)~LINE(0));
	assert_int_equal(sim_pic.chip[SIM_SLAVE].imr, 0xff);
}

static void R11_each_vm_finds_its_masks_and_vectors_again(void **state)
{
	(void)state;
	write(&a, 0x21, 0xf6);
	switch_to(&a, &b);
	write(&b, 0xa1, 0x7f);
	assert_int_equal(read(&b, 0x21), 0);
	switch_to(&b, &a);
	assert_int_equal(read(&a, 0x21), 0xf6);
	assert_int_equal(read(&a, 0xa1), 0);
	switch_to(&a, &b);
	assert_int_equal(read(&b, 0xa1), 0x7f);
	board_set_line(15, true);
	assert_int_equal(sim_pic_acknowledge(), 0x3f);
}

/* Bochs's 8259 serves the level that raised INTR, although another guest's masks hide the level. */
static void R08_a_request_of_the_vm_that_leaves_reaches_no_other(void **state)
{
	(void)state;
	sim_pic.level_stays = true;
	initialise(&b, 0x20); /* no ICW1 clears the masks at a switch */
	for (unsigned late = 2; late-- > 0;) {
		chipset_route(&a);
		board_set_line(8, true);
		(void)look();
		if (!late)
			board_set_line(3, true);
		assert_int_equal(chipset->controller.save(&a, false), 0);
		if (late)
			board_set_line(3, true);
		chipset->controller.restore(&b);
		assert_int_equal(sim_pic_acknowledge(), 0x28);
		write(&b, 0xa0, 0x20);
		write(&b, 0x20, 0x20);
		board_set_line(8, false);
		board_set_line(3, false);
	}
	sim_pic.level_stays = false;
}

static void R11_a_switch_waits_for_the_end_of_what_is_in_service(void **state)
{
	(void)state;
	board_set_line(0, true);
	assert_int_equal(sim_pic_acknowledge(), 0x20);
	assert_int_equal(chipset->controller.save(&a, false), -EBUSY);
	assert_int_equal(a.open, 0); /* so that the EOI is seen */
	write(&a, 0x20, 0x20);
	assert_int_equal(chipset->controller.save(&a, false), 0);
	chipset->controller.restore(&b);
}

static void R11_a_switch_by_force_keeps_it_in_software(void **state)
{
	(void)state;
	board_set_line(0, true);
	assert_int_equal(sim_pic_acknowledge(), 0x20);
	assert_int_equal(chipset->controller.save(&a, true), 0);
	chipset->controller.restore(&b);
	assert_int_equal(sim_pic.chip[SIM_MASTER].isr, 0);
	switch_to(&b, &a);
	assert_int_equal(a.open & OPEN_MASTER_COMMAND, 0);
	board_set_line(3, true);
	assert_false(sim_pic_interrupt()); /* of lower priority than what is in service */
	write(&a, 0x20, 0x0b);
	assert_int_equal(read(&a, 0x20), LINE(0));
	write(&a, 0x20, 0x20);
	assert_int_equal(a.open & OPEN_MASTER_COMMAND, OPEN_MASTER_COMMAND);
	assert_int_equal(sim_pic_acknowledge(), 0x23);
}

/* Line 3 asserts while b runs, and the replay for a drops what the chip has latched of it. */
static void lose_a_request(void)
{
	switch_to(&a, &b);
	board_set_line(3, true);
	(void)look();
	switch_to(&b, &a);
	assert_int_equal(a.inject, LINE(3));
}

static void R11_a_request_that_the_chip_lost_is_there_to_be_read(void **state)
{
	(void)state;
	lose_a_request();
	assert_int_equal(sim_pic.chip[SIM_MASTER].irr, 0);
	assert_int_equal(a.open & OPEN_MASTER_COMMAND, 0);
	write(&a, 0x20, 0x0a);
	assert_int_equal(read(&a, 0x20), LINE(3));
	assert_int_equal(chipset->controller.pending_vector(&a), 0x23);
	chipset->controller.injected(&a);
	assert_int_equal(read(&a, 0x20), 0);
	write(&a, 0x20, 0x20);
	assert_int_equal(a.open & OPEN_MASTER_COMMAND, OPEN_MASTER_COMMAND);
}

static void R11_a_request_of_the_chips_comes_before_a_lost_one_below_it(void **state)
{
	(void)state;
	lose_a_request();
	board_set_line(0, true);
	assert_int_equal(chipset->controller.pending_vector(&a), -1);
	assert_int_equal(sim_pic_acknowledge(), 0x20);
	assert_int_equal(chipset->controller.pending_vector(&a), -1); /* below what is in service */
	write(&a, 0x20, 0x20);
	assert_int_equal(chipset->controller.pending_vector(&a), 0x23);
}

static void R11_an_eoi_ends_the_higher_of_software_and_chip(void **state)
{
	(void)state;
	board_set_line(3, true);
	assert_int_equal(sim_pic_acknowledge(), 0x23);
	chipset->controller.request(&a, 0);
	assert_int_equal(chipset->controller.pending_vector(&a), 0x20);
	chipset->controller.injected(&a); /* its handler interrupts the other one */
	write(&a, 0x20, 0x20);
	assert_int_equal(a.pc.pic[0].isr, 0);
	assert_int_equal(sim_pic.chip[SIM_MASTER].isr, LINE(3));
	write(&a, 0x20, 0x20);
	assert_int_equal(sim_pic.chip[SIM_MASTER].isr, 0);
}

/* The slave's is above line 3, but for the slave something is in service still. */
static void R11_a_request_that_is_held_back_hides_no_other(void **state)
{
	const line_set lines = LINE(3) | LINE(9) | LINE(12);

	(void)state;
	chipset_route(NULL);
	chipset->controller.reset(&a, lines, 0);
	chipset->block.claim(lines, false);
	initialise(&a, 0x20);
	board_set_line(9, true);
	assert_int_equal(sim_pic_acknowledge(), 0x29);
	chipset->controller.request(&a, 3);
	chipset->controller.request(&a, 12);
	assert_int_equal(chipset->controller.pending_vector(&a), -1);
	write(&a, 0x20, 0x20); /* the master's alone */
	assert_int_equal(chipset->controller.pending_vector(&a), 0x23);
}

static void R06_an_nmi_of_no_line_is_external(void **state)
{
	(void)state;
	board_external_nmi();
	assert_true(look().external);
	assert_false(look().external);
	board_set_line(8, true);
	assert_false(look().external);
}

static unsigned storm_line;

static void storm(void)
{
	static bool within;

	if (within)
		return;
	within = true;
	board_pulse(storm_line);
	within = false;
}

/* Looks as dispatch_counted() does; returns how many looks there were. */
static unsigned look_until_quiet(unsigned *externals)
{
	unsigned looks = 0;

	while (nmi_count != 0 && looks < 10) {
		uint32_t nmis = nmi_take();

		*externals += chipset->block.read_status(nmis).external != 0;
		nmi_looked(nmis);
		looks++;
	}
	return looks;
}

/* Its line rises at each access of the VMM's to a device: no hardware is quicker. The PIT of a
 * guest comes near (count 2). */
static void R02_a_storm_of_edges_is_silenced_at_any_rate(void **state)
{
	unsigned externals = 0;

	(void)state;
	for (storm_line = 0; storm_line <= 3; storm_line += 3) {
		board.between = storm;
		for (unsigned turn = 0; turn < 5; turn++) {
			uint64_t before = board.accesses;

			assert_int_equal(chipset->controller.save(&a, true), 0);
			chipset->controller.restore(&b);
			assert_true(look_until_quiet(&externals) < 10);
			assert_int_equal(nmi_count, 0);
			assert_false(board.nmi_blocked);
			assert_true(chipset->block.asserted() & LINE(storm_line));
			assert_true(board.accesses - before < 2000);
			assert_int_equal(chipset->controller.save(&b, true), 0);
			chipset->controller.restore(&a);
			(void)look_until_quiet(&externals);
			assert_false(board.nmi_blocked);
		}
		board.between = NULL;
	}
	assert_int_equal(externals, 0);
}

/* A source that nothing silences: each look leaves NMIs open again, and the count is told. */
static void R06_a_storm_of_external_nmis_leaves_the_vmm_going(void **state)
{
	unsigned externals = 0;

	(void)state;
	for (unsigned i = 0; i < 3 * NMI_STORM; i++)
		board_external_nmi();
	assert_int_equal(nmi_count, NMI_STORM);
	assert_true(board.nmi_blocked);
	(void)look_until_quiet(&externals);
	assert_true(externals >= 1);
	assert_false(board.nmi_blocked);
	assert_int_equal(nmi_count, 0);
}

static void R10_an_initialisation_behind_the_open_port_is_caught(void **state)
{
	(void)state;
	uint32_t before = a.reinitialised;

	sim_pic_write(0x20, 0x11); /* the guest, with no exit */
	assert_int_equal(sim_pic.chip[SIM_MASTER].imr, 0);
	board_set_line(8, true); /* a foreign edge: NMI */
	(void)look();
	assert_int_equal(a.reinitialised, before + 1);
	assert_int_equal(sim_pic.chip[SIM_MASTER].imr, 0xff);
	assert_false(sim_pic_interrupt());
	assert_int_equal(chipset->block.asserted(), LINE(8));
	write(&a, 0x21, 0x48);
	write(&a, 0x21, 4);
	write(&a, 0x21, 1);
	board_set_line(3, true);
	assert_int_equal(sim_pic_acknowledge(), 0x4b);
}

static void R10_a_mode_that_a_pc_has_not_is_refused(void **state)
{
	(void)state;
	assert_int_equal(chipset->controller.port_write(&a, 0x20, 0x19), -EPERM);
	assert_int_equal(chipset->controller.port_write(&a, 0x20, 0x13), -EPERM);
	assert_int_equal(chipset->controller.port_write(&a, 0x20, 0x10), -EPERM);
	assert_int_equal(chipset->controller.port_write(&a, 0x20, 0x11), 0);
}

static void a_machine_without_the_parts_is_told(void **state)
{
	(void)state;
	platform.ioapic = 0;
	assert_int_equal(chipset_init("pc", 0), -ENODEV);
	assert_int_equal(chipset_init("best", 0), -EINVAL);
	board_reset();
	platform.has_8259 = false;
	assert_int_equal(chipset_init("auto", 0), -ENODEV);
	board_reset();
	assert_int_equal(chipset_init("auto", 0), 0);
	assert_string_equal(chipset->name, "pc");
}

/* A chip that keeps an edge whose line has fallen would tell of a line of the VMM's own at each
 * look. */
static void R14_a_served_edge_that_the_chip_keeps_goes(void **state)
{
	enum { KEYBOARD = 1 };

	(void)state;
	sim_pic.keeps_fallen_edges = true;
	chipset->block.claim(LINE(KEYBOARD), true);
	chipset_route(NULL);
	for (unsigned round = 0; round < 3; round++) {
		uint64_t nmis = board.nmis;

		board_pulse(KEYBOARD);
		assert_int_equal(board.nmis, nmis + 1);
		assert_int_equal(look().asserted & LINE(KEYBOARD), LINE(KEYBOARD));
		chipset->block.acknowledge(LINE(KEYBOARD));
		assert_int_equal(look().asserted & LINE(KEYBOARD), LINE(KEYBOARD)); /* it is kept */
		chipset->block.acknowledge(LINE(KEYBOARD));
		chipset->block.settle(LINE(KEYBOARD));
		assert_int_equal(look().asserted & LINE(KEYBOARD), 0);
		assert_int_equal(sim_pic.chip[SIM_MASTER].isr, 0);
		assert_int_equal(sim_pic.chip[SIM_MASTER].imr, 0xff);
	}
	board_external_nmi(); /* it explains no other NMI either */
	assert_true(look().external);
	sim_pic.keeps_fallen_edges = false;
}

/* A line of a VM's waits in the chip for that VM. */
static void R08_what_is_not_the_vmms_own_is_left_in_the_chip(void **state)
{
	(void)state;
	chipset_route(NULL);
	board_set_line(3, true);
	chipset->block.settle(0xffff);
	assert_int_equal(sim_pic.chip[SIM_MASTER].irr & LINE(3), LINE(3));
	assert_int_equal(look().asserted, LINE(3));
}

#define ON_BOARD(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOARD(R02_a_routed_line_reaches_the_controller_and_no_nmi),
		ON_BOARD(R02_a_foreign_line_reaches_the_block_and_not_the_controller),
		ON_BOARD(R08_a_held_assertion_is_delivered_when_its_vm_is_invoked),
		ON_BOARD(R08_a_held_line_costs_one_nmi_whatever_it_does),
		ON_BOARD(R10_the_command_ports_are_open_and_masks_are_filtered),
		ON_BOARD(R11_each_vm_finds_its_masks_and_vectors_again),
		ON_BOARD(R08_a_request_of_the_vm_that_leaves_reaches_no_other),
		ON_BOARD(R11_a_switch_waits_for_the_end_of_what_is_in_service),
		ON_BOARD(R11_a_switch_by_force_keeps_it_in_software),
		ON_BOARD(R11_a_request_that_the_chip_lost_is_there_to_be_read),
		ON_BOARD(R11_a_request_of_the_chips_comes_before_a_lost_one_below_it),
		ON_BOARD(R11_an_eoi_ends_the_higher_of_software_and_chip),
		ON_BOARD(R11_a_request_that_is_held_back_hides_no_other),
		ON_BOARD(R06_an_nmi_of_no_line_is_external),
		ON_BOARD(R02_a_storm_of_edges_is_silenced_at_any_rate),
		ON_BOARD(R06_a_storm_of_external_nmis_leaves_the_vmm_going),
		ON_BOARD(R10_an_initialisation_behind_the_open_port_is_caught),
		ON_BOARD(R10_a_mode_that_a_pc_has_not_is_refused),
		ON_BOARD(a_machine_without_the_parts_is_told),
		ON_BOARD(R14_a_served_edge_that_the_chip_keeps_goes),
		ON_BOARD(R08_what_is_not_the_vmms_own_is_left_in_the_chip),
	};

	return cmocka_run_group_tests_name("pc", tests, NULL, NULL);
}
