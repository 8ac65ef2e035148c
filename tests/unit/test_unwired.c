/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line that no wire feeds, of a device that the VMM makes: on the block, on the model, and on the
 * parts of a PC. The wire of the same number is the VMM's own.
 *
 * Rule: each test begins at power-on, and plays the guest at the ports.
 */
#include "tests/unit/sim_flows.h"

#include "arch/x86/cpu/nmi.h"
#include "tests/unit/sim8259.h"
#include "tests/unit/sim_board.h"
#include "vmm/core/flows.h"

#include <errno.h>

enum { DEVICE = FLOW_VMM_LINE, A_BASE = 0x20, B_BASE = 0x30 };

static struct vm *a, *b;

/* ---- The block ---- */

/* Two VMs on so many banks, both open; a has the device, and runs. */
static void two(unsigned banks)
{
	flow_begin(banks, 0);
	flow_claim();
	a = flow_add(LINE(0) | LINE(3), 1);
	a->controller.unwired = LINE(DEVICE);
	chipset->controller.reset(&a->controller, a->controller.lines, 0);
	b = flow_add(LINE(8), 1);
	assert_true(flow_turn(b));
	flow_initialise(B_BASE);
	assert_true(flow_turn(a));
	flow_initialise(A_BASE);
}

static void drive(bool high)
{
	chipset_route(NULL);
	chipset->controller.drive(&a->controller, DEVICE, high);
	assert_true(flow_enter());
}

static void a_rise_reaches_the_guest_that_runs_once(void **state)
{
	(void)state;
	two(0);
	drive(true);
	assert_int_equal(flow_take(A_BASE), DEVICE);
	assert_int_equal(flow_take(A_BASE), -1);
	drive(true);
	board_pulse(3);
	assert_int_equal(flow_take_all(A_BASE), LINE(3) | LINE(DEVICE));
}

static void a_fall_takes_back_what_was_not_taken(void **state)
{
	(void)state;
	two(0);
	drive(true);
	board_set_line(0, true);
	drive(false);
	assert_int_equal(flow_take_all(A_BASE), LINE(0));
}

static void the_wire_of_that_number_stays_the_vmm_s(void **state)
{
	(void)state;
	two(0);
	board_pulse(DEVICE);
	flow_exit_nmi();
	assert_int_equal(flow_served, 1);
	assert_true(flow_enter());
	assert_int_equal(flow_take(A_BASE), -1);
}

static void what_was_not_taken_is_there_in_the_next_turn(void **state)
{
	(void)state;
	for (unsigned banks = 1; banks <= 2; banks++) {
		two(banks);
		drive(true);
		assert_true(flow_turn(b));
		assert_int_equal(flow_take(B_BASE), -1);
		assert_int_equal(chipset->controller.deliverable(&a->controller, 0), LINE(DEVICE));
		assert_true(flow_turn(a));
		assert_int_equal(flow_take_all(A_BASE), LINE(DEVICE));
	}
}

static void a_request_waits_for_the_guest_that_is_away(void **state)
{
	(void)state;
	for (unsigned banks = 1; banks <= 2; banks++) {
		two(banks);
		assert_true(flow_turn(b));
		assert_int_equal(chipset->controller.deliverable(&a->controller, 0), 0);
		chipset->controller.request(&a->controller, DEVICE);
		assert_int_equal(chipset->controller.deliverable(&a->controller, 0), LINE(DEVICE));
		assert_true(flow_turn(a));
		assert_int_equal(flow_take_all(A_BASE), LINE(DEVICE));
	}
}

static void what_the_guest_has_masked_is_not_deliverable(void **state)
{
	(void)state;
	two(0);
	flow_out(0x21, LINE(DEVICE));
	drive(true);
	assert_int_equal(flow_take(A_BASE), -1);
	assert_true(flow_turn(b));
	assert_int_equal(chipset->controller.deliverable(&a->controller, 0), 0);
	assert_true(flow_turn(a));
	flow_out(0x21, 0);
	assert_int_equal(flow_take(A_BASE), DEVICE);
}

/* The wire enters another input, and the device's own input is a's: a wire of b's. */
static void the_input_is_the_device_s_wherever_the_wire_goes(void **state)
{
	(void)state;
	flow_begin(0, 0);
	a = flow_add(LINE(0), 1);
	a->controller.unwired = LINE(DEVICE);
	chipset->controller.reset(&a->controller, a->controller.lines, 0);
	b = flow_add_wired(LINE(DEVICE), 1, line_set_input(LINE_INPUTS_OWN, DEVICE, 7),
	                   LINE_INPUTS_OWN);
	assert_true(flow_turn(a));
	flow_initialise(A_BASE);
	assert_true(flow_turn(b));
	flow_initialise(B_BASE);
	chipset->controller.request(&a->controller, DEVICE);
	board_pulse(DEVICE);
	assert_int_equal(flow_take_all(B_BASE), LINE(7));
	assert_true(flow_turn(a));
	assert_int_equal(flow_take_all(A_BASE), LINE(DEVICE));
}

static void a_restart_forgets_the_requests_and_keeps_the_line(void **state)
{
	(void)state;
	two(0);
	drive(true);
	assert_true(flow_turn(b));
	chipset->controller.request(&a->controller, DEVICE);
	chipset->controller.reset(&a->controller, a->controller.lines, 0);
	assert_int_equal(a->controller.unwired, LINE(DEVICE));
	assert_true(flow_turn(a));
	flow_initialise(A_BASE);
	assert_int_equal(flow_take(A_BASE), -1);
}

/* ---- The parts of a PC ---- */

static struct controller pc;

static int write(uint16_t port, uint8_t value)
{
	return chipset->controller.port_write(&pc, port, value);
}

static uint8_t read(uint16_t port)
{
	uint8_t value = 0;

	assert_int_equal(chipset->controller.port_read(&pc, port, &value), 0);
	return value;
}

/* A VM with the device runs, open. */
static void on_pc(void)
{
	static const uint8_t icw[] = { 0x11, 0x20, 4, 1 };

	board_reset();
	assert_int_equal(chipset_init("pc", 0), 0);
	chipset->block.claim(LINE(DEVICE), true);
	pc = (struct controller){ .unwired = LINE(DEVICE) };
	chipset->controller.reset(&pc, LINE(0) | LINE(7), 0);
	chipset->block.claim(pc.lines, false);
	chipset_route(&pc);
	for (unsigned i = 0; i < 4; i++)
		(void)write(i ? 0x21 : 0x20, icw[i]);
	assert_int_equal(write(0x21, 0), -EACCES); /* lines of others, too */
	(void)chipset->block.read_status(nmi_take());
}

static void pc_opens_the_line_and_never_the_wire(void **state)
{
	(void)state;
	on_pc();
	assert_int_equal(write(0x21, (uint8_t) ~(LINE(0) | LINE(7) | LINE(DEVICE))), 0);
	assert_int_equal(sim_pic.chip[SIM_MASTER].imr & LINE(DEVICE), LINE(DEVICE));
	board_set_line(DEVICE, true);
	(void)chipset->block.read_status(nmi_take());
	assert_false(sim_pic_interrupt());
	assert_int_equal(chipset->block.asserted() & LINE(DEVICE), LINE(DEVICE));
	assert_int_equal(chipset->controller.deliverable(&pc, 0), 0);
	assert_int_equal(chipset->controller.pending_vector(&pc), -1);
	chipset->controller.request(&pc, 7); /* a lower request is not held up by the wire's */
	assert_int_equal(chipset->controller.pending_vector(&pc), 0x27);
	write(0x20, 0x0a);
	assert_int_equal(read(0x20), LINE(7));
}

static void pc_injects_a_rise_and_shows_it(void **state)
{
	(void)state;
	on_pc();
	chipset->controller.drive(&pc, DEVICE, true);
	assert_true(pc.changed);
	assert_int_equal(pc.open & OPEN_MASTER_COMMAND, 0);
	write(0x20, 0x0a);
	assert_int_equal(read(0x20), LINE(DEVICE));
	assert_int_equal(chipset->controller.pending_vector(&pc), 0x24);
	chipset->controller.injected(&pc);
	assert_int_equal(chipset->controller.pending_vector(&pc), -1);
	write(0x20, 0x0b);
	assert_int_equal(read(0x20), LINE(DEVICE));
	write(0x20, 0x20);
	assert_int_equal(pc.open & OPEN_MASTER_COMMAND, OPEN_MASTER_COMMAND);
}

static void pc_takes_back_what_was_not_injected(void **state)
{
	(void)state;
	on_pc();
	chipset->controller.drive(&pc, DEVICE, true);
	chipset->controller.drive(&pc, DEVICE, false);
	assert_int_equal(chipset->controller.pending_vector(&pc), -1);
	assert_int_equal(pc.open & OPEN_MASTER_COMMAND, OPEN_MASTER_COMMAND);
}

static void pc_keeps_a_request_while_the_vm_is_away(void **state)
{
	(void)state;
	on_pc();
	chipset->controller.drive(&pc, DEVICE, true);
	assert_int_equal(chipset->controller.save(&pc, false), 0);
	assert_int_equal(chipset->block.asserted(), 0); /* it is no wire's */
	assert_int_equal(chipset->controller.deliverable(&pc, 0), LINE(DEVICE));
	chipset->controller.restore(&pc);
	assert_int_equal(chipset->controller.pending_vector(&pc), 0x24);
	chipset->controller.injected(&pc);
	assert_int_equal(chipset->controller.save(&pc, true), 0);
	assert_int_equal(chipset->controller.deliverable(&pc, 0), 0);
	chipset->controller.reset(&pc, LINE(0), 0);
	assert_int_equal(pc.unwired, LINE(DEVICE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, flow_power_on)
		CASE(a_rise_reaches_the_guest_that_runs_once),
		CASE(a_fall_takes_back_what_was_not_taken),
		CASE(the_wire_of_that_number_stays_the_vmm_s),
		CASE(what_was_not_taken_is_there_in_the_next_turn),
		CASE(a_request_waits_for_the_guest_that_is_away),
		CASE(what_the_guest_has_masked_is_not_deliverable),
		CASE(the_input_is_the_device_s_wherever_the_wire_goes),
		CASE(a_restart_forgets_the_requests_and_keeps_the_line),
		CASE(pc_opens_the_line_and_never_the_wire),
		CASE(pc_injects_a_rise_and_shows_it),
		CASE(pc_takes_back_what_was_not_injected),
		CASE(pc_keeps_a_request_while_the_vm_is_away),
	};

	return cmocka_run_group_tests_name("unwired", tests, NULL, NULL);
}
