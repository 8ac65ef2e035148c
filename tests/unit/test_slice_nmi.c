/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An NMI beside a slice timer whose end is an NMI: whose was it, and what does it lead to? Path by
 * path, on the chipset block.
 *
 * Rule: each test plays one path from power-on; what happens at random moments is the
 * test_run...'s.
 */
#include "tests/unit/sim_flows.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/slice_timer.h"
#include "chipset/block/window.h"
#include "tests/unit/sim_board.h"
#include "tests/unit/sim_slice.h"
#include "tests/unit/sim_window.h"
#include "vmm/core/flows.h"
#include "vmm/core/lines.h"
#include "vmm/core/sched.h"
#include "vmm/core/trace.h"
#include "vmm/core/turn.h"

enum { SLICE = 1000, SOON = 500, LOW_BASE = 0x20, HIGH_BASE = 0x30 };

static struct vm *low, *high;
static uint64_t recorded; /* trace entries when a test began */

/* A VM runs in a slice; the other one of higher priority sleeps, so that its lines end the turn. */
static void begin(void)
{
	flow_begin(0, 0);
	high = flow_add(LINE(8) | LINE(15), 2);
	low = flow_add(LINE(0) | LINE(3), 1);
	assert_true(flow_turn(high));
	flow_initialise(HIGH_BASE);
	flow_halt();
	assert_true(flow_turn(low));
	flow_initialise(LOW_BASE);
	sim_slice_attach(NULL);
	slice_timer_arm(SLICE);
	processor.turn = (struct turn){ .slice_end = fake_tsc + SLICE,
		                        .deadline = fake_tsc + SLICE };
	recorded = processor.trace.count;
	board.nmis = 0;
}

/* The slices that have ended since then. */
static unsigned ended_slices(void)
{
	unsigned count = 0;

	for (uint64_t i = recorded; i < processor.trace.count; i++)
		count += processor.trace.entry[i % TRACE_ENTRIES].event == TRACE_SLICE;
	return count;
}

static void pass(uint64_t moments)
{
	for (; moments > 0; moments--) {
		fake_tsc++;
		sim_slice_moment();
	}
}

/* What the back end does at an NMI exit (arch/x86/virt/svm/exit.c), and the exit's handler. */
static void leave_by_nmi(void)
{
	assert_true(board.nmi_exit);
	board.nmi_exit = board.in_guest = false;
	board_take_nmi();
	(void)nmi_take();
	if (slice_timer_ended())
		dispatch_timer(low, true);
	else
		dispatch_exit(low);
}

static void expect(unsigned slices, unsigned external)
{
	assert_int_equal(ended_slices(), slices);
	assert_int_equal(dispatch_counters.external, external);
	assert_int_equal(nmi_count, 0);
}

static void R18_an_nmi_of_the_timer_alone_ends_the_slice(void **state)
{
	(void)state;
	begin();
	pass(SLICE);
	assert_int_equal(board.nmis, 1);
	leave_by_nmi();
	expect(1, 0);
	slice_timer_arm(SLICE);
	sim_window_direct_nmi(); /* the timer's is accounted for: the next one is another's */
	dispatch_counted(low);
	expect(1, 1);
}

static void R18_one_that_comes_in_the_vmm_ends_it_too(void **state)
{
	(void)state;
	begin();
	board.in_guest = false;
	pass(SLICE);
	assert_int_equal(nmi_count, 1);
	dispatch_counted(low);
	expect(1, 0);
}

static void R18_one_that_comes_while_nobody_runs_ends_nothing(void **state)
{
	(void)state;
	begin();
	board.in_guest = false;
	pass(SLICE);
	dispatch_counted(NULL);
	expect(0, 0);
	assert_false(slice_timer_ended());
}

static void R08_R18_one_nmi_may_be_the_timers_and_a_lines(void **state)
{
	(void)state;
	begin();
	board.nmi_blocked = true; /* two that come together are one */
	pass(SLICE);
	board_set_line(8, true);
	board.nmi_blocked = board.nmi_waits = false;
	board.nmi_exit = true;
	leave_by_nmi();
	expect(1, 0);
	assert_int_equal(line_table[8].exits, 1);
	assert_int_equal(high->state, VM_READY);
	assert_true(processor.attention);
}

static void R08_R18_two_may_be_looked_at_together(void **state)
{
	(void)state;
	begin();
	board.in_guest = false;
	pass(SLICE);
	board_set_line(8, true);
	assert_int_equal(nmi_count, 2);
	dispatch_counted(low);
	expect(1, 0);
	assert_int_equal(line_table[8].exits, 1);
}

/* The counter says so first, and a line's NMI comes; the timer's own is late. */
static void end_told_by_a_line(bool anew)
{
	begin();
	sim_slice.nmi_at += 20;
	pass(SLICE + 10);
	assert_int_equal(board.nmis, 0);
	board_set_line(8, true);
	leave_by_nmi();
	expect(1, 0);
	assert_int_equal(line_table[8].exits, 1);
	if (anew) {
		slice_timer_arm(SLICE);
		board_raise_nmi(SIM_SLICE_NMI);
	} else {
		pass(20);
	}
	assert_int_equal(nmi_count, 1);
	dispatch_counted(low);
	expect(1, 0);
}

static void R06_R18_an_end_told_at_a_lines_nmi_leaves_one_to_come(void **state)
{
	(void)state;
	end_told_by_a_line(false);
}

static void R06_R18_it_may_come_after_the_next_slice_has_begun(void **state)
{
	(void)state;
	end_told_by_a_line(true);
}

static void R06_R18_an_end_that_nobody_waits_for_any_more_is_no_external_nmi(void **state)
{
	(void)state;
	begin();
	board.in_guest = false;
	pass(SLICE);
	assert_int_equal(nmi_count, 1);
	slice_timer_arm(SLICE); /* another VM is brought in before anybody looks */
	dispatch_counted(low);
	expect(0, 0);
}

static void R08_a_line_before_the_end_ends_no_slice(void **state)
{
	(void)state;
	begin();
	pass(SOON);
	board_set_line(8, true);
	leave_by_nmi();
	expect(0, 0);
	assert_int_equal(line_table[8].exits, 1);
}

static void R06_an_external_nmi_before_the_end_is_told(void **state)
{
	(void)state;
	begin();
	pass(SOON);
	sim_window_direct_nmi(); /* one that no block knows of */
	leave_by_nmi();
	expect(0, 1);
	board.in_guest = false;
	board_external_nmi();
	dispatch_counted(low);
	expect(0, 2);
}

static void R06_one_that_the_block_tells_is_told_beside_the_timers(void **state)
{
	(void)state;
	begin();
	board.nmi_blocked = true;
	pass(SLICE);
	board_external_nmi();
	board.nmi_blocked = board.nmi_waits = false;
	board.nmi_exit = true;
	leave_by_nmi();
	expect(1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, flow_power_on)
		CASE(R18_an_nmi_of_the_timer_alone_ends_the_slice),
		CASE(R18_one_that_comes_in_the_vmm_ends_it_too),
		CASE(R18_one_that_comes_while_nobody_runs_ends_nothing),
		CASE(R08_R18_one_nmi_may_be_the_timers_and_a_lines),
		CASE(R08_R18_two_may_be_looked_at_together),
		CASE(R06_R18_an_end_told_at_a_lines_nmi_leaves_one_to_come),
		CASE(R06_R18_it_may_come_after_the_next_slice_has_begun),
		CASE(R06_R18_an_end_that_nobody_waits_for_any_more_is_no_external_nmi),
		CASE(R08_a_line_before_the_end_ends_no_slice),
		CASE(R06_an_external_nmi_before_the_end_is_told),
		CASE(R06_one_that_the_block_tells_is_told_beside_the_timers),
	};

	return cmocka_run_group_tests_name("slice_nmi", tests, NULL, NULL);
}
