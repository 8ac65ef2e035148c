/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace, printed.
 *
 * Rule: entries have times of the test's choice.
 */
#include "tests/unit/check.h"

#include "tests/unit/fake_log.h"
#include "tests/unit/fake_vmm.h"
#include "vmm/core/trace.h"
#include "vmm/operator/report.h"

#include <string.h>

/* As trace_record() does, with a time of the test's choice. */
static void record(uint64_t tsc, enum trace_event event, unsigned vm, unsigned a, uint32_t b)
{
	trace_record(event, vm, a, b);
	processor.trace.entry[(processor.trace.count - 1) % TRACE_ENTRIES].tsc = tsc;
}

static void the_trace_prints_what_was_recorded(void **state)
{
	(void)state;
	record(1000, TRACE_EXIT, 0, VM_EXIT_NMI, 0x1234);
	record(1050, TRACE_NMI, TRACE_NO_VM, 0x0008, 1);
	record(1060, TRACE_WAKE, 1, 3, 0);
	record(1160, TRACE_SLICE, 9, 0, 4000000000u);
	trace_print(100);
	assert_string_equal(
		printed(), "       ticks since last  vm              event\n"
			   "           0         +0  pulse           exit         nmi\n"
			   "          50        +50  -               nmi          lines 0008 1\n"
			   "          60        +10  scribe          wake         line 3 vm pulse\n"
			   "         160       +100  ?               slice        4000000000\n");
	printed_clear();
	trace_print(1);
	assert_string_equal(printed(),
	                    "       ticks since last  vm              event\n"
	                    "           0         +0  ?               slice        4000000000\n");
}

static void the_trace_keeps_the_last_entries(void **state)
{
	unsigned lines = 0;

	(void)state;
	for (unsigned i = 0; i < TRACE_ENTRIES + 10; i++)
		record(10 * i, TRACE_MARK, 0, 0, i);
	trace_print(TRACE_ENTRIES + 100);
	for (const char *p = printed(); *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 1 + TRACE_ENTRIES);
	assert_non_null(strstr(printed(), "0xa\n"));
	assert_null(strstr(printed(), " 0x9\n"));
	assert_int_equal(sizeof(struct trace_entry), 16);
}

static void what_was_kept_at_a_stop_is_shown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TRACE_KEPT; i++)
		processor.kept.entry[i % TRACE_KEPT] = (struct trace_entry){ 10 * i, TRACE_MARK,
			                                                     TRACE_NO_VM, 0, i };
	record(5, TRACE_EXIT, 0, 0, 0);
	processor.kept.count = 2;
	trace_print(100);
	assert_string_equal(printed(),
	                    "       ticks since last  vm              event\n"
	                    "           0         +0  -               mark         0 0x0\n"
	                    "          10        +10  -               mark         0 0x1\n");
	printed_clear();
	processor.kept.count = 10 * TRACE_KEPT;
	trace_print(1);
	assert_non_null(strstr(printed(), "0x3f\n"));
	assert_null(strstr(printed(), "0x3e\n"));
}

static int begin(void **state)
{
	(void)state;
	fake_vmm_reset();
	memset(&processor.trace, 0, sizeof(processor.trace));
	printed_clear();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_trace_prints_what_was_recorded, begin),
		cmocka_unit_test_setup(the_trace_keeps_the_last_entries, begin),
		cmocka_unit_test_setup(what_was_kept_at_a_stop_is_shown, begin),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
