/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words and numbers of a command line.
 *
 * Rule: a value is taken whole or not at all.
 */
#include "tests/unit/check.h"

#include "vmm/config/words.h"

#include <errno.h>
#include <string.h>

static void expect_words(const char *line, const char *const *expected)
{
	struct words w = { line };
	char word[WORD_MAX];

	for (; *expected; expected++) {
		assert_int_equal(words_next(&w, word), WORD_PLAIN);
		assert_string_equal(word, *expected);
	}
	assert_int_equal(words_next(&w, word), WORD_END);
	assert_int_equal(words_next(&w, word), WORD_END);
}

static void words_are_cut_at_blanks(void **state)
{
	(void)state;
	expect_words("", (const char *const[]){ NULL });
	expect_words(" \t\r\n ", (const char *const[]){ NULL });
	expect_words("  a  b\tc\n", (const char *const[]){ "a", "b", "c", NULL });
}

static void quotes_hold_words_together(void **state)
{
	(void)state;
	expect_words("args=\"a b\" x", (const char *const[]){ "args=a b", "x", NULL });
	expect_words("\"args=a b\" x", (const char *const[]){ "args=a b", "x", NULL });
	expect_words("\"a \\\"b\\\" \\\\ c\"", (const char *const[]){ "a \"b\" \\ c", NULL });
	expect_words("a\\b", (const char *const[]){ "a\\b", NULL });
	expect_words("\"\"", (const char *const[]){ "", NULL });
}

static void an_open_quote_and_a_long_word_are_told(void **state)
{
	char line[3 * WORD_MAX], word[WORD_MAX];
	struct words w = { "a=\"b c" };

	(void)state;
	assert_int_equal(words_next(&w, word), WORD_OPEN_QUOTE);
	assert_int_equal(words_next(&w, word), WORD_END);
	w.at = "\"\\";
	assert_int_equal(words_next(&w, word), WORD_OPEN_QUOTE);

	memset(line, 'x', sizeof(line));
	strcpy(line + sizeof(line) - 5, " end");
	w.at = line;
	assert_int_equal(words_next(&w, word), WORD_TOO_LONG);
	assert_int_equal(strlen(word), WORD_MAX - 1);
	assert_int_equal(words_next(&w, word), WORD_PLAIN);
	assert_string_equal(word, "end");

	line[WORD_MAX - 1] = ' ';
	w.at = line;
	assert_int_equal(words_next(&w, word), WORD_PLAIN);
	assert_int_equal(strlen(word), WORD_MAX - 1);
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		int error;
		uint64_t value;
	} rows[] = {
		{ "0", 0, 0 },
		{ "08", 0, 8 },
		{ "65535", 0, 65535 },
		{ "0x2f8", 0, 0x2f8 },
		{ "0XFF", 0, 0xff },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "0xffffffffffffffff", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "0x10000000000000000", -ERANGE, 0 },
		{ "99999999999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "0x", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ "1a", -EINVAL, 0 },
		{ "ff", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = 0;

		assert_int_equal(number_parse(rows[i].text, &value), rows[i].error);
		assert_true(value == rows[i].value);
	}
}

static void sizes_and_times(void **state)
{
	static const struct {
		int (*parse)(const char *, uint64_t *);
		const char *text;
		int error;
		uint64_t value;
	} rows[] = {
		{ size_parse, "16M", 0, 16 << 20 },
		{ size_parse, "4k", 0, 4096 },
		{ size_parse, "3G", 0, UINT64_C(3) << 30 },
		{ size_parse, "4096", 0, 4096 },
		{ size_parse, "0x10M", 0, 16 << 20 },
		{ size_parse, "17179869184G", -ERANGE, 0 },
		{ size_parse, "M", -EINVAL, 0 },
		{ size_parse, "1MB", -EINVAL, 0 },
		{ size_parse, "1T", -EINVAL, 0 },
		{ size_parse, "1.5M", -EINVAL, 0 },
		{ time_parse, "500us", 0, 500 },
		{ time_parse, "5ms", 0, 5000 },
		{ time_parse, "1s", 0, 1000000 },
		{ time_parse, "0", 0, 0 },
		{ time_parse, "5", -EINVAL, 0 },
		{ time_parse, "5m", -EINVAL, 0 },
		{ time_parse, "ms", -EINVAL, 0 },
		{ time_parse, "18446744073710s", -ERANGE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = 0;

		assert_int_equal(rows[i].parse(rows[i].text, &value), rows[i].error);
		assert_true(value == rows[i].value);
	}
}

static void lists_and_ranges(void **state)
{
	const char *list = "1,,3-4,";
	char item[ITEM_MAX], longer[ITEM_MAX + 1];
	uint64_t first, last;

	(void)state;
	assert_true(item_next(&list, item));
	assert_string_equal(item, "1");
	assert_true(item_next(&list, item));
	assert_string_equal(item, "");
	assert_true(item_next(&list, item));
	assert_string_equal(item, "3-4");
	assert_true(item_next(&list, item));
	assert_string_equal(item, "");
	assert_false(item_next(&list, item));

	list = "";
	assert_true(item_next(&list, item));
	assert_string_equal(item, "");
	assert_false(item_next(&list, item));

	memset(longer, '0', ITEM_MAX);
	longer[ITEM_MAX] = '\0';
	list = longer;
	assert_true(item_next(&list, item));
	assert_int_equal(range_parse(item, &first, &last), -EINVAL);
	assert_false(item_next(&list, item));
	longer[ITEM_MAX - 1] = '\0';
	list = longer;
	assert_true(item_next(&list, item));
	assert_int_equal(range_parse(item, &first, &last), 0);

	assert_int_equal(range_parse("0x40-0x43", &first, &last), 0);
	assert_true(first == 0x40 && last == 0x43);
	assert_int_equal(range_parse("7", &first, &last), 0);
	assert_true(first == 7 && last == 7);
	assert_int_equal(range_parse("7-", &first, &last), -EINVAL);
	assert_int_equal(range_parse("-7", &first, &last), -EINVAL);
	assert_int_equal(range_parse("1-2-3", &first, &last), -EINVAL);
}

static void shown_words_are_printable_and_short(void **state)
{
	char shown[SHOWN_MAX], text[200];

	(void)state;
	assert_string_equal(word_shown("a\x01\x7f\xff b", shown), "a??? b");
	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(strlen(word_shown(text, shown)), SHOWN_MAX - 1);
	assert_string_equal(shown + SHOWN_MAX - 4, "...");
	text[SHOWN_MAX - 1] = '\0';
	assert_string_equal(word_shown(text, shown), text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_cut_at_blanks),
		cmocka_unit_test(quotes_hold_words_together),
		cmocka_unit_test(an_open_quote_and_a_long_word_are_told),
		cmocka_unit_test(numbers),
		cmocka_unit_test(sizes_and_times),
		cmocka_unit_test(lists_and_ranges),
		cmocka_unit_test(shown_words_are_printable_and_short),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
