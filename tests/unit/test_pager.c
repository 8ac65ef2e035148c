/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory log as rows of a screen.
 *
 * Rule: the rows are compared with those of a terminal that is written down plainly.
 */
#include "tests/unit/check.h"

#include "arch/x86/log/log.h"
#include "tests/unit/fake_log.h"
#include "vmm/operator/pager.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_MOST = 20000 };

static const char *row_text(uint64_t row)
{
	static char text[VGA_COLUMNS + 1];

	text[pager_text(row, text)] = '\0';
	return text;
}

static uint64_t from; /* where the test's own text begins */

static int begin(void **state)
{
	(void)state;
	log_bytes("\n", 1);
	from = log_end();
	return 0;
}

static void put(const char *text)
{
	log_bytes(text, strlen(text));
}

static void lines_are_rows(void **state)
{
	(void)state;
	put("one\ntwo\n\nfour");
	uint64_t row = from;

	assert_string_equal(row_text(row), "one");
	row = pager_next(row);
	assert_string_equal(row_text(row), "two");
	row = pager_next(row);
	assert_string_equal(row_text(row), "");
	row = pager_next(row);
	assert_string_equal(row_text(row), "four");
	assert_int_equal(pager_next(row), log_end());
	assert_int_equal(pager_next(log_end()), log_end());
	assert_string_equal(row_text(log_end()), "");
	assert_int_equal(pager_move(log_end(), -4), from);
	assert_int_equal(pager_move(from, 3), row);
	assert_int_equal(pager_move(from, 100), log_end());
	assert_int_equal(pager_move(from, -100000), log_begin());
}

static void a_long_line_is_several_rows(void **state)
{
	char text[400];

	(void)state;
	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i / VGA_COLUMNS);
	log_bytes(text, 2 * VGA_COLUMNS); /* its end is no row of its own */
	put("\n");
	log_bytes(text, 3 * VGA_COLUMNS + 1);
	put("\nlast\n");
	uint64_t row = from;

	for (unsigned i = 0; i < 2; i++, row = pager_next(row))
		assert_true(row_text(row)[0] == (char)('a' + i) &&
		            row_text(row)[VGA_COLUMNS - 1] == (char)('a' + i));
	for (unsigned i = 0; i < 3; i++, row = pager_next(row))
		assert_true(row_text(row)[0] == (char)('a' + i) &&
		            strlen(row_text(row)) == VGA_COLUMNS);
	assert_string_equal(row_text(row), "d");
	row = pager_next(row);
	assert_string_equal(row_text(row), "last");
	assert_int_equal(pager_move(row, -6), from);
}

/* Rows from the log's begin, one after the other; back from its end they are the same. */
static void expect_the_same_both_ways(void)
{
	static uint64_t rows[ROWS_MOST];
	unsigned count = 0;

	for (uint64_t row = log_begin(); row < log_end(); row = pager_next(row)) {
		assert_in_range(count, 0, ROWS_MOST - 1);
		rows[count++] = row;
	}
	uint64_t row = log_end();

	while (count > 0) {
		row = pager_previous(row);
		assert_int_equal(row, rows[--count]);
	}
	assert_int_equal(row, log_begin());
	assert_int_equal(pager_previous(row), row);
}

static void what_the_log_has_forgotten_is_not_looked_for(void **state)
{
	uint64_t seed = 11;
	char text[300];

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		size_t size = 1 + random_below(&seed, sizeof(text) - 1);

		for (size_t n = 0; n < size; n++)
			text[n] = random_below(&seed, 40) == 0
			                  ? '\n'
			                  : (char)('a' + random_below(&seed, 26));
		log_bytes(text, size);
		if (i % 20 == 0)
			expect_the_same_both_ways();
	}
	assert_int_equal(log_end() - log_begin(), LOG_BYTES);
	assert_int_equal(pager_clamp(from), log_begin());
	assert_int_equal(pager_clamp(log_end()), log_end());
	printed_clear();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lines_are_rows, begin),
		cmocka_unit_test_setup(a_long_line_is_several_rows, begin),
		cmocka_unit_test_setup(what_the_log_has_forgotten_is_not_looked_for, begin),
	};

	return cmocka_run_group_tests_name("pager", tests, NULL, NULL);
}
