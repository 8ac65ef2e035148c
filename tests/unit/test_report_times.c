/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the VMM prints of the times that the block keeps.
 */
#include "tests/unit/check.h"

#include "tests/unit/block_kit.h"
#include "tests/unit/fake_log.h"
#include "tests/unit/fake_vmm.h"
#include "tests/unit/fake_window.h"
#include "vmm/operator/report.h"

#include <string.h>

/* An interrupt of a line, with `waits` from the edge to INTA and 100 to the EOI. */
static void interrupt(unsigned line, uint64_t waits)
{
	struct block *block = &fake_window.block;
	struct times *times = &fake_window.times;

	fake_window.now += 10000;
	times_set_line(times, block, line, true, fake_window.now);
	fake_window.now += waits;
	times_acknowledge(times, block, fake_window.now);
	fake_window.now += 100;
	if (line >= 8)
		times_port_write(times, block, SLAVE, EOI, fake_window.now);
	times_port_write(times, block, MASTER, EOI, fake_window.now);
	times_set_line(times, block, line, false, fake_window.now);
}

static int begin(void **state)
{
	(void)state;
	fake_vmm_reset();
	fake_window_attach(false);
	printed_clear();
	return 0;
}

static int end(void **state)
{
	(void)state;
	fake_window_detach();
	return 0;
}

static void the_command_prints_each_line_with_samples(void **state)
{
	(void)state;
	interrupt(0, 7);
	interrupt(0, 1000);
	interrupt(15, 3);
	report_times(false);
	assert_string_equal(printed(),
	                    "times line=0 to=inta n=2 sum=1007 min=7 max=1000 merged=0 "
	                    "unmatched=0 hz=1000000 now=31310\n"
	                    "times line=0 to=eoi n=2 sum=200 min=100 max=100 merged=0 "
	                    "unmatched=0 hz=1000000 now=31310\n"
	                    "last line=0 edge=20107 inta=21107 eoi=21207\n"
	                    "times line=15 to=inta n=1 sum=3 min=3 max=3 merged=0 unmatched=0 "
	                    "hz=1000000 now=31310\n"
	                    "times line=15 to=eoi n=1 sum=100 min=100 max=100 merged=0 "
	                    "unmatched=0 hz=1000000 now=31310\n"
	                    "last line=15 edge=31207 inta=31210 eoi=31310\n");
}

static void the_end_has_the_buckets_too(void **state)
{
	(void)state;
	interrupt(3, 7);
	interrupt(3, 7);
	interrupt(3, 1000);
	report_final();
	assert_non_null(strstr(printed(), "\ntimes line=3 to=inta n=3 sum=1014 min=7 max=1000 "));
	assert_non_null(strstr(printed(), "\nbuckets line=3 to=inta 7:2 992:1\n"));
	assert_non_null(strstr(printed(), "\nbuckets line=3 to=eoi 100:3\n"));
	assert_non_null(strstr(printed(), "\nlast line=3 edge="));
}

/* The list of a device that answers the same for ever has an end. */
static void a_stuck_device_ends_the_list(void **state)
{
	(void)state;
	interrupt(0, 7);
	interrupt(0, 1000);
	fake_window.stuck = true;
	report_times(true);
	assert_non_null(strstr(printed(), "\nbuckets line=0 to=inta 7:1\n"));
}

static void a_line_without_an_inta_has_no_record(void **state)
{
	(void)state;
	times_set_line(&fake_window.times, &fake_window.block, 5, true, 10);
	report_times(true);
	assert_string_equal(printed(), "");
}

/* INTA has come, and the EOI has not. */
static void a_service_that_lasts_shows_its_beginning(void **state)
{
	(void)state;
	times_set_line(&fake_window.times, &fake_window.block, 5, true, 10);
	times_acknowledge(&fake_window.times, &fake_window.block, 15);
	report_times(false);
	assert_non_null(strstr(printed(), "times line=5 to=inta n=1 sum=5 "));
	assert_non_null(strstr(printed(), "times line=5 to=eoi n=0 sum=0 "));
	assert_non_null(strstr(printed(), "last line=5 edge=10 inta=15 eoi=0\n"));
}

static void a_block_of_version_1_is_said_once(void **state)
{
	static const char said[] = "no times: no block of version 2\n";

	(void)state;
	fake_window_attach(true);
	report_times(false);
	assert_string_equal(printed(), said);
	printed_clear();
	report_final();
	const char *first = strstr(printed(), said);
	assert_non_null(first);
	assert_null(strstr(first + 1, said));
}

static void a_machine_without_a_block_is_told_who_asks(void **state)
{
	(void)state;
	fake_window_detach();
	report_final();
	assert_null(strstr(printed(), "no times"));
	printed_clear();
	report_times(false);
	assert_string_equal(printed(), "no times: no block of version 2\n");
}

#define ON_WINDOW(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_WINDOW(the_command_prints_each_line_with_samples),
		ON_WINDOW(the_end_has_the_buckets_too),
		ON_WINDOW(a_stuck_device_ends_the_list),
		ON_WINDOW(a_line_without_an_inta_has_no_record),
		ON_WINDOW(a_service_that_lasts_shows_its_beginning),
		ON_WINDOW(a_block_of_version_1_is_said_once),
		ON_WINDOW(a_machine_without_a_block_is_told_who_asks),
	};

	return cmocka_run_group_tests_name("report_times", tests, NULL, NULL);
}
