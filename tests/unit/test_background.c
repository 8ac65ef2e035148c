/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When the background work runs, and for how long.
 *
 * Rule: the work is the source's own loop in a few calls of the test's; the test moves the TSC.
 */
#include "tests/unit/check.h"

#include "arch/x86/machine/platform.h"
#include "chipset/chipset.h"
#include "vmm/core/flows.h"
#include "vmm/core/processor.h"

/* The source itself, for what is static in it. */
#include "vmm/core/background.c"

#include <string.h>

enum { PORTION = 300, SHARE = 15 };

uint64_t fake_tsc;
struct processor processor;
volatile uint32_t nmi_count;
volatile uint8_t work_open;
bool work_inside;

static const struct chipset block = { .name = "block" };
const struct chipset *chipset = &block;
static unsigned pauses, looks;
static uint64_t lasts; /* how long the next portion is */

uint64_t tsc_from_us(uint64_t us)
{
	return us;
}

char *stack_top(unsigned i)
{
	static char top[1];

	assert_int_equal(i, STACK_WORK);
	return top;
}

void work_init(void *top, void (*with)(void))
{
	(void)top;
	(void)with;
}

void work_run(void)
{
	work_inside = true;
	fake_tsc += lasts;
	background_point();
	work_inside = false;
}

void work_pause(void)
{
	pauses++;
}

static bool step(void)
{
	return false;
}

void dispatch_counted(struct vm *running)
{
	(void)running;
	looks++;
}

void log_set_pause(void (*pause)(void))
{
	(void)pause;
}

static void begin(void)
{
	memset(&work, 0, sizeof(work));
	fake_tsc = 1000000;
	processor.attention = false;
	processor.housekeeping_due = UINT64_MAX;
	pauses = looks = 0;
	lasts = 0;
	background_init(step);
}

static void R18_the_vms_have_fifteen_times_as_long(void **state)
{
	(void)state;
	begin();
	lasts = 200;
	background_run(false, fake_tsc);
	assert_int_equal(background_due(false), fake_tsc + SHARE * 200);
	assert_int_equal(background_due(true), 0); /* nobody is ready */
}

static void R18_a_portion_ends_in_time(void **state)
{
	(void)state;
	begin();
	lasts = PORTION - 1;
	background_run(false, fake_tsc);
	assert_int_equal(pauses, 0);
	lasts = PORTION;
	background_run(false, fake_tsc);
	assert_int_equal(pauses, 1);
	lasts = 100 * PORTION;
	background_run(true, fake_tsc); /* nobody waits */
	assert_int_equal(pauses, 1);
}

static void work_that_is_wanted_is_seen_at_once(void **state)
{
	(void)state;
	begin();
	work.wanted = false;
	assert_int_equal(background_due(true), UINT64_MAX);
	background_want();
	assert_true(work.fresh && work.wanted && processor.attention);
	assert_int_equal(processor.housekeeping_due, 0);
	processor.attention = false;
	work.fresh = false;
	background_want(); /* it is wanted already; what is new is noted all the same */
	assert_true(work.fresh);
	assert_false(processor.attention);
}

static void work_that_sleeps_is_due_at_its_time_or_woken(void **state)
{
	(void)state;
	begin();
	background_sleep(fake_tsc + 500);
	assert_int_equal(pauses, 1);
	assert_int_equal(background_due(false), fake_tsc + 500);
	assert_int_equal(background_due(true), fake_tsc + 500);
	background_wake();
	assert_true(processor.attention);
	assert_int_equal(processor.housekeeping_due, 0);
	assert_int_equal(background_due(true), 0);
	processor.attention = false;
	background_wake(); /* it does not sleep any more */
	assert_false(processor.attention);
}

static void outside_of_the_work_nothing_pauses(void **state)
{
	(void)state;
	begin();
	background_point();
	background_pause();
	assert_int_equal(pauses, 0);
	work_inside = true;
	background_pause();
	work_inside = false;
	assert_int_equal(pauses, 1);
}

static unsigned interrupt(void)
{
	assert_int_equal(work_open, 0); /* what it counts does not leave the work in the middle */
	return nmi_count = 1;
}

/* A storm cuts each portion at once. NMIs that let the work have a part of its time are no storm:
 * the VM whose interrupt it was does not wait for the rest of the portion. */
static void R13_only_portions_that_are_cut_at_once_starve(void **state)
{
	(void)state;
	begin();
	background_want();
	nmi_count = 1;
	lasts = BACKGROUND_PORTION_US / 2;
	for (unsigned i = 0; i < 20; i++) {
		background_run(false, fake_tsc);
		assert_false(background_is_starved());
	}
	lasts = 1;
	for (unsigned i = 0; i < 20 && !background_is_starved(); i++)
		background_run(false, fake_tsc);
	assert_true(background_is_starved());
	lasts = BACKGROUND_PORTION_US / 2;
	background_run(false, fake_tsc);
	assert_false(background_is_starved());
	nmi_count = 0;
}

static void R13_a_point_ends_a_portion_where_an_interrupt_has_come(void **state)
{
	static const struct chipset asked = { .name = "asked", .interrupted = interrupt };

	(void)state;
	begin();
	chipset = &asked;
	lasts = 1;
	background_run(true, fake_tsc);
	assert_int_equal(pauses, 1);
	chipset = &block;
	nmi_count = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R18_the_vms_have_fifteen_times_as_long),
		cmocka_unit_test(R18_a_portion_ends_in_time),
		cmocka_unit_test(R13_only_portions_that_are_cut_at_once_starve),
		cmocka_unit_test(R13_a_point_ends_a_portion_where_an_interrupt_has_come),
		cmocka_unit_test(work_that_is_wanted_is_seen_at_once),
		cmocka_unit_test(work_that_sleeps_is_due_at_its_time_or_woken),
		cmocka_unit_test(outside_of_the_work_nothing_pauses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
