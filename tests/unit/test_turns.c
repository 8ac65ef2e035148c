/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns: who is next, when a slice ends, how long a switch waits, what a VM that starts may take.
 *
 * Rule: the run loop's own sources decide; the test moves the TSC and looks at the timer that was
 * armed.
 */
#include "tests/unit/check.h"

#include "arch/x86/nmi.h"
#include "arch/x86/platform.h"
#include "tests/unit/sim_virt.h"

/* The source itself, for what is static in it. */
#include "vmm/run.c"

#include <string.h>

enum { VMS = 3, SLICE = 5000, STEP = 100, TICKS_PER_US = 5 };

uint64_t fake_tsc;
struct trace_ring trace_ring;
struct vm *vms[CONFIG_VMS_MAX];
unsigned vm_count;
struct vm *vm_current;
struct virt_calls virt;
bool slice_timer_by_nmi, console_work;
volatile uint32_t nmi_count;
struct chipset_standing chipset_standing;

static struct vm own[VMS];
static uint64_t timer;
static unsigned steps, left, put_away, attempts;
static void (*on_step)(void);
static line_set mask_now, requests, requests_after; /* of the VM that runs; from its being put away on */
static uint64_t work_due;
static unsigned portions; /* of the background work */

/* ---- What the run loop is built on ---- */

void vmx_set_timer(struct vcpu *v, uint64_t ticks)
{
	(void)v;
	timer = ticks;
}

void vmx_load(struct vcpu *v)
{
	(void)v;
}

enum vm_exit_reason vmx_enter(struct vcpu *v)
{
	(void)v;
	return VM_EXIT_OTHER;
}

void vmx_unblock_nmi(void)
{
}

bool vmx_skip(struct vcpu *v)
{
	(void)v;
	return false;
}

void vmx_cpuid(struct vcpu *v)
{
	(void)v;
}

bool vmx_exit_on_hlt(struct vcpu *v, bool exits)
{
	(void)v;
	return exits;
}

bool vmx_halted(struct vcpu *v)
{
	(void)v;
	return false;
}

void vmx_set_halted(struct vcpu *v, bool halted)
{
	(void)v;
	(void)halted;
}

bool vmx_in_ring_0(struct vcpu *v)
{
	(void)v;
	return true;
}

bool vmx_interrupts_on(struct vcpu *v)
{
	(void)v;
	return true;
}

uint64_t tsc_from_us(uint64_t us)
{
	return us * TICKS_PER_US;
}

void nmi_halt(void)
{
}

void dispatch_serve(unsigned line)
{
	(void)line;
}

void operator_want_status(void)
{
}

uint64_t background_due(bool idle)
{
	(void)idle;
	return work_due;
}

bool background_is_starved(void)
{
	return false;
}

void background_run(bool idle, uint64_t since)
{
	(void)since;
	(void)idle;
	assert_null(vm_current);
	portions++;
}

void dispatch_counted(struct vm *running)
{
	(void)running;
	nmi_count = 0;
}

line_set dispatch_vmm_lines(void)
{
	return LINE(4);
}

static void set_route(struct controller *c)
{
	chipset_standing.routed = c;
}

static void set_mask(line_set masked)
{
	mask_now = masked;
}

static line_set deliverable(const struct controller *c, line_set known)
{
	(void)c;
	(void)known;
	return requests;
}

static const struct chipset block = {
	.name = "block", .holds = true, .route = set_route, .mask = set_mask, .deliverable = deliverable
};
const struct chipset *chipset = &block;

int vm_switch(struct vm *next, bool force, uint64_t now)
{
	(void)now;
	attempts++;
	if (!force && vm_current != NULL)
		return -1;
	vm_current = next;
	return 0;
}

int vm_put_away(bool force, uint64_t now)
{
	(void)force;
	(void)now;
	put_away++;
	requests |= requests_after;
	vm_current = NULL;
	return 0;
}

enum vm_exit_reason vm_invoke(struct vm *vm)
{
	(void)vm;
	return VM_EXIT_CPUID;
}

void vm_leave(void)
{
	left++;
}

void exit_handle(struct vm *vm, enum vm_exit_reason reason)
{
	(void)vm;
	(void)reason;
	sched_attention = true;
}

void vm_start_step(struct vm *vm)
{
	assert_true(vm->starting);
	steps++;
	fake_tsc += STEP;
	if (on_step != NULL)
		on_step();
}

bool vm_fault(struct vm *vm, enum vm_exit_reason reason, bool fatal, const struct denial *what)
{
	(void)vm;
	(void)reason;
	(void)fatal;
	(void)what;
	return false;
}

/* ---- The machine ---- */

/* VMs of these priorities, all of them ready. */
static void begin(const unsigned priorities[VMS])
{
	static const struct vmm_config plain;

	config = &plain;
	for (unsigned i = 0; i < vm_count; i++)
		sched_set_state(vms[i], VM_STOPPED);
	memset(own, 0, sizeof(own));
	vm_count = 0;
	for (unsigned i = 0; i < VMS; i++) {
		own[i].number = (uint8_t)i;
		own[i].slice = SLICE;
		own[i].config.priority = priorities[i];
		vms[vm_count++] = &own[i];
		sched_set_state(&own[i], VM_READY);
	}
	turn = (struct turn){ .deadline = UINT64_MAX };
	vm_current = NULL;
	nmi_count = 0;
	steps = left = put_away = attempts = portions = 0;
	requests = requests_after = 0;
	work_due = status_due = end_due = UINT64_MAX;
	request_waits = 0;
	on_step = NULL;
	fake_tsc = 1000000;
	sched_chores_due = UINT64_MAX;
	sched_attention = false;
}

static const unsigned equals[VMS] = { 1, 1, 1 }, ladder[VMS] = { 1, 2, 3 };

/* ---- Whose turn ---- */

static void R18_equals_take_turns_in_order(void **state)
{
	(void)state;
	begin(equals);
	struct vm *before = sched_pick();

	vm_current = before;
	begin_turn(before, fake_tsc);
	sched_end_turn(before);
	assert_int_equal(turn.slice_end, 0);
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

/* ---- The end of a slice ---- */

static void R18_a_slice_ends_by_the_tsc(void **state)
{
	(void)state;
	begin(equals);
	vm_current = &own[0];
	begin_turn(&own[0], fake_tsc);
	assert_int_equal(timer, SLICE);
	fake_tsc += SLICE;
	turn_look(&own[0]);
	assert_true(sched_attention);
	assert_ptr_equal(sched_pick(), &own[1]);
}

static void R18_a_vm_that_exits_is_looked_at_and_gets_the_rest(void **state)
{
	(void)state;
	begin(equals);
	vm_current = &own[0];
	begin_turn(&own[0], fake_tsc);
	fake_tsc += SLICE / 2;
	unsigned exits = 0;

	while (!turn_is_due(trace_record(TRACE_EXIT, 0, 0, 0)))
		assert_true(++exits <= 4); /* each takes the VMM 2,000 instructions at most */
	turn_look(&own[0]);
	assert_int_equal(timer, SLICE - SLICE / 2);
	assert_in_range(turn.look - (uint32_t)trace_ring.count, 1, 4);
	assert_false(sched_attention);
}

static void what_is_left_of_a_slice_stays_the_vms(void **state)
{
	(void)state;
	begin(equals);
	vm_current = &own[0];
	begin_turn(&own[0], fake_tsc);
	fake_tsc += 2000;
	turn_leave(&own[0], fake_tsc);
	assert_int_equal(own[0].slice_left, SLICE - 2000);
	begin_turn(&own[0], fake_tsc);
	assert_int_equal(timer, SLICE - 2000);
	turn_end();
	turn_leave(&own[0], fake_tsc);
	assert_int_equal(own[0].slice_left, 0);
	begin_turn(&own[0], fake_tsc);
	assert_int_equal(timer, SLICE);
}

static void nobody_elses_turn_and_no_end(void **state)
{
	(void)state;
	begin(ladder);
	vm_current = &own[2];
	begin_turn(&own[2], fake_tsc);
	assert_int_equal(turn.slice_end, 0);
	assert_int_equal(turn.deadline, sched_chores_due);
}

/* ---- The wait for an EOI ---- */

static void R11_the_wait_for_an_eoi_has_an_end(void **state)
{
	(void)state;
	begin(equals);
	vm_current = &own[0];
	begin_turn(&own[0], fake_tsc);
	fake_tsc += SLICE;
	assert_true(waits_for_eoi(&own[0], &own[1], fake_tsc));
	assert_true(own[0].switch_waits);
	assert_int_equal(timer, tsc_from_us(SERVICE_WAIT_US));
	fake_tsc += tsc_from_us(SERVICE_WAIT_US) / 2;
	turn_look(&own[0]);
	assert_false(turn.waited);
	assert_true(waits_for_eoi(&own[0], &own[1], fake_tsc)); /* and the end stays where it was */
	fake_tsc += tsc_from_us(SERVICE_WAIT_US) / 2;
	turn_look(&own[0]);
	assert_true(turn.waited && sched_attention);
	assert_false(waits_for_eoi(&own[0], &own[1], fake_tsc));
}

static void R13_a_vm_above_does_not_wait_for_an_eoi(void **state)
{
	(void)state;
	begin(ladder);
	vm_current = &own[0];
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
	vm_current = &own[0];
	assert_true(waits_for_eoi(&own[0], &own[1], fake_tsc));
	sched_set_state(&own[1], VM_HALTED);
	sched_set_state(&own[2], VM_HALTED);
	assert_ptr_equal(decide(), &own[0]);
	assert_false(own[0].switch_waits);
	assert_int_equal(turn.slice_end, 0);
	assert_int_equal(attempts, 0);
}

/* ---- The background work beside VMs that are ready ---- */

/* own[2] runs, and the work is due. */
static void begin_with_work(void)
{
	begin(ladder);
	vm_current = &own[2];
	work_due = sched_chores_due = fake_tsc;
}

static void the_work_takes_its_turn(void **state)
{
	(void)state;
	begin_with_work();
	assert_null(decide());
	assert_int_equal(portions, 1);
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
	assert_true(sched_attention);
	sched_chores_due = fake_tsc; /* the UART may want the work at once */
	assert_ptr_equal(decide(), &own[2]);
	assert_int_equal(portions, 0);
}

/* A guest that keeps its interrupts off. */
static void R14_a_request_for_ever_does_not_keep_the_work_waiting(void **state)
{
	(void)state;
	begin_with_work();
	requests_after = LINE(0);
	for (unsigned i = 0; i < 3 * WORK_WAITS && portions == 0; i++) {
		(void)decide();
		vm_current = &own[2];
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

static const struct chipset asked = {
	.name = "asked", .holds = true, .route = set_route, .mask = set_mask, .interrupted = interrupt_at
};

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
	sched_attention = steps == 2;
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
	sched_attention = false;
	start_in_steps(&own[0], fake_tsc);
	assert_int_equal(steps, SLICE / STEP);
	assert_int_equal(own[0].slice_left, 0);
	assert_ptr_equal(sched_pick(), &own[1]);
}

static void the_chores_come_between_the_steps_of_a_start(void **state)
{
	(void)state;
	begin(ladder);
	own[2].starting = true;
	sched_chores_due = fake_tsc + 5 * STEP;
	start_in_steps(&own[2], fake_tsc);
	assert_int_equal(steps, 5);
}

/* ---- The rest of the loop ---- */

static void a_vm_leaves_the_chipset_before_another_one_starts(void **state)
{
	(void)state;
	begin(ladder);
	vm_current = &own[0];
	own[2].starting = true;
	sched_chores_due = fake_tsc + STEP;
	assert_null(take_turn(&own[2], false, fake_tsc));
	assert_int_equal(put_away, 1);
	assert_null(vm_current);
	assert_true(steps > 0);
}

static void nobody_to_run_leaves_the_vmms_own_lines_open(void **state)
{
	(void)state;
	begin(equals);
	assert_null(take_turn(NULL, false, fake_tsc));
	assert_int_equal(mask_now, (line_set)~LINE(4));
	assert_true(sched_attention);
}

static void R17_the_routes_change_at_each_exit_where_that_is_configured(void **state)
{
	(void)state;
	begin(equals);
	run(&own[0]);
	assert_int_equal(left, 0);
	own[0].routes_at_exit = true;
	sched_attention = false;
	run(&own[0]);
	assert_int_equal(left, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R18_equals_take_turns_in_order),
		cmocka_unit_test(R13_the_highest_priority_comes_first),
		cmocka_unit_test(a_vm_alone_has_nobody_to_share_with),
		cmocka_unit_test(the_processor_sleeps_in_the_vm_that_was_woken_last),
		cmocka_unit_test(R18_a_slice_ends_by_the_tsc),
		cmocka_unit_test(R18_a_vm_that_exits_is_looked_at_and_gets_the_rest),
		cmocka_unit_test(what_is_left_of_a_slice_stays_the_vms),
		cmocka_unit_test(nobody_elses_turn_and_no_end),
		cmocka_unit_test(R11_the_wait_for_an_eoi_has_an_end),
		cmocka_unit_test(R13_a_vm_above_does_not_wait_for_an_eoi),
		cmocka_unit_test(a_wait_that_nobody_needs_ends),
		cmocka_unit_test(the_work_takes_its_turn),
		cmocka_unit_test(R13_a_request_comes_before_the_work),
		cmocka_unit_test(R13_a_request_that_comes_while_its_vm_is_put_away_comes_before_the_work),
		cmocka_unit_test(R14_a_request_for_ever_does_not_keep_the_work_waiting),
		cmocka_unit_test(R12_a_vm_that_starts_stops_at_an_nmi),
		cmocka_unit_test(R13_a_vm_that_starts_looks_for_interrupts),
		cmocka_unit_test(R13_a_vm_that_starts_stops_for_a_decision),
		cmocka_unit_test(R18_a_vm_that_starts_has_its_slice_and_no_more),
		cmocka_unit_test(the_chores_come_between_the_steps_of_a_start),
		cmocka_unit_test(a_vm_leaves_the_chipset_before_another_one_starts),
		cmocka_unit_test(nobody_to_run_leaves_the_vmms_own_lines_open),
		cmocka_unit_test(R17_the_routes_change_at_each_exit_where_that_is_configured),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
