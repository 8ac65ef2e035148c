/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arithmetic of budgets, and the bound of a wait.
 */
#include "tests/unit/check.h"

#include "vmm/budget/blocking.h"
#include "vmm/budget/budget.h"
#include "vmm/budget/frame.h"

static void a_budget_comes_back_at_each_period(void **state)
{
	struct budget b;

	(void)state;
	budget_begin(&b, 2000, 10000, 500);
	assert_int_equal(budget_look(&b, 500), 2500);
	budget_charge(&b, 500, 1500);
	assert_int_equal(b.left, 1000);
	assert_false(budget_is_used_up(&b));
	budget_charge(&b, 1500, 2450);
	assert_true(budget_is_used_up(&b)); /* 50 ticks are none */
	budget_refill(&b, 10499);
	assert_true(budget_is_used_up(&b));
	budget_refill(&b, 10500);
	assert_int_equal(b.left, 2000); /* what was left of the period before is gone */
	assert_int_equal(b.refill, 20500);
	assert_int_equal(budget_look(&b, 20400), 20500);
}

static void time_beyond_a_budget_is_the_next_periods(void **state)
{
	struct budget b;

	(void)state;
	budget_begin(&b, 2000, 10000, 0);
	budget_charge(&b, 0, 2300);
	assert_int_equal(b.most_over, 300);
	budget_refill(&b, 10000);
	assert_int_equal(b.left, 1700);
	budget_charge(&b, 10000, 16700); /* 5,000 too long: two budgets and a half */
	budget_refill(&b, 20000);
	assert_int_equal(b.left, -3000);
	budget_refill(&b, 30000);
	assert_true(budget_is_used_up(&b));
	budget_refill(&b, 50000); /* two periods at once */
	assert_int_equal(b.left, 2000);
	budget_refill(&b, UINT64_C(1) << 62); /* many periods at once */
	assert_int_equal(b.left, 2000);
	assert_true(b.refill > UINT64_C(1) << 62);
}

static void time_across_a_border_counts_for_both_periods(void **state)
{
	struct budget b;

	(void)state;
	budget_begin(&b, 2000, 10000, 0);
	budget_charge(&b, 9000, 10500);
	assert_int_equal(b.left, 1500);
	assert_int_equal(b.refill, 20000);
	budget_charge(&b, 19900, 45000); /* each period is overdrawn by 8,000 */
	assert_int_equal(b.refill, 50000);
	assert_int_equal(b.left, 2000 - 10000 + 2000 - 10000 + 2000 - 5000);
}

static void no_budget_is_never_used_up(void **state)
{
	struct budget b = { 0 };

	(void)state;
	assert_false(budget_is_used_up(&b));
	budget_refill(&b, 12345);
	assert_false(budget_is_used_up(&b));
}

/* ---- The bound ---- */

static const struct blocking_vmm silent = { .portion = 0, .period = 1, .late = 0 };

static void a_wait_below_a_budget_is_two_budgets(void **state)
{
	const struct blocking_vm two[] = { { 2, 5000, 2000, 10000 }, { 1, 5000, 0, 0 } };

	(void)state;
	/* 2 ms at the end of a period, 2 ms at the start of the next */
	assert_int_equal(blocking_worst(two, 2, 1, &silent), 4000);
	assert_int_equal(blocking_worst(two, 2, 0, &silent), 0);
}

static void a_long_wait_meets_more_periods(void **state)
{
	const struct blocking_vm three[] = { { 3, 5000, 1000, 4000 },
		                             { 2, 5000, 3000, 10000 },
		                             { 1, 5000, 0, 0 } };

	(void)state;
	/* 1000 (2 + (w - 1000) / 4000) + 3000 (2 + (w - 3000) / 10000) of w = 4000, 8000, 9000 */
	assert_int_equal(blocking_worst(three, 3, 2, &silent), 10000);
	assert_int_equal(blocking_worst(three, 3, 1, &silent), 2000);
}

static void an_equal_has_one_slice_and_the_vmm_its_share(void **state)
{
	const struct blocking_vm equals[] = { { 1, 5000, 0, 0 }, { 1, 700, 0, 0 } };
	const struct blocking_vmm vmm = { .portion = 300, .period = 4800, .late = 20 };

	(void)state;
	assert_int_equal(blocking_worst(equals, 2, 1, &silent), 5000);
	assert_int_equal(blocking_worst(equals, 2, 0, &silent), 700);
	/* 320 (2 + (w - 320) / 4800) + 5020 */
	assert_int_equal(blocking_worst(equals, 2, 1, &vmm), 5020 + 3 * 320);
}

static void no_budget_above_no_bound(void **state)
{
	const struct blocking_vm open[] = { { 2, 5000, 0, 0 }, { 1, 5000, 1000, 10000 } };
	const struct blocking_vm full[] = { { 2, 100, 6000, 10000 },
		                            { 2, 100, 4000, 10000 },
		                            { 1, 100, 0, 0 } };

	(void)state;
	assert_int_equal(blocking_worst(open, 2, 1, &silent), BLOCKING_NONE);
	assert_int_equal(blocking_worst(full, 3, 2, &silent), BLOCKING_LONG);
}

/* ---- The frame ---- */

static void a_frame_has_parts_and_a_rest(void **state)
{
	struct frame f = { .length = 1000, .begin = 5000 };
	uint64_t until;

	(void)state;
	frame_add(&f, 300, 1);
	frame_add(&f, 500, 2);
	assert_int_equal(frame_owner(&f, 5000, &until), 1);
	assert_int_equal(until, 5300);
	assert_int_equal(frame_owner(&f, 5299, &until), 1);
	assert_int_equal(frame_owner(&f, 5300, &until), 2);
	assert_int_equal(until, 5800);
	assert_int_equal(frame_owner(&f, 5999, &until), FRAME_REST);
	assert_int_equal(until, 6000);
	assert_int_equal(frame_owner(&f, 9300, &until), 2); /* frames were skipped */
	assert_int_equal(until, 9800);
}

static void the_longest_gap_goes_over_the_frames_end(void **state)
{
	struct frame f = { .length = 1000 }, full = { .length = 600 };

	(void)state;
	frame_add(&f, 300, 1);
	frame_add(&f, 400, 2);
	frame_add(&f, 100, 1);
	assert_int_equal(frame_longest_gap(&f, 1), 400);
	assert_int_equal(frame_longest_gap(&f, 2), 200 + 300 + 100);
	assert_int_equal(frame_longest_gap(&f, FRAME_REST), 800);
	assert_int_equal(frame_longest_gap(&f, 3), 1000);
	frame_add(&full, 600, 1);
	assert_int_equal(frame_longest_gap(&full, 1), 0);
	assert_int_equal(frame_longest_gap(&full, FRAME_REST), 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_budget_comes_back_at_each_period),
		cmocka_unit_test(time_beyond_a_budget_is_the_next_periods),
		cmocka_unit_test(time_across_a_border_counts_for_both_periods),
		cmocka_unit_test(no_budget_is_never_used_up),
		cmocka_unit_test(a_wait_below_a_budget_is_two_budgets),
		cmocka_unit_test(a_long_wait_meets_more_periods),
		cmocka_unit_test(an_equal_has_one_slice_and_the_vmm_its_share),
		cmocka_unit_test(no_budget_above_no_bound),
		cmocka_unit_test(a_frame_has_parts_and_a_rest),
		cmocka_unit_test(the_longest_gap_goes_over_the_frames_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
