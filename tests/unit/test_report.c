/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the user and the scripts get to read.
 *
 * Rule: tables are compared as a whole, so that a column that slips is seen.
 */
#include "tests/unit/check.h"

#include "tests/unit/fake_log.h"
#include "tests/unit/fake_vmm.h"

#include <stdio.h>
#include <string.h>

static int begin(void **state)
{
	(void)state;
	fake_vmm_reset();
	printed_clear();
	return 0;
}

static void lines_and_their_owners(void **state)
{
	(void)state;
	report_lines(false);
	assert_string_equal(printed(), "  line  owner      routed to  block state    \n"
	                               "     0  pulse      controller -              \n"
	                               "     4  vmm        VMM block  -              \n"
	                               "     7  nobody     VMM block  masked, pending\n"
	                               "    11  nobody     VMM block  -              \n");
	printed_clear();
	report_lines(true);
	assert_string_equal(printed(), "  line  owner      routed to  block state    "
	                               "     NMIs   held injected wake-ups\n"
	                               "     0  pulse      controller -              "
	                               "       10      2        0        4\n"
	                               "     4  vmm        VMM block  -              "
	                               "        7      0        0        0\n"
	                               "     7  nobody     VMM block  masked, pending"
	                               "        1      0        0        0\n"
	                               "    11  nobody     VMM block  -              "
	                               "        0      3        0        0\n");
}

static void the_table_of_vms(void **state)
{
	(void)state;
	report_vms();
	assert_string_equal(
		printed(),
		"  vm         state    prio   memory   ran ms switches     exits  lines\n"
		"  pulse      running     2   16384K     1234       40        20  0,3\n"
		"    says ticks 1234\n"
		"  scribe     done        1   16384K      765       39         5  8,15\n");
}

static void the_status_line_counts_since_the_last_one(void **state)
{
	(void)state;
	report_status();
	assert_string_equal(
		printed(),
		"[   2.0s] pulse: running, cpu 61%, exits 20, ticks 1234 | scribe: done, cpu "
		"38%, exits 5"
		" | held 12, unexplained NMIs 2\n");
	printed_clear();
	fake_vmm.totals.external_nmis = 0;
	fake_vmm.totals.held = 13;
	fake_vmm.totals.ticks += 1000000;
	fake_vmm.vm[0].run_ticks += 250000;
	fake_vmm.vm[0].exits_total += 3;
	fake_vmm.vm[1].run_ticks = 100000; /* restarted */
	fake_vmm.vm[1].exits_total = 1;
	report_status();
	assert_string_equal(
		printed(),
		"[   3.0s] pulse: running, cpu 25%, exits 3, ticks 1234 | scribe: done, cpu 10%, "
		"exits 1"
		" | held 13\n");
}

static void a_guest_cannot_write_to_the_terminal_by_its_status(void **state)
{
	(void)state;
	fake_vmm.vm[0].status = "\033[2Jhi\n\xff";
	report_vms();
	assert_non_null(strstr(printed(), "?[2Jhi??\n"));
	assert_null(strchr(printed(), '\033'));
}

static void the_table_of_latencies(void **state)
{
	(void)state;
	report_results();
	assert_string_equal(
		printed(),
		"latency, from the event to the handler's first instruction; exits: for each\n"
		"  vm         probe   unit             n    min  median     p"
		"99      max   exits\n"
		"  pulse      uart    instructions  1000      7       7      "
		" 7        9   0.000\n"
		"  pulse      wakeup  instructions   500    800     812     8"
		"90      899   2.502\n");
	printed_clear();
	fake_vmm.result[0].interrupts = 0;
	fake_vmm.results = 1;
	report_results();
	assert_non_null(strstr(printed(), "        9       -\n"));
	printed_clear();
	fake_vmm.results = 0;
	report_results();
	assert_string_equal(printed(), "no guest has measured anything yet\n");
}

static void a_result_that_is_not_terminated_or_not_text_is_safe(void **state)
{
	(void)state;
	memcpy(fake_vmm.result[0].probe, "abcdefghijkl", 12);
	memcpy(fake_vmm.result[0].unit, "a b=c\nd\x80\0\0\0\0", 12);
	memset(fake_vmm.result[1].probe, 0, 12);
	report_final();
	assert_non_null(
		strstr(printed(), "result vm=pulse probe=abcdefghijkl unit=a?b?c?d? n=1000 "));
	assert_non_null(strstr(printed(), "result vm=pulse probe=- unit=instructions n=500 "));
}

static void the_table_of_exits(void **state)
{
	(void)state;
	report_exits();
	assert_string_equal(printed(), "exits                      pulse          scribe\n"
	                               "  nmi                         12               0\n"
	                               "  slice                        8               0\n"
	                               "  hlt                          0               5\n"
	                               "  total                       20               5\n");
}

static void many_vms_make_several_tables(void **state)
{
	(void)state;
	fake_vmm.vms = 8;
	for (unsigned i = 2; i < 8; i++)
		fake_vmm.vm[i] = (struct vm_report){ .name = "more",
			                             .state = "ready",
			                             .status = "" };
	fake_vmm.vm[7].exits[VM_EXIT_CPUID] = 1;
	report_exits();
	const char *second = strstr(printed(),
	                            "exits                       more            more\n  cpuid ");

	assert_non_null(second);
	assert_null(strstr(second + 1, "exits "));
}

static void the_end_has_lines_for_programs(void **state)
{
	static const char *const lines[] = {
		"\nresult vm=pulse probe=uart unit=instructions n=1000 interrupts=1000 min=7 "
		"median=7 p99=7 max=9 "
		"exits=0 "
		"exits_per_interrupt=0.000\n",
		"\nresult vm=pulse probe=wakeup unit=instructions n=500 interrupts=500 min=800 "
		"median=812 p99=890 "
		"max=899 exits=1251 "
		"exits_per_interrupt=2.502\n",
		"\nvm vm=pulse state=running run_ticks=1234567 switches=40 faults=0\n",
		"\nexits vm=pulse total=20 nmi=12 slice=8\n",
		"\nvm vm=scribe state=done status=3 run_ticks=765433 switches=39 faults=9\n",
		"\nexits vm=scribe total=5 hlt=5\n",
		"\nline irq=0 owner=pulse exits=10 held=2 injected=0 wakeups=4\n",
		"\nline irq=4 owner=vmm exits=7 held=0 injected=0 wakeups=0\n",
		"\nline irq=7 owner=- exits=1 held=0 injected=0 wakeups=0\n",
		"\nline irq=11 owner=- exits=0 held=3 injected=0 wakeups=0\n",
		"\nstack stack=work bytes=16384 deepest=1234\n",
		"\ntotals nmis=22 nmi_windows=1 external_nmis=2 unattributed_nmis=1 switches=79 "
		"ticks=2000000 "
		"dropped=5\n",
	};

	(void)state;
	report_final();
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!strstr(printed(), lines[i]))
			fail_msg("missing: %s in: %s", lines[i], printed());
}

static void large_numbers_are_not_cut(void **state)
{
	(void)state;
	fake_vmm.result[0].max = UINT64_MAX;
	fake_vmm.result[0].exits = UINT64_MAX;
	fake_vmm.vm[0].exits_total = UINT64_MAX;
	report_final();
	assert_non_null(strstr(printed(), "max=18446744073709551615 exits=18446744073709551615"));
	assert_non_null(strstr(printed(), "total=18446744073709551615"));
}

#define ON_REPORT(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_REPORT(the_status_line_counts_since_the_last_one),
		ON_REPORT(lines_and_their_owners),
		ON_REPORT(the_table_of_vms),
		ON_REPORT(a_guest_cannot_write_to_the_terminal_by_its_status),
		ON_REPORT(the_table_of_latencies),
		ON_REPORT(a_result_that_is_not_terminated_or_not_text_is_safe),
		ON_REPORT(the_table_of_exits),
		ON_REPORT(many_vms_make_several_tables),
		ON_REPORT(the_end_has_lines_for_programs),
		ON_REPORT(large_numbers_are_not_cut),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
