/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When the slice timer ends, and whose an NMI was.
 *
 * Rule: each end is one NMI, told once.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/nmi.h"
#include "arch/x86/cpu/nmi_account.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/machine/slice_timer.h"
#include "tests/unit/fake_log.h"
#include "tests/unit/sim_hpet.h"

static int begin(void **state)
{
	power_on(state);
	assert_int_equal(slice_timer_init(), 0);
	assert_string_equal(printed(), "");
	nmi_count = 0;
	hpet.raised = 0;
	return 0;
}

/* ---- Ends ---- */

/* Time passes in small steps until the NMI comes; when that was. */
static uint64_t until_nmi(uint64_t most)
{
	uint64_t raised = hpet.raised, give_up = fake_tsc + most;

	while (hpet.raised == raised && fake_tsc < give_up)
		pass(100);
	assert_int_equal(hpet.raised, raised + 1);
	return fake_tsc;
}

static void quiet(uint64_t ticks)
{
	uint64_t raised = hpet.raised;

	pass(ticks);
	assert_int_equal(hpet.raised, raised);
}

static void it_ends_once_with_one_nmi_and_is_told_once(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 3; turn++) {
		uint64_t start = fake_tsc;

		slice_timer_arm(10000000); /* 5 ms */
		assert_false(slice_timer_ended());
		uint64_t end = until_nmi(20000000);

		assert_in_range(end - start, 9990000, 10010000);
		assert_true(slice_timer_ended());
		assert_false(slice_timer_ended());
		assert_int_equal(slice_timer_left(), 0);
		/* its value might have come again */
		assert_int_equal(slice_timer_part(false), SLICE_TIMER_PAST);
		quiet(100000000);
		assert_false(slice_timer_ended());
		assert_int_equal(slice_timer_part(false), SLICE_TIMER_NO_PART);
	}
}

static void what_is_left_is_told_in_tsc_ticks(void **state)
{
	(void)state;
	assert_int_equal(slice_timer_left(), UINT64_MAX);
	slice_timer_arm(10000000);
	pass(4000000);
	assert_in_range(slice_timer_left(), 5990000, 6000000);
	pass(5900000);
	assert_in_range(slice_timer_left(), 90000, 100000);
	pass(200000);
	assert_int_equal(slice_timer_left(), 0);
	slice_timer_arm(UINT64_MAX);
	assert_int_equal(slice_timer_left(), UINT64_MAX);
}

static void a_stopped_one_raises_nothing(void **state)
{
	(void)state;
	slice_timer_arm(10000000);
	pass(5000000);
	slice_timer_arm(UINT64_MAX);
	slice_timer_arm(UINT64_MAX);
	for (unsigned n = 0; n < 10; n++)
		/* the counter goes round in 2^32 of its ticks, 85.9e9 of the TSC */
		quiet(1ull << 34);
	assert_false(slice_timer_ended());
	assert_int_equal(slice_timer_part(false), SLICE_TIMER_NO_PART);
	slice_timer_arm(10000000);
	(void)until_nmi(11000000);
	assert_true(slice_timer_ended());
}

static void it_may_be_armed_anew_before_its_end(void **state)
{
	(void)state;
	slice_timer_arm(10000000);
	for (unsigned n = 0; n < 10; n++) {
		pass(9000000);
		slice_timer_arm(10000000);
	}
	assert_int_equal(hpet.raised, 0);
	assert_int_equal(slice_timer_part(false), SLICE_TIMER_NO_PART);
	(void)until_nmi(11000000);
	assert_true(slice_timer_ended());
}

static void a_short_time_is_never_missed(void **state)
{
	/* of an access, up to half a millisecond */
	static const uint64_t costs[] = { 0, 100, 1000, 20000, 1000000 };

	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		begin(state);
		hpet.cost = costs[i];
		for (uint64_t ticks = 0; ticks < 3000000; ticks = ticks * 2 + 1) {
			uint64_t raised = hpet.raised, start = fake_tsc;

			slice_timer_arm(ticks);
			if (hpet.raised == raised)
				(void)until_nmi(100000000);
			assert_true(hpet.last_tsc - start >= ticks);
			pass(10000);
			/* an NMI may have come for a value that was given up */
			while (!slice_timer_ended())
				(void)until_nmi(100000000);
			quiet(1000000000);
		}
	}
}

static void a_long_time_ends_after_2_to_the_30_ticks_of_the_hpet(void **state)
{
	static const uint64_t times[] = { 1ull << 35, 1ull << 50, UINT64_MAX - 1, 25000000000 };
	const uint64_t most = (1ull << 30) * 20; /* of the TSC */

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		uint64_t start = fake_tsc;

		slice_timer_arm(times[i]);
		pass(most - most / 500);
		assert_int_equal(hpet.raised, i);
		assert_false(slice_timer_ended());
		pass(most / 250);
		assert_int_equal(hpet.raised, i + 1);
		assert_true(slice_timer_ended());
		assert_true(fake_tsc - start < most + most / 100);
		hpet.count &= ~0xffffffffull; /* the wrap is another test's */
	}
}

static void the_counters_wrap_is_no_end(void **state)
{
	(void)state;
	hpet.count = 0xffffffff - 200000; /* 2 ms before */
	slice_timer_arm(10000000);
	(void)until_nmi(5000000);
	assert_false(slice_timer_ended());
	assert_int_equal(slice_timer_part(false), SLICE_TIMER_PAST);
	(void)until_nmi(7000000);
	assert_true(slice_timer_ended());
	pass(50000000);
	slice_timer_arm(1000000000);
	pass(100000000);
	assert_int_equal(slice_timer_part(false), SLICE_TIMER_NO_PART);
}

static void both_clocks_may_run_at_any_rate(void **state)
{
	static const uint32_t periods[] = { FS_100_MHZ, FS_14_MHZ, 100000000, 41666667, 1000000 };
	static const uint64_t rates[] = { 20000, 1000000, 2394374, 5000000 };

	for (size_t p = 0; p < sizeof(periods) / sizeof(periods[0]); p++) {
		for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
			power_on(state);
			hpet.period = periods[p];
			hpet.rate_khz = platform.tsc_khz = rates[r];
			hpet.cost = rates[r] / 2000;
			assert_int_equal(slice_timer_init(), 0);
			for (uint64_t ms = 2; ms <= 200; ms *= 10) {
				uint64_t start = fake_tsc, ticks = ms * rates[r];

				slice_timer_arm(ticks);
				uint64_t end = until_nmi(2 * ticks);

				assert_true(end - start > ticks - ticks / 200 - 200);
				assert_true(end - start <
				            ticks + ticks / 200 + 10 * hpet.cost + 200);
				assert_true(slice_timer_ended());
			}
		}
	}
}

/* The firmware's word about either clock is not taken. */
static void a_wrong_rate_of_the_tsc_makes_no_difference(void **state)
{
	static const uint64_t said[] = { KHZ / 2, KHZ * 9 / 10, KHZ * 11 / 10, KHZ * 2 };

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		power_on(state);
		platform.tsc_khz = said[i];
		assert_int_equal(slice_timer_init(), 0);
		uint64_t start = fake_tsc;

		slice_timer_arm(10000000);
		assert_in_range(until_nmi(20000000) - start, 9990000, 10010000);
		assert_true(slice_timer_ended());
	}
}

static void the_usual_way_takes_two_accesses_and_the_look_at_a_far_end_none(void **state)
{
	(void)state;
	slice_timer_arm(10000000);
	hpet.accesses = 0;
	slice_timer_arm(10000000);
	assert_int_equal(hpet.accesses, 2);
	pass(9800000);
	assert_false(slice_timer_ended());
	assert_int_not_equal(slice_timer_left(), 0);
	assert_int_equal(hpet.accesses, 2);
	(void)until_nmi(1000000);
	assert_true(slice_timer_ended());
	assert_int_equal(hpet.accesses, 3);
	slice_timer_arm(10000000);
	assert_int_equal(hpet.accesses, 5);
}

/* ---- Whose an NMI was ---- */

static void one_that_is_replaced_at_its_end_may_be_late_once(void **state)
{
	static const uint64_t times[] = { 9950000, 10000000, 10100000 };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		for (unsigned stops = 0; stops < 2; stops++) {
			begin(state);
			slice_timer_arm(10000000);
			pass(times[i]);
			slice_timer_arm(stops ? UINT64_MAX : 10000000);
			assert_false(slice_timer_ended());
			assert_int_equal(slice_timer_part(false), SLICE_TIMER_PAST);
			assert_int_equal(slice_timer_part(false), SLICE_TIMER_NO_PART);
		}
	}
	begin(state);
	slice_timer_arm(10000000);
	pass(10000000);
	nmi_count = 0; /* the NMI was looked at, as another's */
	slice_timer_arm(10000000);
	pass(1100000); /* more than half a millisecond */
	assert_int_equal(slice_timer_part(false), SLICE_TIMER_NO_PART);
}

static void expect_past(unsigned nmis)
{
	for (; nmis > 0; nmis--)
		assert_int_equal(slice_timer_part(false), SLICE_TIMER_PAST);
	assert_int_equal(slice_timer_part(false), SLICE_TIMER_NO_PART);
}

static void an_nmi_may_be_expected_after_its_end_was_told(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 4; turn++) {
		slice_timer_arm(10000000);
		(void)until_nmi(11000000);
		nmi_count = 0; /* the look has taken the NMI */
		assert_true(slice_timer_ended());
		slice_timer_expect();
		assert_false(slice_timer_ended());
		assert_int_equal(slice_timer_left(), 0);
		if (turn == 1) /* it comes while nobody has armed it anew, however late that is */
			assert_int_equal(slice_timer_part(false), SLICE_TIMER_PAST);
		pass(100000000);
		slice_timer_arm(10000000);
		if (turn == 2) /* or soon after that */
			pass(900000);
		if (turn == 3)
			pass(1100000);
		expect_past(turn == 0 || turn == 2);
		(void)until_nmi(11000000);
		assert_true(slice_timer_ended());
		pass(100000000);
	}
}

/* The host of an emulator may stop the VMM between an NMI and its look, for any time. The end of
 * the next time may be over by then: the NMI of that end is still to come. */
static void one_that_was_counted_may_be_looked_at_at_any_time(void **state)
{
	static const uint64_t stalls[] = { 20000000, 42000000, 99000000, 4000000000 };

	for (size_t i = 0; i < sizeof(stalls) / sizeof(stalls[0]); i++) {
		begin(state);
		slice_timer_arm(100000000);
		pass(100000000);
		assert_int_equal(nmi_count, 1);
		slice_timer_arm(100000000);
		pass(stalls[i]);
		bool ended = slice_timer_ended();

		assert_int_equal(ended, stalls[i] > 100000000);
		assert_int_equal(slice_timer_part(ended),
		                 ended ? SLICE_TIMER_ENDED : SLICE_TIMER_PAST);
		nmi_account_settle_timer(&nmi_account, false);
		expect_past(ended);
	}
}

/* The NMI that the handler counted was another's: the write had dropped the end's own. */
static void an_end_without_an_nmi_explains_none_after_the_look(void **state)
{
	(void)state;
	slice_timer_arm(100000000);
	pass(100000000);
	slice_timer_arm(100000000);
	pass(42000000);
	nmi_account_settle_timer(&nmi_account, false);
	expect_past(0);
}

/* An NMI waits at the processor until the VMM opens the way to the handler. */
static void the_nmi_that_waits_when_the_timer_is_armed_is_counted_first(void **state)
{
	(void)state;
	slice_timer_arm(100000000);
	pass(100000000);
	nmi_count = 0;
	hpet.waiting = 1;
	slice_timer_arm(100000000);
	assert_int_equal(nmi_count, 1);
	pass(42000000);
	expect_past(1);
}

/* The wrap's NMI has 20 ms where the end is told; here the look is 50 ms and more behind. */
enum { BEFORE_WRAP = 200000, LATE_LOOK = 100000000 };

static void begin_before_the_wrap(void **state, uint32_t counts)
{
	begin(state);
	hpet.count = 0xffffffff - counts;
}

static void the_wrap_is_explained_once_however_late_the_look(void **state)
{
	begin_before_the_wrap(state, BEFORE_WRAP);
	slice_timer_arm(2000000000);
	pass(1000000);
	assert_int_equal(slice_timer_part(false), SLICE_TIMER_NO_PART);
	pass(4000000 + LATE_LOOK);
	assert_int_equal(hpet.raised, 1);
	assert_false(slice_timer_ended());
	expect_past(1);
	hpet.accesses = 0;
	assert_false(slice_timer_ended());
	assert_int_equal(hpet.accesses, 0);
	(void)until_nmi(2000000000);
	assert_true(slice_timer_ended());
	pass(LATE_LOOK);
	expect_past(0);
}

static void the_wrap_and_the_end_may_both_be_over_at_the_look(void **state)
{
	for (unsigned other = 0; other < 2; other++) {
		begin_before_the_wrap(state, BEFORE_WRAP);
		slice_timer_arm(10000000);
		pass(10000000 + LATE_LOOK);
		assert_int_equal(hpet.raised, 2);
		assert_true(slice_timer_ended());
		if (other) /* the first NMI was another's as well */
			slice_timer_expect();
		else
			assert_int_equal(slice_timer_part(true), SLICE_TIMER_ENDED);
		expect_past(1 + other);
	}
}

static void the_wrap_may_be_over_when_the_timer_is_armed_anew(void **state)
{
	for (unsigned turn = 0; turn < 3; turn++) {
		begin_before_the_wrap(state, BEFORE_WRAP);
		slice_timer_arm(turn < 2 ? 200000000 : 10000000);
		pass(turn < 2 ? 5000000 : 10000000);
		if (turn == 2) /* the end was told, and its NMI is the look's */
			assert_true(slice_timer_ended());
		slice_timer_arm(turn == 1 ? UINT64_MAX : 200000000);
		pass(LATE_LOOK);
		expect_past(1);
	}
}

static void a_wrap_after_an_earlier_end_is_not_the_first_ones(void **state)
{
	begin_before_the_wrap(state, BEFORE_WRAP);
	slice_timer_arm(10000000);
	pass(1000000);
	slice_timer_arm(2000000);
	assert_int_equal(hpet.raised, 0);
	assert_int_equal(slice_timer_part(false), SLICE_TIMER_NO_PART);
	(void)until_nmi(2100000);
	assert_true(slice_timer_ended());
}

static void the_wrap_may_come_within_an_access(void **state)
{
	for (unsigned cost = 0; cost < 4; cost++) {
		for (uint32_t counts = 0; counts < 8000; counts += 100) {
			begin_before_the_wrap(state, counts);
			hpet.cost = cost * 20000; /* 1,000 counts each */
			slice_timer_arm(2 * LATE_LOOK);
			slice_timer_arm(2 * LATE_LOOK);
			hpet.cost = 1000;
			pass(LATE_LOOK);
			assert_in_range(hpet.raised, 0, 1);
			expect_past((unsigned)hpet.raised);
		}
	}
}

/* An emulator may do other things while an access waits: the end comes between the look at the TSC
 * and the write. */
static void an_end_within_an_access_is_counted_from_when_it_is_over(void **state)
{
	(void)state;
	for (unsigned stops = 0; stops < 2; stops++) {
		begin(state);
		slice_timer_arm(10000000);
		pass(9000000);
		hpet.cost = 4000000; /* 2 ms */
		slice_timer_arm(stops ? UINT64_MAX : 20000000);
		assert_int_equal(hpet.raised, 1);
		hpet.cost = 1000;
		assert_false(slice_timer_ended());
		expect_past(1);
	}
}

static void an_end_that_the_tsc_missed_is_found_by_the_hpet(void **state)
{
	(void)state;
	hpet.rate_khz = KHZ / 2; /* the TSC goes at half its speed now */
	slice_timer_arm(10000000);
	(void)until_nmi(6000000);
	assert_false(slice_timer_ended());
	assert_int_equal(slice_timer_part(false), SLICE_TIMER_ENDED);
	assert_int_equal(slice_timer_left(), 0);
	assert_false(slice_timer_ended());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(it_ends_once_with_one_nmi_and_is_told_once, begin),
		cmocka_unit_test_setup(what_is_left_is_told_in_tsc_ticks, begin),
		cmocka_unit_test_setup(a_stopped_one_raises_nothing, begin),
		cmocka_unit_test_setup(it_may_be_armed_anew_before_its_end, begin),
		cmocka_unit_test_setup(a_short_time_is_never_missed, begin),
		cmocka_unit_test_setup(a_long_time_ends_after_2_to_the_30_ticks_of_the_hpet, begin),
		cmocka_unit_test_setup(the_counters_wrap_is_no_end, begin),
		cmocka_unit_test_setup(both_clocks_may_run_at_any_rate, begin),
		cmocka_unit_test_setup(a_wrong_rate_of_the_tsc_makes_no_difference, begin),
		cmocka_unit_test_setup(
			the_usual_way_takes_two_accesses_and_the_look_at_a_far_end_none, begin),
		cmocka_unit_test_setup(one_that_is_replaced_at_its_end_may_be_late_once, begin),
		cmocka_unit_test_setup(an_nmi_may_be_expected_after_its_end_was_told, begin),
		cmocka_unit_test_setup(one_that_was_counted_may_be_looked_at_at_any_time, begin),
		cmocka_unit_test_setup(an_end_without_an_nmi_explains_none_after_the_look, begin),
		cmocka_unit_test_setup(the_nmi_that_waits_when_the_timer_is_armed_is_counted_first,
		                       begin),
		cmocka_unit_test(the_wrap_is_explained_once_however_late_the_look),
		cmocka_unit_test(the_wrap_and_the_end_may_both_be_over_at_the_look),
		cmocka_unit_test(the_wrap_may_be_over_when_the_timer_is_armed_anew),
		cmocka_unit_test(a_wrap_after_an_earlier_end_is_not_the_first_ones),
		cmocka_unit_test(the_wrap_may_come_within_an_access),
		cmocka_unit_test_setup(an_end_within_an_access_is_counted_from_when_it_is_over,
		                       begin),
		cmocka_unit_test_setup(an_end_that_the_tsc_missed_is_found_by_the_hpet, begin),
	};

	return cmocka_run_group_tests_name("slice_timer", tests, NULL, NULL);
}
