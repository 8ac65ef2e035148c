/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The word that was meant.
 *
 * Rule: a slip of the finger is near, another word is not.
 */
#include "tests/unit/check.h"

#include "vmm/operator/nearest.h"

#include <string.h>

static void slips_are_counted(void **state)
{
	static const struct {
		const char *typed, *known;
		int distance;
	} rows[] = {
		{ "stop", "stop", 0 },         /* the same */
		{ "stpo", "stop", 1 },         /* exchanged */
		{ "sto", "stop", 1 },          /* too few */
		{ "stopp", "stop", 1 },        /* too many */
		{ "stip", "stop", 1 },         /* another */
		{ "st", "start", 1 },          /* its beginning */
		{ "resatrt", "restart", 1 },   /* one slip */
		{ "rstrat", "restart", 2 },    /* two */
		{ "s", "stop", -1 },           /* another word */
		{ "reboot", "restart", -1 },   /* another word */
		{ "frobnicate", "trace", -1 }, /* another word */
		{ "log", "lat", -1 },          /* another word */
		{ "", "vms", -1 },             /* another word */
		{ "qiut", "quit", 1 },         /* one slip */
		{ "puls", "pulse", 1 },        /* one slip */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int distance = nearest_distance(rows[i].typed, rows[i].known);

		if (distance != rows[i].distance)
			fail_msg("%s, %s: %d", rows[i].typed, rows[i].known, distance);
	}
}

static void long_words_are_near_none(void **state)
{
	(void)state;
	assert_int_equal(nearest_distance("aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaab"), 1);
	assert_int_equal(nearest_distance("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaab"), -1);
	assert_int_equal(nearest_distance("aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaabb"), -1);
}

/* Random words: nothing outside of the table is touched, and the order does not matter. */
static void the_distance_goes_both_ways(void **state)
{
	uint64_t seed = 3;
	char word[2][NEAREST_WORD_MAX + 2];

	(void)state;
	for (unsigned i = 0; i < 50000; i++) {
		for (unsigned w = 0; w < 2; w++) {
			size_t length = random_below(&seed, NEAREST_WORD_MAX + 2);

			for (size_t n = 0; n < length; n++)
				word[w][n] = (char)('a' + random_below(&seed, 3));
			word[w][length] = '\0';
		}
		int there = nearest_distance(word[0], word[1]);
		int back = nearest_distance(word[1], word[0]);
		size_t length = strlen(word[0]);

		if (strlen(word[1]) < length)
			length = strlen(word[1]);

		assert_in_range(there + 1, 0, NEAREST_WORD_MAX / 3 + 2);
		if (strncmp(word[0], word[1], length) != 0) /* no beginning of the other */
			assert_int_equal(there, back);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slips_are_counted),
		cmocka_unit_test(long_words_are_near_none),
		cmocka_unit_test(the_distance_goes_both_ways),
	};

	return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
