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
static struct vcpu_regs regs;
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
	for (vm_count = 0; vm_count < VMS; vm_count++) {
		own[vm_count] = (struct vm){ .number = (uint8_t)vm_count,
			                     .vcpu = (struct vcpu *)&regs };
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
	regs.rax = 0x1234567855aaull;
	regs.rbx = 0x99;
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
	regs.rax = 3;
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
	flow_watch->on_entry(&own[PULSE]);
	assert_next(TRACE_HELD, PULSE, 8, 5);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_vm_is_watched_or_none, begin),
		cmocka_unit_test_setup(a_stay_has_both_ends_and_what_exited, begin),
		cmocka_unit_test_setup(a_report_of_a_line_is_told_once, begin),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
