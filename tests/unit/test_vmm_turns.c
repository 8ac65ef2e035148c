/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's own share of the processor: background work, the start of a VM, sleep.
 */
#include "tests/unit/check.h"
#include "tests/unit/turns_kit.h"

#include "arch/x86/cpu/nmi.h"

/* run.c: the background work waits so long for an interrupt, and so often. */
enum { WORK_WAITS = 3, WAITS_US = 200 + 400 + 800 };

/* ---- The background work beside ready VMs ---- */

/* The highest VM runs, and the work is due. */
static void begin_with_work(void)
{
	kit_begin(kit_ladder);
	processor.vm = &kit.own[2];
	kit.work_due = processor.housekeeping_due = fake_tsc;
}

static void the_work_takes_its_turn(void **state)
{
	(void)state;
	begin_with_work();
	assert_null(run_decide(cpu_tsc(), false));
	assert_int_equal(kit.portions, 1);
}

/* A reported line holds the block's output up until the mask is written. */
static void R13_starved_work_lets_each_line_be_heard(void **state)
{
	(void)state;
	begin_with_work();
	kit.starved = 3;
	assert_null(run_decide(cpu_tsc(), false));
	assert_int_equal(kit.portions, 4); /* background_run() looks at the mask each time */
}

static void R13_a_request_comes_before_the_work(void **state)
{
	(void)state;
	begin_with_work();
	kit.requests = LINE(0);
	assert_ptr_equal(run_decide(cpu_tsc(), false), &kit.own[2]);
	assert_int_equal(kit.portions, 0);
	assert_int_equal(kit.put_away, 0);
}

/* The request is held then, and no NMI tells of the request any more. */
static void R13_a_request_that_comes_while_its_vm_is_put_away_comes_before_the_work(void **state)
{
	(void)state;
	begin_with_work();
	kit.requests_after = LINE(0);
	assert_null(run_decide(cpu_tsc(), false));
	assert_int_equal(kit.put_away, 1);
	assert_true(processor.attention);
	processor.housekeeping_due = fake_tsc; /* the UART may want the work at once */
	assert_ptr_equal(run_decide(cpu_tsc(), false), &kit.own[2]);
	assert_int_equal(kit.portions, 0);
}

static void R13_a_handler_comes_before_the_work(void **state)
{
	(void)state;
	begin_with_work();
	kit.handler = true;
	assert_null(run_decide(cpu_tsc(), false)); /* the work is put off */
	assert_ptr_equal(run_decide(cpu_tsc(), false), &kit.own[2]);
	assert_int_equal(kit.portions + kit.put_away, 0);
	kit.handler = false;
	processor.housekeeping_due = fake_tsc;
	assert_null(run_decide(cpu_tsc(), false));
	assert_int_equal(kit.portions, 1);
}

/* A device with a request at each put-away of the device's VM. */
static void R14_requests_that_come_late_do_not_keep_the_work_waiting(void **state)
{
	(void)state;
	begin_with_work();
	kit.requests_after = LINE(0);
	for (unsigned i = 0; i < 3 * WORK_WAITS && kit.portions == 0; i++) {
		kit.requests = 0;
		processor.vm = &kit.own[2];
		(void)run_decide(cpu_tsc(), false);
		fake_tsc = processor.housekeeping_due;
	}
	assert_int_equal(kit.portions, 1);
}

/* A guest with interrupts off for ever: the work takes few exits of the guest's until it comes. */
static void R14_a_request_for_ever_does_not_keep_the_work_waiting(void **state)
{
	uint64_t began;
	unsigned waits = 0;

	(void)state;
	begin_with_work();
	kit.requests_after = LINE(0);
	for (began = fake_tsc; kit.portions == 0 && waits <= WORK_WAITS; waits++) {
		(void)run_decide(cpu_tsc(), false);
		processor.vm = &kit.own[2];
		if (kit.portions == 0)
			fake_tsc = processor.housekeeping_due;
	}
	assert_int_equal(kit.portions, 1);
	assert_int_equal(waits, WORK_WAITS + 1);
	assert_in_range(fake_tsc - began, tsc_from_us(WAITS_US), tsc_from_us(WAITS_US + 100));
}

/* ---- A start in steps ---- */

static void count_an_nmi(void)
{
	nmi_count = kit.steps == 3;
}

static void R12_a_vm_that_starts_stops_at_an_nmi(void **state)
{
	(void)state;
	kit_begin(kit_equals);
	kit.own[0].starting = true;
	kit.on_step = count_an_nmi;
	assert_null(run_decide(cpu_tsc(), false));
	assert_int_equal(kit.steps, 3);
	assert_int_equal(kit.own[0].run_ticks, 3 * KIT_STEP);
	assert_int_equal(kit.own[0].slice_left, KIT_SLICE - 3 * KIT_STEP);
}

static unsigned interrupt_at(void)
{
	nmi_count = kit.steps == 4;
	return nmi_count;
}

static const struct chipset asked = { .name = "asked",
	                              .masks_in_hardware = true,
	                              .mux.route = kit_set_route,
	                              .block.mask = kit_set_mask,
	                              .interrupted = interrupt_at };

/* On soft: interrupts do not come as NMIs there. */
static void R13_a_vm_that_starts_looks_for_interrupts(void **state)
{
	(void)state;
	kit_begin(kit_ladder);
	kit.own[2].starting = true;
	chipset = &asked;
	assert_null(run_decide(cpu_tsc(), false));
	assert_int_equal(kit.steps, 4);
}

static void call_for_a_decision(void)
{
	processor.attention = kit.steps == 2;
}

static void R13_a_vm_that_starts_stops_for_a_decision(void **state)
{
	(void)state;
	kit_begin(kit_ladder);
	kit.own[2].starting = true;
	kit.on_step = call_for_a_decision;
	assert_null(run_decide(cpu_tsc(), false));
	assert_int_equal(kit.steps, 2);
}

static void R18_a_vm_that_starts_has_its_slice_and_no_more(void **state)
{
	(void)state;
	kit_begin(kit_equals);
	sched_end_turn(&kit.own[2]);
	assert_ptr_equal(sched_pick(), &kit.own[0]);
	kit.own[0].starting = true;
	assert_null(run_decide(cpu_tsc(), false));
	assert_int_equal(kit.steps, KIT_SLICE / KIT_STEP);
	assert_int_equal(kit.own[0].slice_left, 0);
	assert_ptr_equal(sched_pick(), &kit.own[1]);
}

static void the_housekeeping_comes_between_the_steps_of_a_start(void **state)
{
	(void)state;
	kit_begin(kit_ladder);
	kit.own[2].starting = true;
	processor.housekeeping_due = fake_tsc + 5 * KIT_STEP;
	assert_null(run_decide(cpu_tsc(), false));
	assert_int_equal(kit.steps, 5);
}

/* ---- The rest of the loop ---- */

static void stop_all(void)
{
	for (unsigned i = 0; i < KIT_VMS; i++)
		sched_set_state(&kit.own[i], VM_STOPPED);
}

static void a_vm_leaves_the_chipset_before_another_one_starts(void **state)
{
	(void)state;
	kit_begin(kit_ladder);
	processor.vm = &kit.own[0];
	kit.own[2].starting = true;
	processor.housekeeping_due = fake_tsc + KIT_STEP;
	assert_null(run_decide(cpu_tsc(), false));
	assert_int_equal(kit.put_away, 1);
	assert_null(processor.vm);
	assert_true(kit.steps > 0);
}

static void nobody_to_run_leaves_the_vmms_own_lines_open(void **state)
{
	(void)state;
	kit_begin(kit_equals);
	stop_all();
	assert_null(run_decide(cpu_tsc(), false));
	assert_int_equal(kit.halts, 1);
	assert_int_equal(kit.mask_now, (line_set)~LINE(4));
	assert_true(processor.attention);
}

static unsigned looks, nmi_at;

/* Interrupts do not come as NMIs here: the VMM looks for interrupts, and time goes on. */
static unsigned look(void)
{
	fake_tsc += KIT_STEP;
	if (++looks == nmi_at)
		nmi_count = 1;
	return nmi_count;
}

static const struct chipset clock_and_interrupts = { .name = "clock and interrupts",
	                                             .masks_in_hardware = true,
	                                             .mux.route = kit_set_route,
	                                             .block.mask = kit_set_mask,
	                                             .interrupted = look };

static void R13_vms_that_stand_at_an_error_are_waited_for(void **state)
{
	(void)state;
	for (unsigned times = 0; times < 2; times++) {
		kit_begin(kit_equals);
		kit.own[0].controller.lines = LINE(13);
		kit.own[1].controller.lines = LINE(0);
		sched_set_frozen(&kit.own[0]);
		sched_set_frozen(&kit.own[1]);
		sched_set_state(&kit.own[2], VM_STOPPED);
		processor.housekeeping_due = fake_tsc + 10 * KIT_STEP;
		looks = 0;
		nmi_at = times == 0 ? 4 : 100;
		chipset = &clock_and_interrupts;
		assert_null(run_decide(cpu_tsc(), false));
		assert_int_equal(kit.mask_now, (line_set) ~(LINE(0) | LINE(4) | LINE(13)));
		assert_int_equal(looks, times == 0 ? 4 : 10); /* a line, or housekeeping */
		assert_true(processor.attention);
	}
}

static void R17_the_routes_change_at_each_exit_where_that_is_configured(void **state)
{
	static const struct vmm_config plain;

	(void)state;
	for (unsigned routes = 0; routes < 2; routes++) {
		kit_begin(kit_equals);
		kit.quits = true;
		kit.own[0].at_exit = routes ? AT_EXIT_ROUTES : 0;
		assert_int_equal(run_all(&plain, &kit_nobody), 0);
		assert_int_equal(kit.own[0].exits[VM_EXIT_CPUID], 1);
		assert_int_equal(kit.left, routes);
	}
}

static unsigned takes_a_while(void)
{
	fake_tsc += KIT_STEP;
	return 0;
}

static const struct chipset slow = {
	.name = "slow",
	.masks_in_hardware = true,
	.mux.route = kit_set_route,
	.block.mask = kit_set_mask,
	.interrupted = takes_a_while,
};

/* No VM's timer runs: the VMM waits by the TSC for the status line and for the end of the run. */
static void with_no_vm_at_all_the_housekeeping_comes_in_time(void **state)
{
	static const struct vmm_config ends = { .seconds = 1 };
	uint64_t now;

	(void)state;
	kit_begin_run(&ends, kit_equals);
	stop_all();
	chipset = &slow;
	kit.work_due = fake_tsc + 7 * KIT_STEP;
	processor.housekeeping_due = 0;
	assert_null(run_decide(cpu_tsc(), false));
	assert_int_equal(kit.halts, 0);
	assert_int_equal(fake_tsc, kit.work_due);
	assert_true(processor.attention); /* for a look at the housekeeping */
	kit.work_due += 100 * KIT_STEP;
	processor.housekeeping_due = kit.work_due;
	nmi_count = 1; /* a line speaks behind the housekeeping: the VMM does not wait */
	now = fake_tsc;
	assert_null(run_decide(cpu_tsc(), false));
	assert_int_equal(fake_tsc, now);
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
