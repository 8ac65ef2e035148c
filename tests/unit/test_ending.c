/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When a run ends, with which status, and what is said of each VM.
 *
 * Rule: the test is the clock, the VMs and whoever types.
 */
#include "tests/unit/check.h"

#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "tests/unit/fake_log.h"
#include "vmm/core/ending.h"
#include "vmm/core/sched.h"
#include "vmm/operator/console.h"
#include "vmm/operator/operator.h"

#include <string.h>

enum { VMS = 2, SECOND = 1000000 };

struct vm *vms[CONFIG_VMS_MAX];
unsigned vm_count;
struct processor processor;

static struct vm own[VMS];
static uint64_t used_until;

uint64_t tsc_from_us(uint64_t us)
{
	return us;
}

static uint64_t person_until(void)
{
	return used_until;
}

static void tell(const char *words)
{
	log_line("%s", words);
}

static const struct operator_calls person = { NULL, tell, person_until };

/* Two VMs at work, at TSC 0. */
static void begin(uint32_t seconds, int stay)
{
	const struct vmm_config config = { .seconds = seconds, .stay = stay };

	memset(own, 0, sizeof(own));
	for (unsigned i = 0; i < VMS; i++)
		vms[i] = &own[i];
	vm_count = VMS;
	strcpy(own[0].config.name, "pulse");
	strcpy(own[1].config.name, "scribe");
	processor.vm_stopped = false;
	used_until = 0;
	printed_clear();
	ending_begin(&config, &person, 0);
}

static void stops(unsigned vm, int status, bool by_operator)
{
	own[vm].done = true;
	own[vm].exit_status = status;
	own[vm].stopped_by_operator = by_operator;
	processor.vm_stopped = true;
}

static void starts(unsigned vm)
{
	own[vm].done = own[vm].stopped_by_operator = false;
}

static unsigned times(const char *text)
{
	unsigned count = 0;

	for (const char *at = printed(); (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

#define ALL_DONE "signalbox: all VMs are done; the run goes on "
#define IN_USE ALL_DONE "while the console is in use; quit ends it\n"
#define STAYS ALL_DONE "(stay); quit ends it\n"

/* ---- When ---- */

static void the_run_ends_when_all_vms_are_done(void **state)
{
	(void)state;
	begin(0, 0);
	assert_int_equal(ending_look(10), UINT64_MAX);
	stops(0, 0, false);
	assert_int_equal(ending_look(20), UINT64_MAX);
	assert_false(ending_is_here());
	stops(1, 0, false);
	ending_look(30);
	assert_true(ending_is_here());
	assert_int_equal(ending_verdict(), 0);
	assert_string_equal(printed(), "");
}

static void the_run_goes_on_while_somebody_types(void **state)
{
	(void)state;
	begin(0, 0);
	used_until = 30 * SECOND;
	stops(0, 0, false);
	stops(1, 0, false);
	assert_int_equal(ending_look(1 * SECOND), 30 * SECOND);
	assert_string_equal(printed(), IN_USE);
	used_until = 50 * SECOND; /* another key */
	assert_int_equal(ending_look(20 * SECOND), 30 * SECOND);
	assert_int_equal(ending_look(30 * SECOND), 50 * SECOND);
	assert_false(ending_is_here());
	assert_int_equal(times(IN_USE), 1);
	ending_look(50 * SECOND);
	assert_true(ending_is_here());
	assert_int_equal(times("signalbox: nobody uses the console any more\n"), 1);
	assert_int_equal(ending_verdict(), 0);
}

static void a_vm_that_is_started_again_is_waited_for(void **state)
{
	(void)state;
	begin(0, 0);
	used_until = 30 * SECOND;
	stops(0, 0, false);
	stops(1, 0, false);
	ending_look(SECOND);
	starts(1);
	assert_int_equal(ending_look(30 * SECOND), UINT64_MAX);
	assert_int_equal(ending_look(90 * SECOND), UINT64_MAX);
	assert_false(ending_is_here());
	used_until = 100 * SECOND;
	stops(1, 0, false);
	assert_int_equal(ending_look(95 * SECOND), 100 * SECOND);
	assert_int_equal(times(IN_USE), 2); /* once each time that all are done */
}

static void time_that_is_up_ends_the_run_whoever_types(void **state)
{
	(void)state;
	begin(20, 1);
	used_until = 30 * SECOND;
	assert_int_equal(ending_look(1), 20 * SECOND);
	stops(0, 0, false);
	stops(1, 0, false);
	assert_int_equal(ending_look(2), 20 * SECOND);
	assert_false(ending_is_here());
	ending_look(20 * SECOND);
	assert_true(ending_is_here());
	assert_int_equal(times("signalbox: time is up (seconds=20)\n"), 1);
	assert_int_equal(ending_verdict(), 0);
}

static void stay_keeps_the_run_and_can_be_taken_back(void **state)
{
	(void)state;
	begin(0, 1);
	stops(0, 0, false);
	stops(1, 0, false);
	assert_int_equal(ending_look(SECOND), UINT64_MAX);
	assert_false(ending_is_here());
	assert_string_equal(printed(), STAYS);
	used_until = 40 * SECOND;
	ending_set_stay(false);
	assert_int_equal(ending_look(10 * SECOND), 40 * SECOND);
	assert_int_equal(times(IN_USE), 1);
	ending_set_stay(true);
	assert_int_equal(ending_look(40 * SECOND), UINT64_MAX);
	assert_false(ending_is_here());
	ending_set_stay(false);
	ending_look(41 * SECOND);
	assert_true(ending_is_here());
}

static void stay_is_no_matter_while_vms_are_at_work(void **state)
{
	(void)state;
	begin(0, 0);
	ending_set_stay(true);
	assert_int_equal(ending_look(1), UINT64_MAX);
	ending_set_stay(false);
	assert_int_equal(ending_look(2), UINT64_MAX);
	assert_false(ending_is_here());
	assert_string_equal(printed(), "");
}

/* ---- With which status ---- */

static void what_the_operator_does_is_no_failure(void **state)
{
	(void)state;
	begin(0, 0);
	stops(0, 1, true);
	ending_quit();
	assert_true(ending_is_here());
	assert_int_equal(ending_verdict(), 0);
	assert_string_equal(printed(), "signalbox: vm pulse: stopped by the operator\n"
	                               "signalbox: vm scribe: running when the operator quit\n");
}

static void a_failure_before_the_quit_counts(void **state)
{
	(void)state;
	begin(0, 0);
	stops(0, 3, false);
	stops(1, 1, true);
	ending_quit();
	assert_int_equal(ending_verdict(), 1);
	assert_string_equal(printed(), "signalbox: vm pulse: failed\n"
	                               "signalbox: vm scribe: stopped by the operator\n");
}

static void time_that_is_up_fails_what_is_at_work_alone(void **state)
{
	(void)state;
	begin(5, 0);
	stops(0, 1, true);
	ending_look(5 * SECOND);
	ending_quit(); /* too late: the time was up before */
	printed_clear();
	assert_int_equal(ending_verdict(), 1);
	assert_string_equal(printed(), "signalbox: vm pulse: stopped by the operator\n"
	                               "signalbox: vm scribe: did not finish\n");
	begin(5, 0);
	stops(0, 1, true);
	stops(1, 0, false);
	ending_look(SECOND);
	assert_int_equal(ending_verdict(), 0);
}

static void time_is_not_up_after_the_quit(void **state)
{
	(void)state;
	begin(5, 0);
	ending_quit();
	ending_look(6 * SECOND);
	assert_int_equal(times("time is up"), 0);
	assert_int_equal(ending_verdict(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_run_ends_when_all_vms_are_done),
		cmocka_unit_test(the_run_goes_on_while_somebody_types),
		cmocka_unit_test(a_vm_that_is_started_again_is_waited_for),
		cmocka_unit_test(time_that_is_up_ends_the_run_whoever_types),
		cmocka_unit_test(stay_keeps_the_run_and_can_be_taken_back),
		cmocka_unit_test(stay_is_no_matter_while_vms_are_at_work),
		cmocka_unit_test(what_the_operator_does_is_no_failure),
		cmocka_unit_test(a_failure_before_the_quit_counts),
		cmocka_unit_test(time_that_is_up_fails_what_is_at_work_alone),
		cmocka_unit_test(time_is_not_up_after_the_quit),
	};

	return cmocka_run_group_tests_name("ending", tests, NULL, NULL);
}
