/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The account of NMIs: each fact alone, and beside the others. tests/proof/account.c visits every
 * state; here are the cases that a person would ask for.
 *
 * Rule: each test makes an account of its own.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/nmi_account.h"

enum { LATEST = 100, LONG = 1000000 };

static void R06_an_nmi_without_a_fact_is_external(void **state)
{
	struct nmi_account a = { 0 };

	(void)state;
	assert_int_equal(nmi_account_judge(&a, 1, false), EXTERNAL_UNEXPLAINED);
	assert_int_equal(nmi_account_judge(&a, 0, false), 0);
}

static void R06_a_source_that_tells_of_itself_is_told_beside_every_fact(void **state)
{
	struct nmi_account a = { .line = true, .pins = true, .pulses = 3 };

	(void)state;
	assert_int_equal(nmi_account_judge(&a, 2, true), EXTERNAL_TOLD);
	assert_int_equal(nmi_account_judge_other(EXTERNAL_TOLD, true), EXTERNAL_TOLD);
}

static void R06_a_line_explains_every_nmi_that_is_under_way_and_no_later_one(void **state)
{
	struct nmi_account a = { 0 };

	(void)state;
	nmi_account_explain(&a);
	assert_int_equal(nmi_account_judge(&a, 5, false), 0);
	nmi_account_settle_lines(&a, true);
	assert_int_equal(nmi_account_judge(&a, 1, false), 0);
	nmi_account_settle_lines(&a, false);
	assert_int_equal(nmi_account_judge(&a, 1, false), EXTERNAL_UNEXPLAINED);
}

/* A line has raised one NMI for certain. */
static void R06_a_source_is_asked_for_more_nmis_than_lines(void **state)
{
	struct nmi_account a = { 0 };

	(void)state;
	assert_false(nmi_account_asks_source(&a, 0));
	assert_true(nmi_account_asks_source(&a, 1));
	nmi_account_explain(&a);
	assert_false(nmi_account_asks_source(&a, 1));
	assert_true(nmi_account_asks_source(&a, 2));
}

static void R06_several_pins_explain_nmis_until_they_are_settled(void **state)
{
	struct nmi_account a = { 0 };

	(void)state;
	nmi_account_see_pins(&a);
	assert_int_equal(nmi_account_judge(&a, 2, false), 0);
	nmi_account_settle_pins(&a, true);
	assert_int_equal(nmi_account_judge(&a, 1, false), 0);
	nmi_account_settle_pins(&a, false);
	assert_int_equal(nmi_account_judge(&a, 1, false), EXTERNAL_UNEXPLAINED);
}

static void R06_a_pulse_explains_one_nmi(void **state)
{
	struct nmi_account a = { 0 };

	(void)state;
	nmi_account_add_pulses(&a, 3);
	assert_int_equal(nmi_account_judge(&a, 1, false), 0);
	assert_true(nmi_account_take_pulse(&a));
	assert_int_equal(nmi_account_judge(&a, 2, false), EXTERNAL_UNEXPLAINED);
	assert_int_equal(a.pulses, 0);
	assert_false(nmi_account_take_pulse(&a));
}

static void R06_pulses_left_over_explain_no_nmi_of_the_next_turn(void **state)
{
	struct nmi_account a = { 0 };

	(void)state;
	assert_false(nmi_account_has_pulses(&a));
	nmi_account_add_pulses(&a, 2);
	assert_int_equal(nmi_account_judge(&a, 1, false), 0);
	assert_true(nmi_account_has_pulses(&a));
	nmi_account_drop_pulses(&a);
	assert_int_equal(nmi_account_judge(&a, 1, false), EXTERNAL_UNEXPLAINED);
}

/* The pulses stay for the NMIs that were counted. */
static void R06_an_exit_that_no_pulse_can_cause_is_external_beside_pulses(void **state)
{
	struct nmi_account a = { 0 };

	(void)state;
	nmi_account_add_pulses(&a, 2);
	nmi_account_note_exit(&a);
	assert_int_equal(nmi_account_judge(&a, 1, false), EXTERNAL_UNEXPLAINED);
	assert_int_equal(nmi_account_judge(&a, 2, false), 0);
}

static void R08_a_line_that_was_seen_is_taken_once_and_no_other_line_with_it(void **state)
{
	struct nmi_account a = { 0 };

	(void)state;
	nmi_account_see(&a, 0x0109);
	nmi_account_see(&a, 0x0002);
	assert_false(nmi_account_has_no_line(&a));
	assert_int_equal(nmi_account_take_lines(&a, 0x0101), 0x0101);
	assert_int_equal(nmi_account_take_lines(&a, 0x0101), 0);
	assert_int_equal(nmi_account_take_seen(&a), 0x000a);
	assert_true(nmi_account_has_no_line(&a));
	nmi_account_explain(&a);
	assert_false(nmi_account_has_no_line(&a));
}

static void R08_a_line_that_was_found_is_told_once_unless_it_is_taken_back(void **state)
{
	struct nmi_account a = { 0 };

	(void)state;
	nmi_account_find(&a, 0x0003);
	nmi_account_find(&a, 0x0100);
	nmi_account_take_back(&a, 0x0001);
	assert_int_equal(nmi_account_tell(&a), 0x0102);
	assert_int_equal(nmi_account_tell(&a), 0);
}

static void R18_an_end_explains_one_nmi_until_the_time_is_over(void **state)
{
	struct nmi_account a = { 0 };

	(void)state;
	nmi_account_owe_timer(&a);
	assert_true(nmi_account_take_end(&a, UINT64_MAX)); /* not armed: any time */
	assert_false(nmi_account_take_end(&a, 0));
	nmi_account_owe_timer(&a);
	nmi_account_arm_timer(&a, 1000, LATEST, false);
	assert_false(nmi_account_take_end(&a, 1000 + LATEST));
	assert_true(nmi_account_take_end(&a, 1000 + LATEST - 1));
	assert_false(nmi_account_take_end(&a, 1000));
}

/* An NMI that was counted when the timer was armed waits for its look. An NMI of which a look finds
 * no trace any more has merged with another one. */
static void R06_an_nmi_waits_for_its_look_for_any_time_and_no_longer(void **state)
{
	struct nmi_account a = { 0 };

	(void)state;
	for (unsigned n = 0; n < 2; n++)
		nmi_account_owe_timer(&a);
	nmi_account_arm_timer(&a, 1000, LATEST, true);
	nmi_account_settle_timer(&a, true);
	assert_true(nmi_account_take_end(&a, 1000 + LONG));
	nmi_account_settle_timer(&a, false);
	assert_false(nmi_account_take_end(&a, 1000 + LONG));
}

/* The timer is armed twice: the ends of the first time count on only while they may come. */
static void R18_ends_add_up_while_their_time_lasts(void **state)
{
	static const struct {
		uint64_t armed;
		bool counted;
		uint32_t late;
	} rows[] = {
		{ 1000 + LATEST - 1, false, 2 },
		{ 1000 + LATEST, false, 1 },
		{ 1000 + LATEST, true, 2 }, /* an NMI waits for its look */
		{ 1000 + LONG, true, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nmi_account a = { 0 };

		nmi_account_owe_timer(&a);
		nmi_account_arm_timer(&a, 1000, LATEST, rows[i].counted);
		nmi_account_owe_timer(&a);
		nmi_account_arm_timer(&a, rows[i].armed, LATEST, rows[i].counted);
		for (uint32_t n = 0; n < rows[i].late; n++)
			assert_true(nmi_account_take_end(&a, rows[i].armed));
		assert_false(nmi_account_take_end(&a, rows[i].armed));
	}
}

/* An end before the last arming is forgotten first, so its NMI is taken first. */
static void R18_the_end_that_is_forgotten_first_is_taken_first(void **state)
{
	struct nmi_account a = { 0 };

	(void)state;
	nmi_account_owe_timer(&a);
	nmi_account_arm_timer(&a, 1000, LATEST, false);
	nmi_account_owe_timer(&a);
	assert_true(nmi_account_take_end(&a, 1001));
	assert_true(nmi_account_take_end(&a, 1000 + LATEST));
	assert_false(nmi_account_take_end(&a, 1001));
}

static void R18_arming_without_an_end_changes_no_account(void **state)
{
	struct nmi_account a = { 0 };

	(void)state;
	nmi_account_owe_timer(&a);
	nmi_account_arm_timer(&a, 1000, LATEST, false);
	nmi_account_arm_timer(&a, 1050, LATEST, false);
	assert_false(nmi_account_take_end(&a, 1000 + LATEST));
	assert_true(nmi_account_take_end(&a, 1000 + LATEST - 1));
}

static void R18_a_timer_that_is_stopped_for_good_explains_nothing(void **state)
{
	struct nmi_account a = { 0 };

	(void)state;
	nmi_account_owe_timer(&a);
	nmi_account_arm_timer(&a, 1000, LATEST, false);
	nmi_account_owe_timer(&a);
	nmi_account_forget_timer(&a);
	assert_false(nmi_account_take_end(&a, 1001));
}

static void R06_the_timer_or_an_iommu_explains_only_what_nothing_else_does(void **state)
{
	(void)state;
	assert_int_equal(nmi_account_judge_other(EXTERNAL_UNEXPLAINED, true), 0);
	assert_int_equal(nmi_account_judge_other(EXTERNAL_UNEXPLAINED, false),
	                 EXTERNAL_UNEXPLAINED);
	assert_int_equal(nmi_account_judge_other(0, true), 0);
	assert_int_equal(nmi_account_judge_other(0, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R06_an_nmi_without_a_fact_is_external),
		cmocka_unit_test(R06_a_source_that_tells_of_itself_is_told_beside_every_fact),
		cmocka_unit_test(R06_a_line_explains_every_nmi_that_is_under_way_and_no_later_one),
		cmocka_unit_test(R06_a_source_is_asked_for_more_nmis_than_lines),
		cmocka_unit_test(R06_several_pins_explain_nmis_until_they_are_settled),
		cmocka_unit_test(R06_a_pulse_explains_one_nmi),
		cmocka_unit_test(R06_pulses_left_over_explain_no_nmi_of_the_next_turn),
		cmocka_unit_test(R06_an_exit_that_no_pulse_can_cause_is_external_beside_pulses),
		cmocka_unit_test(R08_a_line_that_was_seen_is_taken_once_and_no_other_line_with_it),
		cmocka_unit_test(R08_a_line_that_was_found_is_told_once_unless_it_is_taken_back),
		cmocka_unit_test(R18_an_end_explains_one_nmi_until_the_time_is_over),
		cmocka_unit_test(R06_an_nmi_waits_for_its_look_for_any_time_and_no_longer),
		cmocka_unit_test(R18_ends_add_up_while_their_time_lasts),
		cmocka_unit_test(R18_the_end_that_is_forgotten_first_is_taken_first),
		cmocka_unit_test(R18_arming_without_an_end_changes_no_account),
		cmocka_unit_test(R18_a_timer_that_is_stopped_for_good_explains_nothing),
		cmocka_unit_test(R06_the_timer_or_an_iommu_explains_only_what_nothing_else_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
