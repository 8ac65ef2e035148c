/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the figures cost at the register window: accesses of a switch with its entry, of an entry
 * alone, of an NMI exit.
 *
 * Rule: whatever the VMM's flows do is counted, from the exit to the entry.
 */
#include "tests/unit/sim_flows.h"

#include "tests/unit/sim_board.h"
#include "tests/unit/sim_window.h"
#include "vmm/core/flows.h"
#include "vmm/core/sched.h"

enum { A_BASE = 0x20, B_BASE = 0x30 };
enum { A_LINES = LINE(0) | LINE(3), B_LINES = LINE(8) | LINE(15) };

static struct vm *a, *b;

/* Two VMs, both initialised and all open; a runs. */
static void two(unsigned banks, unsigned a_priority)
{
	flow_begin(banks, 0);
	flow_claim();
	a = flow_add(A_LINES, a_priority);
	b = flow_add(B_LINES, 1);
	assert_true(flow_turn(b));
	flow_initialise(B_BASE);
	assert_true(flow_turn(a));
	flow_initialise(A_BASE);
	(void)sim_window_accesses();
}

/* A round of turns; the dearest of the switches, its entry included. */
static unsigned dearest(struct vm *const *vm, unsigned count, bool halts)
{
	unsigned most = 0;

	for (unsigned turn = 0; turn < 3 * count; turn++) {
		if (halts)
			flow_halt();
		(void)sim_window_accesses();
		assert_true(flow_turn(vm[turn % count]));
		unsigned accesses = sim_window_accesses();
		most = accesses > most ? accesses : most;
		sched_set_state(vm[turn % count], VM_READY);
		(void)flow_take_all(A_BASE);
	}
	return most;
}

static void a_switch_with_one_bank_takes_at_most_12_accesses(void **state)
{
	(void)state;
	two(1, 1);
	assert_in_range(dearest((struct vm *const[]){ b, a }, 2, false), 8, 12);
	assert_in_range(dearest((struct vm *const[]){ b, a }, 2, true), 8, 12);
}

static void a_switch_with_a_bank_each_takes_at_most_3_accesses(void **state)
{
	(void)state;
	two(0, 1);
	assert_int_equal(dearest((struct vm *const[]){ b, a }, 2, false), 2);
	assert_in_range(dearest((struct vm *const[]){ b, a }, 2, true), 2, 3);
}

static void a_switch_of_wired_vms_takes_at_most_12_accesses(void **state)
{
	(void)state;
	flow_begin(1, 0);
	a = flow_add_wired(A_LINES, 1, 0xfedcba9876543217ull, 0xfedcba9876543212ull);
	b = flow_add(B_LINES, 1);
	assert_true(flow_turn(a));
	assert_in_range(dearest((struct vm *const[]){ b, a }, 2, true), 8, 12);
}

/* The dearest: a line that all have, and that speaks while one of them runs, with the state to be
 * moved as well. */
static unsigned dearest_of_sharers(unsigned banks)
{
	struct vm *vm[3];
	unsigned most = 0;

	flow_begin(banks, 0);
	for (unsigned i = 0; i < 3; i++)
		vm[i] = flow_add(LINE(3) | LINE(9) | LINE(5 + i), 1);
	for (unsigned turn = 0; turn < 12; turn++) {
		(void)sim_window_accesses();
		assert_true(flow_turn(vm[turn % 3]));
		unsigned accesses = sim_window_accesses();
		most = accesses > most ? accesses : most;
		if (turn < 3)
			flow_initialise(A_BASE);
		board_pulse(3);
		board_pulse(9);
		if (turn & 1)
			(void)flow_take_all(A_BASE);
	}
	return most;
}

static void a_switch_of_sharers_with_one_bank_takes_at_most_12_accesses(void **state)
{
	(void)state;
	assert_in_range(dearest_of_sharers(1), 8, 12);
}

static void a_switch_of_sharers_with_a_bank_each_takes_at_most_9_accesses(void **state)
{
	(void)state;
	assert_in_range(dearest_of_sharers(0), 3, 9);
}

static void an_entry_that_changes_nothing_takes_no_access(void **state)
{
	(void)state;
	two(0, 1);
	for (unsigned i = 0; i < 3; i++) {
		board.in_guest = false;
		assert_true(flow_enter());
		board_set_line(3, i & 1);
		(void)flow_take_all(A_BASE);
	}
	assert_int_equal(sim_window_accesses(), 0);
}

/* A line that is held for a VM that is ready anyway: one look, and one write that silences it. */
static void an_nmi_exit_takes_two_accesses(void **state)
{
	(void)state;
	two(0, 2);
	flow_halt();
	assert_true(flow_turn(b));
	flow_out(0x21, 0);
	(void)sim_window_accesses();
	board_set_line(3, true);
	flow_exit_nmi();
	assert_in_range(sim_window_accesses(), 1, 2); /* status, and a's view: it was halted */
	assert_true(flow_enter());
	assert_int_equal(sim_window_accesses(), 1);
	(void)flow_enter();
	assert_int_equal(sim_window_accesses(), 0);
}

/* The VMM's own device: a look and an acknowledge, and nothing at the entry, because nothing has to
 * be masked. */
static void the_vmm_s_own_line_takes_two_accesses(void **state)
{
	(void)state;
	two(0, 1);
	board_set_line(FLOW_VMM_LINE, true);
	flow_exit_nmi();
	assert_int_equal(flow_served, 1);
	assert_true(flow_enter());
	/* The acknowledge is a write to STATUS and might have told again: it did not, so there was
	 * one look. */
	assert_int_equal(sim_window_accesses(), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, flow_power_on)
		CASE(a_switch_with_one_bank_takes_at_most_12_accesses),
		CASE(a_switch_with_a_bank_each_takes_at_most_3_accesses),
		CASE(a_switch_of_wired_vms_takes_at_most_12_accesses),
		CASE(a_switch_of_sharers_with_one_bank_takes_at_most_12_accesses),
		CASE(a_switch_of_sharers_with_a_bank_each_takes_at_most_9_accesses),
		CASE(an_entry_that_changes_nothing_takes_no_access),
		CASE(the_vmm_s_own_line_takes_two_accesses),
		CASE(an_nmi_exit_takes_two_accesses),
	};

	return cmocka_run_group_tests_name("accesses", tests, NULL, NULL);
}
