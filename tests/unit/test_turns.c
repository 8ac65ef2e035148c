/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns: who is next, when a slice ends, how long a switch waits.
 */
#include "tests/unit/turns.h"

/* ---- Whose turn ---- */

static void R18_equals_take_turns_in_order(void **state)
{
	(void)state;
	begin(equals);
	struct vm *before = sched_pick();

	processor.vm = before;
	begin_turn(before, fake_tsc, false);
	sched_end_turn(before);
	assert_int_equal(processor.turn.slice_end, 0);
	turn_leave(before, fake_tsc);
	assert_int_equal(before->slice_left, 0); /* what is given away is gone */
	before = sched_pick();
	for (unsigned i = 0; i < 2 * VMS; i++) {
		sched_end_turn(before);
		assert_int_equal(sched_pick()->number, (before->number + 1) % VMS);
		before = sched_pick();
	}
}

static void R13_the_highest_priority_comes_first(void **state)
{
	(void)state;
	begin(ladder);
	assert_ptr_equal(sched_pick(), &own[2]);
	sched_set_state(&own[2], VM_HALTED);
	assert_ptr_equal(sched_pick(), &own[1]);
}

static void a_vm_alone_has_nobody_to_share_with(void **state)
{
	(void)state;
	begin(ladder);
	assert_false(sched_contended(&own[2]));
	assert_true(sched_others_ready(&own[2]));
	begin(equals);
	assert_true(sched_contended(&own[2]));
	assert_false(sched_others_ready(&own[2]));
	sched_set_state(&own[0], VM_HALTED);
	sched_set_state(&own[1], VM_HALTED);
	assert_false(sched_contended(&own[2]));
}

static void the_processor_sleeps_in_the_vm_that_was_woken_last(void **state)
{
	(void)state;
	begin(equals);
	for (unsigned i = 0; i < VMS; i++)
		sched_set_state(&own[i], VM_HALTED);
	sched_wake(&own[1]);
	assert_ptr_equal(sched_pick(), &own[1]);
	sched_set_state(&own[1], VM_HALTED);
	assert_ptr_equal(sched_idle_vm(), &own[1]);
}

static void the_processor_does_not_sleep_in_a_vm_that_stands_at_an_error(void **state)
{
	(void)state;
	begin(equals);
	for (unsigned i = 0; i < VMS; i++)
		sched_set_frozen(&own[i]);
	assert_int_equal(own[1].state, VM_HALTED);
	assert_null(sched_pick());
	assert_null(sched_idle_vm());
	assert_true(sched_anybody_halted());
	sched_wake(&own[1]);
	assert_ptr_equal(sched_pick(), &own[1]);
	processor.vm = &own[1];
	sched_set_frozen(&own[1]); /* by the same error once more */
	assert_null(sched_idle_vm());
	sched_set_state(&own[1], VM_READY);
	sched_set_state(&own[1], VM_HALTED); /* by a HLT */
	assert_ptr_equal(sched_idle_vm(), &own[1]);
	for (unsigned i = 0; i < VMS; i++)
		sched_set_state(&own[i], VM_STOPPED);
	assert_false(sched_anybody_halted());
}

/* ---- The end of a slice ---- */

static void R18_a_slice_ends_by_the_tsc(void **state)
{
	(void)state;
	begin(equals);
	processor.vm = &own[0];
	begin_turn(&own[0], fake_tsc, false);
	assert_int_equal(timer, SLICE);
	fake_tsc += SLICE;
	turn_look(&own[0]);
	assert_true(processor.attention);
	assert_ptr_equal(sched_pick(), &own[1]);
}

static void R18_a_vm_that_exits_is_looked_at_and_gets_the_rest(void **state)
{
	(void)state;
	begin(equals);
	processor.vm = &own[0];
	begin_turn(&own[0], fake_tsc, false);
	fake_tsc += SLICE / 2;
	unsigned exits = 0;

	while (!turn_is_due(trace_record(TRACE_EXIT, 0, 0, 0)))
		assert_true(++exits <= 4); /* each takes the VMM 2,000 instructions at most */
	turn_look(&own[0]);
	assert_int_equal(timer, SLICE - SLICE / 2);
	assert_in_range(processor.turn.look - (uint32_t)trace_ring.count, 1, 4);
	assert_false(processor.attention);
}

static void what_is_left_of_a_slice_stays_the_vms(void **state)
{
	(void)state;
	begin(equals);
	processor.vm = &own[0];
	begin_turn(&own[0], fake_tsc, false);
	fake_tsc += 2000;
	turn_leave(&own[0], fake_tsc);
	assert_int_equal(own[0].slice_left, SLICE - 2000);
	begin_turn(&own[0], fake_tsc, false);
	assert_int_equal(timer, SLICE - 2000);
	turn_end();
	turn_leave(&own[0], fake_tsc);
	assert_int_equal(own[0].slice_left, 0);
	begin_turn(&own[0], fake_tsc, false);
	assert_int_equal(timer, SLICE);
}

static void nobody_elses_turn_and_no_end(void **state)
{
	(void)state;
	begin(ladder);
	processor.vm = &own[2];
	begin_turn(&own[2], fake_tsc, false);
	assert_int_equal(processor.turn.slice_end, 0);
	assert_int_equal(processor.turn.deadline, processor.housekeeping_due);
}

/* ---- The wait for an EOI ---- */

static void R11_the_wait_for_an_eoi_has_an_end(void **state)
{
	(void)state;
	begin(equals);
	processor.vm = &own[0];
	begin_turn(&own[0], fake_tsc, false);
	fake_tsc += SLICE;
	assert_true(waits_for_eoi(&own[0], &own[1], fake_tsc));
	assert_true(own[0].switch_waits);
	assert_int_equal(timer, tsc_from_us(SERVICE_WAIT_US));
	fake_tsc += tsc_from_us(SERVICE_WAIT_US) / 2;
	turn_look(&own[0]);
	assert_false(processor.turn.waited);
	assert_true(waits_for_eoi(&own[0], &own[1], fake_tsc)); /* and the end stays where it was */
	fake_tsc += tsc_from_us(SERVICE_WAIT_US) / 2;
	turn_look(&own[0]);
	assert_true(processor.turn.waited && processor.attention);
	assert_false(waits_for_eoi(&own[0], &own[1], fake_tsc));
}

static void R13_a_vm_above_does_not_wait_for_an_eoi(void **state)
{
	(void)state;
	begin(ladder);
	processor.vm = &own[0];
	assert_false(waits_for_eoi(&own[0], &own[1], fake_tsc));
	assert_false(own[0].switch_waits);
	assert_true(waits_for_eoi(&own[1], &own[0], fake_tsc));
	sched_set_state(&own[1], VM_HALTED); /* nobody will end it */
	assert_false(waits_for_eoi(&own[1], &own[0], fake_tsc));
}

static void a_wait_that_nobody_needs_ends(void **state)
{
	(void)state;
	begin(equals);
	processor.vm = &own[0];
	assert_true(waits_for_eoi(&own[0], &own[1], fake_tsc));
	sched_set_state(&own[1], VM_HALTED);
	sched_set_state(&own[2], VM_HALTED);
	assert_ptr_equal(decide(), &own[0]);
	assert_false(own[0].switch_waits);
	assert_int_equal(processor.turn.slice_end, 0);
	assert_int_equal(attempts, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R18_equals_take_turns_in_order),
		cmocka_unit_test(R13_the_highest_priority_comes_first),
		cmocka_unit_test(a_vm_alone_has_nobody_to_share_with),
		cmocka_unit_test(the_processor_sleeps_in_the_vm_that_was_woken_last),
		cmocka_unit_test(the_processor_does_not_sleep_in_a_vm_that_stands_at_an_error),
		cmocka_unit_test(R18_a_slice_ends_by_the_tsc),
		cmocka_unit_test(R18_a_vm_that_exits_is_looked_at_and_gets_the_rest),
		cmocka_unit_test(what_is_left_of_a_slice_stays_the_vms),
		cmocka_unit_test(nobody_elses_turn_and_no_end),
		cmocka_unit_test(R11_the_wait_for_an_eoi_has_an_end),
		cmocka_unit_test(R13_a_vm_above_does_not_wait_for_an_eoi),
		cmocka_unit_test(a_wait_that_nobody_needs_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
