/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line being typed: its keys, its history, and its picture on a terminal.
 *
 * Rule: after each byte the terminal, a row of 80 places behind a prompt of two, shows the line,
 * and its cursor stands at the line's.
 */
#include "tests/unit/check.h"

#include "vmm/operator/editor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROMPT = 2, ROW = 80, MOST = EDITOR_LINE_MAX - 1 };

static struct editor e;
static enum editor_result result; /* of the last byte */
static char row[ROW + 1];
static size_t place;
static size_t echoed; /* bytes, of the last key */

/* ---- The terminal ---- */

static void row_clear(void)
{
	memset(row, ' ', ROW);
	place = PROMPT;
}

/* A terminal that knows letters and backspaces alone. */
static void echo(const char *text, size_t size)
{
	assert_true(size > 0);
	echoed += size;
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\b') {
			assert_true(place > PROMPT);
			place--;
			continue;
		}
		assert_in_range(text[i], ' ', '~');
		row[place++] = text[i];
		assert_true(place < ROW); /* else it would go on in the next row */
	}
}

static void picture_is_right(void)
{
	char expected[ROW + 1];

	assert_true(e.length <= MOST && e.cursor <= e.length);
	assert_int_equal(strlen(e.text), e.length);
	snprintf(expected, sizeof(expected), "  %-*s", ROW - PROMPT, e.text);
	assert_memory_equal(row, expected, ROW);
	assert_int_equal(place, PROMPT + e.cursor);
	assert_true(echoed <= 3 * EDITOR_LINE_MAX);
}

static void types_bytes(const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		echoed = 0;
		result = editor_key(&e, (uint8_t)bytes[i], echo);
		picture_is_right();
	}
}

static void types(const char *bytes)
{
	types_bytes(bytes, strlen(bytes));
}

/* The line that stands there, with | for the cursor. */
static const char *line(void)
{
	static char text[EDITOR_LINE_MAX + 1];

	snprintf(text, sizeof(text), "%.*s|%s", (int)e.cursor, e.text, e.text + e.cursor);
	return text;
}

/* What Enter gives back. */
static void enters(const char *bytes, const char *expected)
{
	types(bytes);
	types("\r");
	assert_int_equal(result, EDITOR_LINE);
	assert_string_equal(e.text, expected);
	editor_clear(&e);
	row_clear();
}

static int begin(void **state)
{
	(void)state;
	memset(&e, 0, sizeof(e));
	row_clear();
	return 0;
}

/* ---- Keys ---- */

#define UP "\033[A"
#define DOWN "\033[B"
#define RIGHT "\033[C"
#define LEFT "\033[D"

static void each_key_does_what_it_is_for(void **state)
{
	static const struct {
		const char *keys, *line;
	} rows[] = {
		{ "vms", "vms|" },
		{ "vms\b", "vm|" },
		{ "vms\x7f", "vm|" },
		{ "\b\x7f", "|" },
		{ "vms" LEFT, "vm|s" },
		{ "vms" LEFT LEFT "x", "vx|ms" },
		{ "vms" LEFT LEFT "\b", "|ms" },
		{ "vms" LEFT LEFT LEFT LEFT LEFT, "|vms" },
		{ "vms" LEFT RIGHT RIGHT RIGHT, "vms|" },
		{ "vms\033[H", "|vms" },
		{ "vms\033[1~", "|vms" },
		{ "vms\033[7~", "|vms" },
		{ "vms\033OH", "|vms" },
		{ "vms\x01", "|vms" },
		{ "vms\x01\033[F", "vms|" },
		{ "vms\x01\033[4~", "vms|" },
		{ "vms\x01\033[8~", "vms|" },
		{ "vms\x01\033OF", "vms|" },
		{ "vms\x01\x05", "vms|" },
		{ "vms\x01\033[3~", "|ms" },
		{ "vms\x01\x04", "|ms" },
		{ "vms\033[3~\x04", "vms|" },
		{ "vms\x02", "vm|s" },
		{ "vms\x02\x02\x06", "vm|s" },
		{ "stop pulse\x02\x02\x15", "|se" },
		{ "stop pulse\x02\x02\x0b", "stop pul|" },
		{ "stop pulse\x15", "|" },
		{ "stop pulse\x01\x0b", "|" },
		{ "stop pulse\x17", "stop |" },
		{ "stop pulse \x17", "stop |" },
		{ "stop pulse\x17\x17\x17", "|" },
		{ "stop pulse\x02\x02\x17", "stop |se" },
		{ "stop pulse\x02\x02\x03", "|" },
		{ "stop\033OD\033OD\033OCx", "stox|p" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(state);
		types(rows[i].keys);
		assert_string_equal(line(), rows[i].line);
		assert_int_equal(result, EDITOR_MORE);
	}
}

static void keys_that_are_not_the_lines_are_told(void **state)
{
	(void)state;
	types("\x04");
	assert_int_equal(result, EDITOR_QUIT);
	types("vm\t");
	assert_int_equal(result, EDITOR_TAB);
	types("\x0c");
	assert_int_equal(result, EDITOR_CLEAR);
	types("\x04");
	assert_int_equal(result, EDITOR_MORE);
	types("\n");
	assert_int_equal(result, EDITOR_LINE);
	assert_string_equal(e.text, "vm");
}

static void a_return_with_a_line_feed_is_one_enter(void **state)
{
	(void)state;
	enters("vms", "vms");
	types("\n");
	assert_int_equal(result, EDITOR_MORE);
	types("\n");
	assert_int_equal(result, EDITOR_LINE);
	types("\r\r");
	assert_int_equal(result, EDITOR_LINE);
}

static void what_is_no_known_key_is_dropped_whole(void **state)
{
	static const char *const dropped[] = {
		"\033[15~",  /* F5 */
		"\033OP",    /* F1 */
		"\033[[A",   /* F1 of Linux */
		"\033[1;5C", /* Ctrl and a cursor key */
		"\033[2A",
		"\033[Z",
		"\033[?D",
		"\033[ ~",
		"\033[99999~",
		"\033[99999999999999999999C",
		"\033[200~",
		"\033[?62;1c", /* what terminals send by themselves */
		"\033]0;title\007",
		"\033P1$r0m\033\\", /* and answer */
		"\033x",
		"\033\033\033[Z",
		"\033[\xff",
		"\033\xe2", /* Alt, and what means nothing */
		"\xc3\xa9\xff\x80\x9b",
		"\x1c\x1f", /* no ASCII */
	};

	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
		begin(state);
		types("vm");
		types(dropped[i]);
		types("s");
		if (strcmp(line(), "vms|") != 0)
			fail_msg("sequence %zu leaves %s", i, line());
	}
}

static void an_escape_alone_swallows_nothing_after_a_while(void **state)
{
	static const char *const begun[] = {
		"\033",    "\033[",   "\033O",  /* a key */
		"\033[1;", "\033]0;", "\033[[", /* more of it */
	};

	for (size_t i = 0; i < sizeof(begun) / sizeof(begun[0]); i++) {
		begin(state);
		types(begun[i]);
		terminal_pause(&e.terminal);
		types("Old [A words");
		assert_string_equal(line(), "Old [A words|");
		types(begun[i]);
		enters("", "Old [A words"); /* Enter is Enter at once */
		types(begun[i]);
		types(UP); /* and a key is a key */
		assert_string_equal(line(), "Old [A words|");
	}
}

static void a_full_line_takes_no_more(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++)
		types("k");
	assert_int_equal(e.length, MOST);
	types(LEFT "x" RIGHT "x");
	assert_int_equal(strspn(e.text, "k"), MOST);
	types("\x01x\033[3~xy");
	assert_int_equal(e.length, MOST);
	assert_int_equal(e.text[0], 'x');
	assert_int_equal(strspn(e.text + 1, "k"), MOST - 1);
	types("\x15");
	types("\x0b");
	assert_string_equal(line(), "|");
}

static void a_word_is_put_in_at_the_cursor(void **state)
{
	(void)state;
	types("st now" LEFT LEFT LEFT LEFT);
	editor_insert(&e, "opp", 2, echo);
	picture_is_right();
	assert_string_equal(line(), "stop| now");
	types("\x05");
	for (unsigned i = 0; i < 20; i++)
		editor_insert(&e, "letters", 7, echo);
	picture_is_right();
	assert_int_equal(e.length, MOST);
}

static void the_line_can_be_shown_again(void **state)
{
	(void)state;
	types("stop pulse" LEFT LEFT LEFT);
	row_clear();
	editor_show(&e, echo);
	picture_is_right();
}

/* ---- History ---- */

static void lines_come_back(void **state)
{
	(void)state;
	types(UP);
	types(DOWN);
	assert_string_equal(line(), "|");
	enters("lines", "lines");
	enters("stop pulse", "stop pulse");
	types("vm" UP);
	assert_string_equal(line(), "stop pulse|");
	types(UP UP UP);
	assert_string_equal(line(), "lines|");
	types(DOWN);
	assert_string_equal(line(), "stop pulse|");
	types(DOWN DOWN);
	assert_string_equal(line(), "vm|"); /* what was being typed */
	types("\x10\x10\x0e");
	assert_string_equal(line(), "stop pulse|");
	types("\x01re");
	enters("\033[3~\033[3~\033[3~\033[3~start", "restart pulse");
	types(UP UP);
	assert_string_equal(line(), "stop pulse|"); /* what was changed is another line */
	types("\x03" UP);
	assert_string_equal(line(), "restart pulse|"); /* and the next look begins anew */
}

static void the_same_line_is_kept_once_and_an_empty_one_never(void **state)
{
	(void)state;
	enters("vms", "vms");
	enters("lines", "lines");
	enters("lines", "lines");
	enters("", "");
	types(UP);
	assert_string_equal(line(), "lines|");
	types(UP);
	assert_string_equal(line(), "vms|");
}

static void the_history_has_a_limit(void **state)
{
	char text[16], newest[16];

	(void)state;
	for (unsigned i = 0; i < 3 * HISTORY_LINES; i++) {
		snprintf(text, sizeof(text), "trace %u", i + 1);
		enters(text, text);
	}
	strcpy(newest, text);
	types(UP);
	assert_string_equal(e.text, newest);
	for (unsigned i = 0; i < 3 * HISTORY_LINES; i++)
		types(UP);
	snprintf(text, sizeof(text), "trace %u", 2 * HISTORY_LINES + 1);
	assert_string_equal(e.text, text);
	for (unsigned i = 1; i < HISTORY_LINES; i++)
		types(DOWN);
	assert_string_equal(e.text, newest);
}

static void a_line_of_full_length_comes_back_whole(void **state)
{
	char text[EDITOR_LINE_MAX];

	(void)state;
	memset(text, 'w', MOST);
	text[MOST] = '\0';
	enters(text, text);
	enters("x", "x");
	types(UP UP);
	assert_string_equal(e.text, text);
	types(DOWN DOWN);
	assert_string_equal(line(), "|");
}

/* ---- Anything at all ---- */

static void random_bytes_keep_the_picture_right(void **state)
{
	static const char *const likely[] = {
		UP,     DOWN,   LEFT,   RIGHT, "\033[3~",    "\x01",  "\x05", /* move */
		"\x0b", "\x15", "\x17", "\b",  "stop pulse", "lines",         /* change */
	};
	uint64_t seed = 11;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		char byte = (char)random_below(&seed, 256);
		unsigned key = random_below(&seed, 2 * sizeof(likely) / sizeof(likely[0]));

		if (key < sizeof(likely) / sizeof(likely[0]))
			types(likely[key]);
		else
			types_bytes(&byte, 1);
		if (random_below(&seed, 50) == 0)
			terminal_pause(&e.terminal);
		if (result == EDITOR_LINE || random_below(&seed, 200) == 0) {
			editor_clear(&e);
			row_clear();
		}
	}
}

#define ON_A_ROW(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_ROW(each_key_does_what_it_is_for),
		ON_A_ROW(keys_that_are_not_the_lines_are_told),
		ON_A_ROW(a_return_with_a_line_feed_is_one_enter),
		ON_A_ROW(what_is_no_known_key_is_dropped_whole),
		ON_A_ROW(an_escape_alone_swallows_nothing_after_a_while),
		ON_A_ROW(a_full_line_takes_no_more),
		ON_A_ROW(a_word_is_put_in_at_the_cursor),
		ON_A_ROW(the_line_can_be_shown_again),
		ON_A_ROW(lines_come_back),
		ON_A_ROW(the_same_line_is_kept_once_and_an_empty_one_never),
		ON_A_ROW(the_history_has_a_limit),
		ON_A_ROW(a_line_of_full_length_comes_back_whole),
		ON_A_ROW(random_bytes_keep_the_picture_right),
	};

	return cmocka_run_group_tests_name("editor", tests, NULL, NULL);
}
