/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the VMM itself may take of the processor: background work, a VM that starts, sleep.
 */
#include "tests/unit/turns.h"

/* ---- The background work beside VMs that are ready ---- */

/* own[2] runs, and the work is due. */
static void begin_with_work(void)
{
	begin(ladder);
	processor.vm = &own[2];
	work_due = processor.housekeeping_due = fake_tsc;
}

static void the_work_takes_its_turn(void **state)
{
	(void)state;
	begin_with_work();
	assert_null(decide());
	assert_int_equal(portions, 1);
}

/* A line that has told of itself holds the block's output up until the mask is written. */
static void R13_starved_work_lets_each_line_be_heard(void **state)
{
	(void)state;
	begin_with_work();
	starved = 3;
	assert_null(decide());
	assert_int_equal(portions, 4); /* background_run() looks at the mask each time */
}

static void R13_a_request_comes_before_the_work(void **state)
{
	(void)state;
	begin_with_work();
	requests = LINE(0);
	assert_ptr_equal(decide(), &own[2]);
	assert_int_equal(portions, 0);
	assert_int_equal(put_away, 0);
}

/* Its request is held then, and no NMI tells of it any more. */
static void R13_a_request_that_comes_while_its_vm_is_put_away_comes_before_the_work(void **state)
{
	(void)state;
	begin_with_work();
	requests_after = LINE(0);
	assert_null(decide());
	assert_int_equal(put_away, 1);
	assert_true(processor.attention);
	processor.housekeeping_due = fake_tsc; /* the UART may want the work at once */
	assert_ptr_equal(decide(), &own[2]);
	assert_int_equal(portions, 0);
}

static void R13_a_handler_comes_before_the_work(void **state)
{
	(void)state;
	begin_with_work();
	handler = true;
	assert_null(decide()); /* the work is put off */
	assert_ptr_equal(decide(), &own[2]);
	assert_int_equal(portions + put_away, 0);
	handler = false;
	processor.housekeeping_due = fake_tsc;
	assert_null(decide());
	assert_int_equal(portions, 1);
}

/* A device whose next request always comes while its VM is put away. */
static void R14_requests_that_come_late_do_not_keep_the_work_waiting(void **state)
{
	(void)state;
	begin_with_work();
	requests_after = LINE(0);
	for (unsigned i = 0; i < 3 * WORK_WAITS && portions == 0; i++) {
		requests = 0;
		processor.vm = &own[2];
		(void)decide();
		fake_tsc += tsc_from_us(WORK_WAIT_US);
	}
	assert_int_equal(portions, 1);
}

/* A guest that keeps its interrupts off. */
static void R14_a_request_for_ever_does_not_keep_the_work_waiting(void **state)
{
	(void)state;
	begin_with_work();
	requests_after = LINE(0);
	for (unsigned i = 0; i < 3 * WORK_WAITS && portions == 0; i++) {
		(void)decide();
		processor.vm = &own[2];
		fake_tsc += tsc_from_us(WORK_WAIT_US);
	}
	assert_int_equal(portions, 1);
}

/* ---- A start in steps ---- */

static void count_an_nmi(void)
{
	nmi_count = steps == 3;
}

static void R12_a_vm_that_starts_stops_at_an_nmi(void **state)
{
	(void)state;
	begin(equals);
	own[0].starting = true;
	on_step = count_an_nmi;
	start_in_steps(&own[0], fake_tsc);
	assert_int_equal(steps, 3);
	assert_int_equal(own[0].run_ticks, 3 * STEP);
	assert_int_equal(own[0].slice_left, SLICE - 3 * STEP);
}

static unsigned interrupt_at(void)
{
	nmi_count = steps == 4;
	return nmi_count;
}

static const struct chipset asked = { .name = "asked",
	                              .masks_in_hardware = true,
	                              .mux.route = set_route,
	                              .block.mask = set_mask,
	                              .interrupted = interrupt_at };

/* On soft: interrupts do not come as NMIs there. */
static void R13_a_vm_that_starts_looks_for_interrupts(void **state)
{
	(void)state;
	begin(ladder);
	own[0].starting = true;
	chipset = &asked;
	start_in_steps(&own[0], fake_tsc);
	chipset = &block;
	assert_int_equal(steps, 4);
}

static void call_for_a_decision(void)
{
	processor.attention = steps == 2;
}

static void R13_a_vm_that_starts_stops_for_a_decision(void **state)
{
	(void)state;
	begin(ladder);
	own[0].starting = true;
	on_step = call_for_a_decision;
	start_in_steps(&own[0], fake_tsc);
	assert_int_equal(steps, 2);
}

static void R18_a_vm_that_starts_has_its_slice_and_no_more(void **state)
{
	(void)state;
	begin(equals);
	sched_end_turn(&own[2]);
	assert_ptr_equal(sched_pick(), &own[0]);
	own[0].starting = true;
	processor.attention = false;
	start_in_steps(&own[0], fake_tsc);
	assert_int_equal(steps, SLICE / STEP);
	assert_int_equal(own[0].slice_left, 0);
	assert_ptr_equal(sched_pick(), &own[1]);
}

static void the_housekeeping_comes_between_the_steps_of_a_start(void **state)
{
	(void)state;
	begin(ladder);
	own[2].starting = true;
	processor.housekeeping_due = fake_tsc + 5 * STEP;
	start_in_steps(&own[2], fake_tsc);
	assert_int_equal(steps, 5);
}

/* ---- The rest of the loop ---- */

static void a_vm_leaves_the_chipset_before_another_one_starts(void **state)
{
	(void)state;
	begin(ladder);
	processor.vm = &own[0];
	own[2].starting = true;
	processor.housekeeping_due = fake_tsc + STEP;
	assert_null(take_turn(&own[2], false, fake_tsc));
	assert_int_equal(put_away, 1);
	assert_null(processor.vm);
	assert_true(steps > 0);
}

static void nobody_to_run_leaves_the_vmms_own_lines_open(void **state)
{
	(void)state;
	begin(equals);
	assert_null(take_turn(NULL, false, fake_tsc));
	assert_int_equal(mask_now, (line_set)~LINE(4));
	assert_true(processor.attention);
}

static unsigned looks, nmi_at;

/* Where interrupts do not come as NMIs: they are looked for, and time goes on. */
static unsigned look(void)
{
	fake_tsc += STEP;
	if (++looks == nmi_at)
		nmi_count = 1;
	return nmi_count;
}

static const struct chipset clock_and_interrupts = { .name = "clock and interrupts",
	                                             .masks_in_hardware = true,
	                                             .mux.route = set_route,
	                                             .block.mask = set_mask,
	                                             .interrupted = look };

static void R13_vms_that_stand_at_an_error_are_waited_for(void **state)
{
	(void)state;
	for (unsigned times = 0; times < 2; times++) {
		begin(equals);
		own[0].controller.lines = LINE(13);
		own[1].controller.lines = LINE(0);
		sched_set_frozen(&own[0]);
		sched_set_frozen(&own[1]);
		sched_set_state(&own[2], VM_STOPPED);
		processor.housekeeping_due = fake_tsc + 10 * STEP;
		looks = 0;
		nmi_at = times == 0 ? 4 : 100;
		chipset = &clock_and_interrupts;
		processor.attention = false;
		assert_null(take_turn(NULL, false, fake_tsc));
		chipset = &block;
		assert_int_equal(mask_now, (line_set) ~(LINE(0) | LINE(4) | LINE(13)));
		assert_int_equal(looks, times == 0 ? 4 : 10); /* a line, or housekeeping */
		assert_true(processor.attention);
		own[0].controller.lines = own[1].controller.lines = 0;
	}
}

static void R17_the_routes_change_at_each_exit_where_that_is_configured(void **state)
{
	(void)state;
	begin(equals);
	run(&own[0]);
	assert_int_equal(left, 0);
	own[0].routes_at_exit = true;
	processor.attention = false;
	run(&own[0]);
	assert_int_equal(left, 1);
}

static unsigned takes_a_while(void)
{
	fake_tsc += STEP;
	return 0;
}

static const struct chipset slow = {
	.name = "slow",
	.masks_in_hardware = true,
	.mux.route = set_route,
	.block.mask = set_mask,
	.interrupted = takes_a_while,
};

/* No VM's timer runs: the VMM waits by the TSC for the status line and for the end of the run. */
static void with_no_vm_at_all_the_housekeeping_comes_in_time(void **state)
{
	(void)state;
	begin(equals);
	for (unsigned i = 0; i < VMS; i++)
		sched_set_state(&own[i], VM_STOPPED);
	chipset = &slow;
	housekeeping.end_due = fake_tsc + 10 * STEP;
	processor.housekeeping_due = fake_tsc + 7 * STEP;
	processor.attention = false;
	assert_null(take_turn(NULL, false, fake_tsc));
	assert_int_equal(halts, 0);
	assert_int_equal(fake_tsc, processor.housekeeping_due);
	assert_true(processor.attention); /* for a look at the housekeeping */
	processor.attention = false;
	processor.housekeeping_due += 100 * STEP;
	nmi_count = 1; /* a line speaks: nothing is waited for */
	uint64_t now = fake_tsc;
	assert_null(take_turn(NULL, false, now));
	assert_int_equal(fake_tsc, now);
	housekeeping.end_due = UINT64_MAX; /* nothing has a time: an NMI alone ends the sleep */
	processor.attention = false;
	assert_null(take_turn(NULL, false, now));
	assert_int_equal(halts, 1);
	chipset = &block;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_work_takes_its_turn),
		cmocka_unit_test(R13_starved_work_lets_each_line_be_heard),
		cmocka_unit_test(R13_a_request_comes_before_the_work),
		cmocka_unit_test(
			R13_a_request_that_comes_while_its_vm_is_put_away_comes_before_the_work),
		cmocka_unit_test(R13_a_handler_comes_before_the_work),
		cmocka_unit_test(R14_requests_that_come_late_do_not_keep_the_work_waiting),
		cmocka_unit_test(R14_a_request_for_ever_does_not_keep_the_work_waiting),
		cmocka_unit_test(R12_a_vm_that_starts_stops_at_an_nmi),
		cmocka_unit_test(R13_a_vm_that_starts_looks_for_interrupts),
		cmocka_unit_test(R13_a_vm_that_starts_stops_for_a_decision),
		cmocka_unit_test(R18_a_vm_that_starts_has_its_slice_and_no_more),
		cmocka_unit_test(the_housekeeping_comes_between_the_steps_of_a_start),
		cmocka_unit_test(a_vm_leaves_the_chipset_before_another_one_starts),
		cmocka_unit_test(nobody_to_run_leaves_the_vmms_own_lines_open),
		cmocka_unit_test(R13_vms_that_stand_at_an_error_are_waited_for),
		cmocka_unit_test(R17_the_routes_change_at_each_exit_where_that_is_configured),
		cmocka_unit_test(with_no_vm_at_all_the_housekeeping_comes_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
