/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * R15: a line of several VMs, path by path.
 *
 * Rule: each sharer gets its interrupt, whoever ran when the line spoke and whatever became of the
 * line since.
 */
#include "tests/unit/sim_flows.h"

#include "tests/unit/sim_board.h"
#include "tests/unit/sim_window.h"
#include "vmm/core/flows.h"
#include "vmm/core/lines.h"
#include "vmm/core/sched.h"

enum { A_BASE = 0x20, B_BASE = 0x30 };

static struct vm *a, *b;

/* b was told of the line and has not looked yet; while it is away a serves what it was, and the
 * line falls. */
static void told_and_away(unsigned banks)
{
	flow_begin(banks, 0);
	a = flow_add(LINE(3) | LINE(0), 1);
	b = flow_add(LINE(3) | LINE(8), 1);
	assert_true(flow_turn(a));
	flow_initialise(A_BASE);
	assert_true(flow_turn(b));
	flow_initialise(B_BASE);
	board_set_line(3, true);
	assert_true(flow_turn(a));
	assert_int_equal(flow_take_all(A_BASE), LINE(3));
	board_set_line(3, false);
	assert_true(flow_turn(b));
	assert_int_equal(flow_take_all(B_BASE), LINE(3));
	assert_true(flow_turn(a));
	assert_int_equal(flow_take_all(A_BASE), 0);
	assert_true(flow_turn(b));
	assert_int_equal(flow_take_all(B_BASE), 0);
}

static void R15_a_sharer_s_request_outlives_the_line_with_a_bank_each(void **state)
{
	(void)state;
	told_and_away(0);
}

static void R15_a_sharer_s_request_outlives_the_line_with_one_bank(void **state)
{
	(void)state;
	told_and_away(1);
}

/* A shared line that enters another input of the block: seen, acknowledged and pending there. */
static void R15_a_shared_line_may_enter_another_input_of_the_block(void **state)
{
	const uint64_t block_input = LINE_INPUTS_OWN ^ (3ull ^ 7ull) << 12;

	(void)state;
	flow_begin(0, 0);
	a = flow_add_wired(LINE(3) | LINE(0), 1, LINE_INPUTS_OWN, block_input);
	b = flow_add_wired(LINE(3) | LINE(8), 1, LINE_INPUTS_OWN, block_input);
	assert_true(flow_turn(b));
	flow_initialise(B_BASE);
	assert_true(flow_turn(a));
	flow_initialise(A_BASE);
	for (unsigned times = 0; times < 3; times++) {
		board_pulse(3);
		assert_int_equal(flow_take_all(A_BASE), LINE(3));
		assert_int_equal(block_status(&sim_window.block), LINE(7));
		assert_true(flow_turn(b));
		assert_int_equal(block_status(&sim_window.block), 0);
		assert_int_equal(flow_take_all(B_BASE), LINE(3));
		assert_true(flow_turn(a));
		assert_int_equal(flow_take_all(A_BASE), 0);
	}
}

static void pulse_shared(void)
{
	board_pulse(3);
}

/* It speaks while its VM is switched away, and is acknowledged before the dispatcher looks: the
 * sharer that sleeps is told of it, and nobody is told again. */
static void R15_a_sleeping_sharer_is_told_once_of_what_is_acknowledged(void **state)
{
	(void)state;
	flow_begin(0, 0);
	a = flow_add(LINE(3) | LINE(0), 1);
	b = flow_add(LINE(3) | LINE(8), 1);
	struct vm *c = flow_add(LINE(5), 1);
	assert_true(flow_turn(b));
	flow_initialise(B_BASE);
	flow_halt();
	assert_true(flow_turn(a));
	flow_initialise(A_BASE);
	board.in_guest = false;
	flow_at_access(1, pulse_shared);
	assert_false(flow_turn(c));
	assert_int_equal(chipset->block.asserted(), 0);
	assert_int_equal(b->state, VM_READY);
	assert_int_equal(line_table[3].exits, 1);
	assert_true(flow_turn(c));
	board_external_nmi();
	flow_exit_nmi();
	assert_int_equal(dispatch_counters.external, 1);
	assert_int_equal(line_table[3].exits, 1);
	assert_true(flow_turn(b));
	assert_int_equal(flow_take_all(B_BASE), LINE(3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, flow_power_on)
		CASE(R15_a_sleeping_sharer_is_told_once_of_what_is_acknowledged),
		CASE(R15_a_shared_line_may_enter_another_input_of_the_block),
		CASE(R15_a_sharer_s_request_outlives_the_line_with_a_bank_each),
		CASE(R15_a_sharer_s_request_outlives_the_line_with_one_bank),
	};

	return cmocka_run_group_tests_name("sharing", tests, NULL, NULL);
}
