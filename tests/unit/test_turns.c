/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns: the order of VMs, the end of a slice, the wait of a switch.
 */
#include "tests/unit/check.h"
#include "tests/unit/turns_kit.h"

enum { SERVICE_WAIT_US = 200 }; /* run.c: how long a switch waits for an EOI */

/* ---- Whose turn ---- */

static void R18_equals_take_turns_in_order(void **state)
{
	(void)state;
	kit_begin(kit_equals);
	struct vm *before = run_decide(cpu_tsc(), false);

	sched_end_turn(before);
	assert_int_equal(processor.turn.slice_end, 0);
	turn_leave(before, fake_tsc);
	assert_int_equal(before->slice_left, 0); /* a slice given away is gone */
	before = sched_pick();
	for (unsigned i = 0; i < 2 * KIT_VMS; i++) {
		sched_end_turn(before);
		assert_int_equal(sched_pick()->number, (before->number + 1) % KIT_VMS);
		before = sched_pick();
	}
}

static void R13_the_highest_priority_comes_first(void **state)
{
	(void)state;
	kit_begin(kit_ladder);
	assert_ptr_equal(sched_pick(), &kit.own[2]);
	sched_set_state(&kit.own[2], VM_HALTED);
	assert_ptr_equal(sched_pick(), &kit.own[1]);
}

static void a_vm_alone_has_nobody_to_share_with(void **state)
{
	(void)state;
	kit_begin(kit_ladder);
	assert_false(sched_contended(&kit.own[2]));
	assert_true(sched_others_ready(&kit.own[2]));
	kit_begin(kit_equals);
	assert_true(sched_contended(&kit.own[2]));
	assert_false(sched_others_ready(&kit.own[2]));
	sched_set_state(&kit.own[0], VM_HALTED);
	sched_set_state(&kit.own[1], VM_HALTED);
	assert_false(sched_contended(&kit.own[2]));
}

static void the_processor_sleeps_in_the_vm_that_was_woken_last(void **state)
{
	(void)state;
	kit_begin(kit_equals);
	for (unsigned i = 0; i < KIT_VMS; i++)
		sched_set_state(&kit.own[i], VM_HALTED);
	sched_wake(&kit.own[1]);
	assert_ptr_equal(sched_pick(), &kit.own[1]);
	sched_set_state(&kit.own[1], VM_HALTED);
	assert_ptr_equal(sched_idle_vm(), &kit.own[1]);
}

static void the_processor_does_not_sleep_in_a_vm_that_stands_at_an_error(void **state)
{
	(void)state;
	kit_begin(kit_equals);
	for (unsigned i = 0; i < KIT_VMS; i++)
		sched_set_frozen(&kit.own[i]);
	assert_int_equal(kit.own[1].state, VM_HALTED);
	assert_null(sched_pick());
	assert_null(sched_idle_vm());
	assert_true(sched_anybody_halted());
	sched_wake(&kit.own[1]);
	assert_ptr_equal(sched_pick(), &kit.own[1]);
	processor.vm = &kit.own[1];
	sched_set_frozen(&kit.own[1]); /* by the same error once more */
	assert_null(sched_idle_vm());
	sched_set_state(&kit.own[1], VM_READY);
	sched_set_state(&kit.own[1], VM_HALTED); /* by a HLT */
	assert_ptr_equal(sched_idle_vm(), &kit.own[1]);
	for (unsigned i = 0; i < KIT_VMS; i++)
		sched_set_state(&kit.own[i], VM_STOPPED);
	assert_false(sched_anybody_halted());
}

/* The VM of nmi=vm:NAME in a HLT with interrupts off: a line of its own makes it ready, and it
 * sleeps on in its turns. */
static void R06_a_vm_with_interrupts_off_sleeps_until_its_nmi(void **state)
{
	struct vm *vm = &kit.own[1];

	(void)state;
	kit_begin(kit_equals);
	for (unsigned i = 0; i < KIT_VMS; i++)
		sched_set_state(&kit.own[i], VM_HALTED);
	kit.if_clear = kit.gets_nmis = true;
	vm->asleep = true;
	sched_wake(vm);
	assert_ptr_equal(run_decide(1, false), vm);
	assert_true(vm->asleep && kit.halted);
	sched_set_state(vm, VM_READY);
	vm->at_entry = AT_ENTRY_NMI;
	assert_ptr_equal(run_decide(2, false), vm);
	assert_false(vm->asleep || kit.halted);
}

/* A HLT that did not exit. */
static void R06_only_the_vm_of_the_nmis_may_halt_with_interrupts_off(void **state)
{
	(void)state;
	for (unsigned gets = 0; gets < 2; gets++) {
		kit_begin(kit_equals);
		for (unsigned i = 0; i < KIT_VMS; i++)
			sched_set_state(&kit.own[i], i == 1 ? VM_READY : VM_STOPPED);
		assert_ptr_equal(run_decide(1, false), &kit.own[1]);
		assert_true(kit.own[1].dozes);
		kit.if_clear = kit.halted = true;
		kit.gets_nmis = gets;
		(void)run_decide(2, false);
		assert_int_equal(kit.own[1].state, gets ? VM_HALTED : VM_STOPPED);
	}
}

/* ---- The end of a slice ---- */

static void R18_a_slice_ends_by_the_tsc(void **state)
{
	(void)state;
	kit_begin(kit_equals);
	assert_ptr_equal(run_decide(cpu_tsc(), false), &kit.own[0]);
	assert_int_equal(kit.timer, KIT_SLICE);
	fake_tsc += KIT_SLICE;
	turn_look(&kit.own[0]);
	assert_true(processor.attention);
	assert_ptr_equal(sched_pick(), &kit.own[1]);
}

static void R18_a_vm_that_exits_is_looked_at_and_gets_the_rest(void **state)
{
	(void)state;
	kit_begin(kit_equals);
	assert_ptr_equal(run_decide(cpu_tsc(), false), &kit.own[0]);
	fake_tsc += KIT_SLICE / 2;
	unsigned exits = 0;

	while (!turn_is_due(trace_record(TRACE_EXIT, 0, 0, 0)))
		assert_true(++exits <= 4); /* each takes the VMM 2,000 instructions at most */
	turn_look(&kit.own[0]);
	assert_int_equal(kit.timer, KIT_SLICE - KIT_SLICE / 2);
	assert_in_range(processor.turn.look - (uint32_t)processor.trace.count, 1, 4);
	assert_false(processor.attention);
}

static void what_is_left_of_a_slice_stays_the_vms(void **state)
{
	(void)state;
	kit_begin(kit_equals);
	assert_ptr_equal(run_decide(cpu_tsc(), false), &kit.own[0]);
	fake_tsc += 2000;
	turn_leave(&kit.own[0], fake_tsc);
	assert_int_equal(kit.own[0].slice_left, KIT_SLICE - 2000);
	assert_ptr_equal(run_decide(cpu_tsc(), false), &kit.own[0]);
	assert_int_equal(kit.timer, KIT_SLICE - 2000);
	turn_end();
	turn_leave(&kit.own[0], fake_tsc);
	assert_int_equal(kit.own[0].slice_left, 0);
	assert_ptr_equal(run_decide(cpu_tsc(), false), &kit.own[0]);
	assert_int_equal(kit.timer, KIT_SLICE);
}

static void nobody_elses_turn_and_no_end(void **state)
{
	(void)state;
	kit_begin(kit_ladder);
	assert_ptr_equal(run_decide(cpu_tsc(), false), &kit.own[2]);
	assert_int_equal(processor.turn.slice_end, 0);
	assert_int_equal(processor.turn.deadline, processor.housekeeping_due);
}

/* ---- The wait for an EOI ---- */

/* Uses vm's slice up. vm has an interrupt in service: vm_switch() refuses a switch at first. */
static void use_up_slice(struct vm *vm)
{
	assert_ptr_equal(run_decide(cpu_tsc(), false), vm);
	fake_tsc += KIT_SLICE;
	turn_look(vm);
	assert_ptr_not_equal(sched_pick(), vm);
}

static void R11_the_wait_for_an_eoi_has_an_end(void **state)
{
	(void)state;
	kit_begin(kit_equals);
	use_up_slice(&kit.own[0]);
	assert_ptr_equal(run_decide(cpu_tsc(), false), &kit.own[0]);
	assert_true(kit.own[0].switch_waits);
	assert_int_equal(kit.timer, tsc_from_us(SERVICE_WAIT_US));
	fake_tsc += tsc_from_us(SERVICE_WAIT_US) / 2;
	turn_look(&kit.own[0]);
	assert_false(processor.turn.waited);
	assert_ptr_equal(run_decide(cpu_tsc(), false),
	                 &kit.own[0]); /* and the end stays in place */
	fake_tsc += tsc_from_us(SERVICE_WAIT_US) / 2;
	turn_look(&kit.own[0]);
	assert_true(processor.turn.waited && processor.attention);
	assert_ptr_equal(run_decide(cpu_tsc(), false), &kit.own[1]);
}

static void R13_a_vm_above_does_not_wait_for_an_eoi(void **state)
{
	(void)state;
	kit_begin(kit_ladder);
	processor.vm = &kit.own[0];
	assert_ptr_equal(run_decide(cpu_tsc(), false), &kit.own[2]);
	assert_false(kit.own[0].switch_waits);
	assert_int_equal(kit.attempts, 2);
}

static void a_vm_that_halts_in_a_handler_is_not_waited_for(void **state)
{
	(void)state;
	kit_begin(kit_ladder);
	assert_ptr_equal(run_decide(cpu_tsc(), false), &kit.own[2]);
	sched_set_state(&kit.own[2], VM_HALTED);
	assert_ptr_equal(run_decide(cpu_tsc(), false), &kit.own[1]);
	assert_false(kit.own[2].switch_waits);
}

static void a_wait_that_nobody_needs_ends(void **state)
{
	(void)state;
	kit_begin(kit_equals);
	use_up_slice(&kit.own[0]);
	assert_ptr_equal(run_decide(cpu_tsc(), false), &kit.own[0]);
	sched_set_state(&kit.own[1], VM_HALTED);
	sched_set_state(&kit.own[2], VM_HALTED);
	kit.attempts = 0;
	assert_ptr_equal(run_decide(cpu_tsc(), false), &kit.own[0]);
	assert_false(kit.own[0].switch_waits);
	assert_int_equal(processor.turn.slice_end, 0);
	assert_int_equal(kit.attempts, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R18_equals_take_turns_in_order),
		cmocka_unit_test(R13_the_highest_priority_comes_first),
		cmocka_unit_test(a_vm_alone_has_nobody_to_share_with),
		cmocka_unit_test(the_processor_sleeps_in_the_vm_that_was_woken_last),
		cmocka_unit_test(the_processor_does_not_sleep_in_a_vm_that_stands_at_an_error),
		cmocka_unit_test(R06_a_vm_with_interrupts_off_sleeps_until_its_nmi),
		cmocka_unit_test(R06_only_the_vm_of_the_nmis_may_halt_with_interrupts_off),
		cmocka_unit_test(R18_a_slice_ends_by_the_tsc),
		cmocka_unit_test(R18_a_vm_that_exits_is_looked_at_and_gets_the_rest),
		cmocka_unit_test(what_is_left_of_a_slice_stays_the_vms),
		cmocka_unit_test(nobody_elses_turn_and_no_end),
		cmocka_unit_test(R11_the_wait_for_an_eoi_has_an_end),
		cmocka_unit_test(R13_a_vm_above_does_not_wait_for_an_eoi),
		cmocka_unit_test(a_vm_that_halts_in_a_handler_is_not_waited_for),
		cmocka_unit_test(a_wait_that_nobody_needs_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
