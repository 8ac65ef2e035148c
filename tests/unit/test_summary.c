/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What came of a run, on one screen.
 *
 * Rule: the screen is compared as a whole; whatever there is, it fits.
 */
#include "tests/unit/check.h"

#include "arch/x86/machine/platform.h"
#include "tests/unit/fake_log.h"
#include "tests/unit/fake_vmm.h"
#include "vmm/operator/summary.h"

#include <string.h>

static const struct summary some = { .version = "Signalbox 1.2.3",
	                             .processor = "A processor @ 3 GHz",
	                             .virtualisation = "VMX, EPT",
	                             .chipset = "pc" };

static int begin(void **state)
{
	(void)state;
	fake_vmm_reset();
	printed_clear();
	return 0;
}

static void everything_that_a_report_needs_is_on_it(void **state)
{
	(void)state;
	fake_vmm.result[1].n = 0;
	summary_print(&some);
	assert_string_equal(
		printed(),
		"Signalbox 1.2.3: all went well\n"
		"  processor       A processor @ 3 GHz\n"
		"  virtualisation  VMX, EPT\n"
		"  chipset         pc\n"
		"  time            2000 ms\n"
		"\n"
		"  vm               state        status    ran ms       exits\n"
		"  pulse            running           -      1234          20\n"
		"  scribe           done              3       765           5\n"
		"\n"
		"  vm               probe         unit                n     median      worst\n"
		"  pulse            uart          instructions     1000          7          9\n"
		"  pulse            wakeup        instructions        0          -          -\n");
}

static void what_did_not_go_well_is_said_first(void **state)
{
	struct summary bad = some;

	(void)state;
	bad.status = 1;
	bad.refused = 2;
	fake_vmm.results = 0;
	summary_print(&bad);
	assert_int_equal(strncmp(printed(), "Signalbox 1.2.3: NOT ALL WENT WELL\n", 35), 0);
	assert_non_null(strstr(printed(), "  time            2000 ms; 2 modules did not start\n"));
	assert_non_null(strstr(printed(), "  no guest has measured anything\n"));
}

static void it_fits_whatever_there_is(void **state)
{
	static const char longest[] =
		"0123456789012345678901234567890123456789012345678901234567890123456789"
		"01234567890123456789";
	const struct summary full = { longest, longest, longest, longest, 64, 1 };
	unsigned rows = 0, column = 0;

	(void)state;
	fake_vmm.vms = FAKE_VMS;
	for (unsigned i = 0; i < FAKE_VMS; i++)
		fake_vmm.vm[i] = (struct vm_report){ .name = "a-name-of-15-by",
			                             .state = "stopped",
			                             .exit_status = -2147483647,
			                             .done = true };
	fake_vmm.results = FAKE_RESULTS;
	for (unsigned i = 0; i < FAKE_RESULTS; i++) {
		fake_vmm.result[i] = (struct sb_result){
			"a-long-probe", "instructions", 9, 9, 1, 9999999999, 1, 9999999999, 9
		};
		fake_vmm.result_vm[i] = "a-name-of-15-by";
	}
	summary_print(&full);
	for (const char *c = printed(); *c != '\0'; c++) {
		column = *c == '\n' ? 0 : column + 1;
		rows += *c == '\n';
		assert_in_range(column, 0, VGA_COLUMNS);
	}
	assert_in_range(rows, 10, SUMMARY_ROWS);
	assert_non_null(strstr(printed(), "  and 3 more VMs; the pages before have them\n"));
	assert_non_null(strstr(printed(), "  and 4 more probes; the pages before have them\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(everything_that_a_report_needs_is_on_it, begin),
		cmocka_unit_test_setup(what_did_not_go_well_is_said_first, begin),
		cmocka_unit_test_setup(it_fits_whatever_there_is, begin),
	};

	return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
