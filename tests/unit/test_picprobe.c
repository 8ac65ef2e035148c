/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model against the pair that is written down apart from it (ruled8259.c, no rule on), by
 * picprobe's programs.
 *
 * Rule: a program's transcript holds each value read and each vector taken; two controllers agree
 * when the checksums do.
 */
#include "tests/unit/check.h"

#include "guests/picprobe/picprobe.h"
#include "tests/unit/picprobe_bench.h"

enum { PROGRAMS = 4000, OPERATIONS = 60 };
enum { LINES = 0xffff & ~(1 << 2), LINES_OF_THE_GUEST = 0xd10b };

void probe_print(const char *line)
{
	print_message("%s\n", line);
}

static uint32_t sum_on_the_model(const struct program *program)
{
	bench_use_model();
	return probe_play(program, LINES, SHOW_SUMS).sum;
}

static uint32_t sum_by_rules(const struct program *program, uint32_t rules)
{
	bench_use_rules(rules);
	return probe_play(program, LINES, SHOW_SUMS).sum;
}

static void agree(const struct program *program)
{
	if (sum_on_the_model(program) == sum_by_rules(program, 0))
		return;
	bench_use_model();
	probe_play(program, LINES, SHOW_LIST);
	bench_use_rules(0);
	probe_play(program, LINES, SHOW_LIST);
	fail_msg("the two differ (model first, see above)");
}

static void R07_recorded_programs_agree_with_the_second_statement(void **state)
{
	(void)state;
	assert_true(probe_recorded_count > 80);
	for (unsigned i = 0; i < probe_recorded_count; i++)
		agree(&probe_recorded[i]);
}

static void R07_random_programs_agree_with_the_second_statement(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < PROGRAMS; i++) {
		/* The guest's lines, and all that there are. */
		struct program program = probe_random(
			1, i, FEATURES_ALL, i & 1 ? LINES : LINES_OF_THE_GUEST, OPERATIONS);
		agree(&program);
	}
}

/* The comparison would notice: a rule changes the transcripts of some recorded programs. */
static void recorded_programs_notice_a_difference(void **state)
{
	static const char *const rules[] = { "edge-stays", "int-latched", "poll-stays",
		                             "smm-all",    "sfnm-lower",  "rotate-by-one" };

	(void)state;
	assert_int_equal(bench_rule("no-such-rule"), 0);
	for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		unsigned noticed = 0;

		assert_int_not_equal(bench_rule(rules[i]), 0);
		for (unsigned k = 0; k < probe_recorded_count; k++)
			noticed += sum_by_rules(&probe_recorded[k], 0) !=
			           sum_by_rules(&probe_recorded[k], bench_rule(rules[i]));
		assert_true(noticed > 0 && noticed < probe_recorded_count);
	}
}

static void a_program_depends_on_its_number_alone(void **state)
{
	struct program again = probe_random(7, 3, FEATURES_ALL, LINES, OPERATIONS);
	uint32_t first = sum_on_the_model(&again), others = 0;

	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		again = probe_random(7 + i / 4, i % 4, FEATURES_ALL, LINES, OPERATIONS);
		others += sum_on_the_model(&again) != first;
	}
	assert_int_equal(others, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R07_recorded_programs_agree_with_the_second_statement),
		cmocka_unit_test(R07_random_programs_agree_with_the_second_statement),
		cmocka_unit_test(recorded_programs_notice_a_difference),
		cmocka_unit_test(a_program_depends_on_its_number_alone),
	};

	return cmocka_run_group_tests_name("picprobe", tests, NULL, NULL);
}
