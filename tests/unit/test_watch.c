/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The watch over exits and entries: what the trace gets at each end of a stay.
 *
 * Rule: the test is the run loop: it tells of the exit, and then records the exit.
 */
#include "tests/unit/check.h"

#include "vmm/core/flows.h"
#include "vmm/core/lines.h"
#include "vmm/core/trace.h"
#include "vmm/operator/watch.h"

#include <string.h>

enum { PULSE, SCRIBE, VMS };
enum { EXIT_AT = 1000, ENTRY_AT = 1234 };

struct vm *vms[CONFIG_VMS_MAX];
unsigned vm_count;
struct line line_table[LINE_ROOM];
const struct flow_watch *flow_watch;
uint64_t fake_tsc;

static struct vm own[VMS];
static struct vcpu_head vcpu;
static struct vcpu_io access;
static uint64_t looked; /* entries of the trace that the test has seen */

struct vcpu_io virt_exit_io(struct vcpu *v)
{
	(void)v;
	return access;
}

static int begin(void **state)
{
	(void)state;
	memset(own, 0, sizeof(own));
	memset(line_table, 0, sizeof(line_table));
	fake_tsc = 0;
	for (vm_count = 0; vm_count < VMS; vm_count++) {
		own[vm_count] = (struct vm){ .number = (uint8_t)vm_count,
			                     .vcpu = (struct vcpu *)&vcpu };
		vms[vm_count] = &own[vm_count];
	}
	own[SCRIBE].at_exit = AT_EXIT_ROUTES;
	watch_set(false);
	looked = processor.trace.count;
	return 0;
}

static void exits(struct vm *vm, enum vm_exit_reason reason)
{
	fake_tsc = EXIT_AT;
	flow_watch->on_exit(vm, reason);
	trace_record(TRACE_EXIT, vm->number, reason, 0);
}

static void assert_next(enum trace_event event, unsigned vm, unsigned a, uint32_t b)
{
	const struct trace_entry *e = &processor.trace.entry[looked++ % TRACE_ENTRIES];

	assert_true(looked <= processor.trace.count);
	assert_int_equal(e->event, event);
	assert_int_equal(e->vm, vm);
	assert_int_equal(e->a, a);
	assert_int_equal(e->b, b);
}

static void assert_no_more(void)
{
	assert_int_equal(looked, processor.trace.count);
}

static void every_vm_is_watched_or_none(void **state)
{
	(void)state;
	assert_false(watch_is_on());
	watch_set(true);
	assert_true(watch_is_on());
	assert_int_equal(own[PULSE].at_exit, AT_EXIT_WATCH);
	assert_int_equal(own[PULSE].at_entry, AT_ENTRY_WATCH);
	assert_int_equal(own[SCRIBE].at_exit, AT_EXIT_ROUTES | AT_EXIT_WATCH);
	assert_true(own[PULSE].controller.changed && own[SCRIBE].controller.changed);
	watch_set(false);
	assert_false(watch_is_on());
	assert_int_equal(own[PULSE].at_exit | own[PULSE].at_entry, 0);
	assert_int_equal(own[SCRIBE].at_exit, AT_EXIT_ROUTES);
}

static void a_stay_has_both_ends_and_what_exited(void **state)
{
	(void)state;
	watch_set(true);
	vcpu.regs.rax = 0x1234567855aaull;
	vcpu.regs.rbx = 0x99;
	access = (struct vcpu_io){ .port = 0x21, .size = 1, .kind = 0 };
	exits(&own[PULSE], VM_EXIT_IO);
	fake_tsc = ENTRY_AT;
	flow_watch->on_entry(&own[SCRIBE]);
	assert_next(TRACE_OUT, PULSE, 0x21, 0x567855aa);
	assert_next(TRACE_EXIT, PULSE, VM_EXIT_IO, 0);
	assert_next(TRACE_ENTRY, SCRIBE, 0, ENTRY_AT - EXIT_AT);
	access = (struct vcpu_io){ .port = 0x1f0, .size = 2, .kind = IO_IN };
	exits(&own[PULSE], VM_EXIT_IO);
	assert_next(TRACE_IN, PULSE, 0x1f0, 2);
	assert_next(TRACE_EXIT, PULSE, VM_EXIT_IO, 0);
	vcpu.regs.rax = 3;
	exits(&own[PULSE], VM_EXIT_CALL);
	assert_next(TRACE_CALL, PULSE, 3, 0x99);
	assert_next(TRACE_EXIT, PULSE, VM_EXIT_CALL, 0);
	exits(&own[PULSE], VM_EXIT_CPUID);
	assert_next(TRACE_EXIT, PULSE, VM_EXIT_CPUID, 0);
	assert_no_more();
}

static void a_report_of_a_line_is_told_once(void **state)
{
	(void)state;
	line_table[8].vms = VM_BIT(SCRIBE);
	line_table[8].exits = 5; /* before the watch */
	watch_set(true);
	assert_next(TRACE_HELD, TRACE_NO_VM, 8, 5);
	flow_watch->on_entry(&own[PULSE]);
	assert_next(TRACE_ENTRY, PULSE, 0, 0);
	line_table[8].held_by_vmm++;
	line_table[4].exits++; /* the VMM's own: TRACE_LINE tells */
	flow_watch->on_entry(&own[PULSE]);
	assert_next(TRACE_HELD, PULSE, 8, 6);
	assert_next(TRACE_ENTRY, PULSE, 0, 0);
	flow_watch->on_entry(&own[PULSE]);
	assert_next(TRACE_ENTRY, PULSE, 0, 0);
	line_table[8].exits++;
	watch_set(false);
	assert_next(TRACE_HELD, TRACE_NO_VM, 8, 7);
	assert_no_more();
}

static void enters(struct vm *vm, uint64_t ticks)
{
	fake_tsc = EXIT_AT + ticks;
	flow_watch->on_entry(vm);
}

static void a_wake_up_is_the_entry_of_the_vm_that_a_line_woke(void **state)
{
	(void)state;
	line_table[0].vms = VM_BIT(PULSE);
	line_table[0].wakeups = 7; /* before the watch */
	watch_set(true);
	exits(&own[SCRIBE], VM_EXIT_NMI);
	assert_next(TRACE_EXIT, SCRIBE, VM_EXIT_NMI, 0);
	enters(&own[PULSE], 10);
	assert_next(TRACE_ENTRY, PULSE, 0, 10);
	line_table[0].wakeups++;
	exits(&own[SCRIBE], VM_EXIT_NMI);
	enters(&own[PULSE], 600);
	assert_next(TRACE_EXIT, SCRIBE, VM_EXIT_NMI, 0);
	assert_next(TRACE_WAKE_UP, PULSE, 0, 600);
	assert_next(TRACE_ENTRY, PULSE, 0, 600);
	line_table[0].wakeups++; /* but another VM is entered */
	enters(&own[SCRIBE], 700);
	assert_next(TRACE_ENTRY, SCRIBE, 0, 700);
	enters(&own[PULSE], 800);
	assert_next(TRACE_ENTRY, PULSE, 0, 800);
	assert_no_more();
}

static const struct trace_entry *kept(uint64_t before_the_end)
{
	return &processor.kept.entry[(processor.kept.count - 1 - before_the_end) % TRACE_KEPT];
}

static void the_trace_stops_behind_the_first_event_beyond_the_limit(void **state)
{
	(void)state;
	line_table[0].vms = VM_BIT(PULSE);
	watch_set(true);
	enters(&own[PULSE], 9000); /* before the condition */
	watch_stop_on(TRACE_ENTRY, 2001);
	exits(&own[PULSE], VM_EXIT_NMI);
	for (unsigned i = 0; i < 2 * TRACE_KEPT; i++)
		enters(&own[PULSE], i == 5 ? 2000 : i);
	assert_int_equal(processor.kept.count, 0);
	exits(&own[SCRIBE], VM_EXIT_CPUID);
	enters(&own[SCRIBE], 2001);
	assert_int_equal(processor.kept.count, processor.trace.count);
	for (unsigned i = 0; i < 10000; i++) /* the trace goes on, the copy does not change */
		enters(&own[PULSE], 5000);
	assert_int_equal(kept(0)->event, TRACE_ENTRY);
	assert_int_equal(kept(0)->b, 2001);
	assert_int_equal(kept(1)->event, TRACE_EXIT);
	assert_int_equal(kept(1)->vm, SCRIBE);
	assert_int_equal(kept(2)->b, 2 * TRACE_KEPT - 1);
	assert_int_equal(kept(TRACE_KEPT - 1)->b, TRACE_KEPT + 2);
	watch_set(true);
	assert_int_equal(processor.kept.count, 0);
}

/* The VMM's own turn may record more than an entry looks at: the rest is looked at later. */
static void no_event_passes_the_condition_unseen(void **state)
{
	(void)state;
	watch_stop_on(TRACE_EXTERNAL, 0);
	for (unsigned i = 0; i < 150; i++)
		trace_record(TRACE_NMI, TRACE_NO_VM, 0, 1);
	trace_record(TRACE_EXTERNAL, TRACE_NO_VM, 0, 1);
	for (unsigned i = 0; i < 4; i++)
		enters(&own[PULSE], 1);
	assert_int_equal(processor.kept.count, 0); /* 128 of 151 events */
	enters(&own[PULSE], 1);
	assert_int_equal(kept(0)->event, TRACE_EXTERNAL);
	assert_int_equal(kept(1)->event, TRACE_NMI);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_vm_is_watched_or_none, begin),
		cmocka_unit_test_setup(a_stay_has_both_ends_and_what_exited, begin),
		cmocka_unit_test_setup(a_report_of_a_line_is_told_once, begin),
		cmocka_unit_test_setup(a_wake_up_is_the_entry_of_the_vm_that_a_line_woke, begin),
		cmocka_unit_test_setup(the_trace_stops_behind_the_first_event_beyond_the_limit,
		                       begin),
		cmocka_unit_test_setup(no_event_passes_the_condition_unseen, begin),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
