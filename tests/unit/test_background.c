/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When the background work runs, and for how long.
 *
 * Rule: the work is the source's own loop. It runs on a stack of its own, as on the machine
 * (arch/x86/cpu/work.S). A step takes as long as the test says, and the test moves the TSC.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/stacks.h"
#include "arch/x86/cpu/work.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "chipset/chipset.h"
#include "vmm/core/background.h"
#include "vmm/core/flows.h"
#include "vmm/core/processor.h"

#include <string.h>
#include <ucontext.h>

/* As docs/time.md says. */
enum { PORTION = 300, SHARE = 15, STACK_BYTES = 1 << 18 };

uint64_t fake_tsc;
struct processor processor;
volatile uint32_t nmi_count;
volatile uint8_t work_open;
bool work_inside;

static const struct chipset block = { .name = "block" };
const struct chipset *chipset = &block;
static unsigned pauses, steps;
static uint64_t lasts;      /* how long a step takes */
static unsigned left;       /* steps after which there is more to do */
static uint64_t sleep_till; /* the next step waits so long; 0: it does not wait */
static bool gives_back;     /* the next step gives the processor back */
static bool brings_more;    /* the next step makes more work */

/* ---- The two stacks ---- */

static ucontext_t run_loop, work_loop;
static _Alignas(16) char work_stack[STACK_BYTES];

uint64_t tsc_from_us(uint64_t us)
{
	return us;
}

char *stack_top(unsigned i)
{
	assert_int_equal(i, STACK_WORK);
	return work_stack + STACK_BYTES;
}

void work_init(void *top, void (*body)(void))
{
	assert_ptr_equal(top, work_stack + STACK_BYTES);
	getcontext(&work_loop);
	work_loop.uc_stack.ss_sp = work_stack;
	work_loop.uc_stack.ss_size = STACK_BYTES;
	work_loop.uc_link = NULL;
	makecontext(&work_loop, body, 0);
}

void work_run(void)
{
	work_inside = true;
	swapcontext(&run_loop, &work_loop);
	work_inside = false;
}

void work_pause(void)
{
	pauses++;
	swapcontext(&work_loop, &run_loop);
}

/* ---- The work ---- */

static bool step(void)
{
	steps++;
	fake_tsc += lasts;
	if (brings_more) {
		brings_more = false;
		background_want();
	}
	if (gives_back) {
		gives_back = false;
		background_pause();
	}
	if (sleep_till != 0) {
		uint64_t until = sleep_till;

		sleep_till = 0;
		background_sleep(until);
	}
	if (left > 0)
		left--;
	return left > 0;
}

void dispatch_counted(struct vm *running)
{
	assert_null(running);
}

void log_set_pause(void (*pause)(void))
{
	assert_ptr_equal(pause, background_point);
}

/* Begins with work that has just been wanted, and with no portion cut short. */
static int begin(void **state)
{
	(void)state;
	fake_tsc = 1000000;
	chipset = &block;
	nmi_count = 0;
	lasts = left = sleep_till = 0;
	gives_back = brings_more = false;
	background_init(step);
	background_run(true, fake_tsc); /* to its end: no portion counts as cut */
	background_want();
	processor.attention = false;
	processor.housekeeping_due = UINT64_MAX;
	pauses = steps = 0;
	return 0;
}

/* A portion with so many steps of a length. */
static void portion(bool idle, unsigned count, uint64_t length)
{
	lasts = length;
	left = count;
	background_run(idle, fake_tsc);
}

static void R18_the_vms_have_fifteen_times_as_long(void **state)
{
	(void)state;
	portion(false, 100, PORTION);
	assert_int_equal(background_due(false), fake_tsc + SHARE * PORTION);
	assert_int_equal(background_due(true), 0); /* nobody is ready */
}

static void R18_a_portion_ends_in_time(void **state)
{
	(void)state;
	portion(false, 100, 100);
	assert_int_equal(steps, PORTION / 100);
	assert_int_equal(pauses, 1);
	portion(true, 1000, 100); /* nobody waits: the work goes on to its end */
	assert_int_equal(steps, PORTION / 100 + 1000);
	assert_int_equal(background_due(true), UINT64_MAX);
}

static void work_that_is_wanted_is_seen_at_once(void **state)
{
	(void)state;
	portion(true, 0, 1);
	assert_int_equal(background_due(true), UINT64_MAX);
	background_want();
	assert_true(processor.attention);
	assert_int_equal(processor.housekeeping_due, 0);
	assert_int_equal(background_due(true), 0);
	processor.attention = false;
	background_want(); /* it is wanted already */
	assert_false(processor.attention);
}

static void work_that_comes_during_the_last_step_is_done(void **state)
{
	(void)state;
	brings_more = true;
	portion(true, 0, 1);
	assert_int_equal(steps, 2);
	assert_int_equal(background_due(true), UINT64_MAX);
}

static void work_that_sleeps_is_due_at_its_time_or_woken(void **state)
{
	(void)state;
	uint64_t until = fake_tsc + 500;

	sleep_till = until;
	portion(false, 0, 0);
	assert_int_equal(pauses, 1);
	assert_int_equal(background_due(false), until);
	assert_int_equal(background_due(true), until);
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
	background_point();
	background_pause();
	assert_int_equal(pauses, 0);
	gives_back = true;
	portion(true, 0, 0);
	assert_int_equal(pauses, 1);
	assert_int_equal(background_due(true), 0);
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
	nmi_count = 1; /* work_release() ends the portion behind its first step */
	for (unsigned i = 0; i < 20; i++) {
		portion(false, 100, PORTION / 2);
		assert_false(background_is_starved());
	}
	for (unsigned i = 0; i < 20 && !background_is_starved(); i++)
		portion(false, 100, 1);
	assert_true(background_is_starved());
	portion(false, 100, PORTION / 2);
	assert_false(background_is_starved());
}

static void R13_a_point_ends_a_portion_where_an_interrupt_has_come(void **state)
{
	static const struct chipset asked = { .name = "asked", .interrupted = interrupt };

	(void)state;
	chipset = &asked;
	portion(true, 100, 1);
	assert_int_equal(steps, 1);
	assert_int_equal(pauses, 1);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(R18_the_vms_have_fifteen_times_as_long),
		TEST(R18_a_portion_ends_in_time),
		TEST(R13_only_portions_that_are_cut_at_once_starve),
		TEST(R13_a_point_ends_a_portion_where_an_interrupt_has_come),
		TEST(work_that_is_wanted_is_seen_at_once),
		TEST(work_that_comes_during_the_last_step_is_done),
		TEST(work_that_sleeps_is_due_at_its_time_or_woken),
		TEST(outside_of_the_work_nothing_pauses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
