/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a key means: scan codes to what a terminal would send.
 *
 * Rule: the expected bytes are those that xterm sends for the same key.
 */
#include "tests/unit/check.h"

#include "arch/x86/machine/keyboard.h"

#include <string.h>

static struct keys keys;

static int begin(void **state)
{
	(void)state;
	keys = (struct keys){ .digits = false };
	return 0;
}

/* The text of so many codes. */
static const char *typed(const char *codes, size_t count)
{
	static char all[256];
	size_t length = 0;

	for (size_t i = 0; i < count; i++) {
		char text[KEY_TEXT_MAX];
		unsigned more = keys_take(&keys, (uint8_t)codes[i], text);

		assert_in_range(more, 0, KEY_TEXT_MAX);
		memcpy(all + length, text, more);
		length += more;
	}
	all[length] = '\0';
	return all;
}

#define TYPED(codes) typed(codes, sizeof(codes) - 1)

static void each_row_has_its_characters(void **state)
{
	(void)state;
	assert_string_equal(TYPED("\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d"),
	                    "1234567890-=");
	assert_string_equal(TYPED("\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b"),
	                    "qwertyuiop[]");
	assert_string_equal(TYPED("\x1e\x1f\x20\x21\x22\x23\x24\x25\x26\x27\x28\x29"),
	                    "asdfghjkl;'`");
	assert_string_equal(TYPED("\x2b\x2c\x2d\x2e\x2f\x30\x31\x32\x33\x34\x35\x39"),
	                    "\\zxcvbnm,./ ");
	assert_string_equal(TYPED("\x01\x0e\x0f\x1c\x37"), "\033\x7f\t\r*");
}

static void a_release_says_nothing(void **state)
{
	(void)state;
	assert_string_equal(TYPED("\x1e\x9e\x30\xb0"), "ab");
}

static void shift_holds_until_its_release(void **state)
{
	(void)state;
	assert_string_equal(TYPED("\x2a\x1e\x9e\x02\x28\xaa\x1e"), "A!\"a");
	assert_string_equal(TYPED("\x36\x2c\x0d\xb6\x2c"), "Z+z");
}

static void caps_lock_is_for_letters_alone(void **state)
{
	(void)state;
	assert_string_equal(TYPED("\x3a\xba\x1e\x02\x2a\x1e\x02\xaa"), "A1a!");
	assert_string_equal(TYPED("\x3a\xba\x1e"), "a");
}

static void control_makes_control_characters(void **state)
{
	(void)state;
	assert_string_equal(TYPED("\x1d\x2e\x20\x16\x9d\x2e"), "\x03\x04\x15"
	                                                       "c");
	assert_string_equal(TYPED("\xe0\x1d\x1e\xe0\x9d\x1e"), "\x01"
	                                                       "a"); /* the right one */
}

static void the_grey_keys_send_what_a_terminal_sends(void **state)
{
	(void)state;
	assert_string_equal(TYPED("\xe0\x48\xe0\xc8\xe0\x50\xe0\x4d\xe0\x4b"),
	                    "\033[A\033[B\033[C\033[D");
	assert_string_equal(TYPED("\xe0\x47\xe0\x4f"), "\033[H\033[F");
	assert_string_equal(TYPED("\xe0\x49\xe0\x51\xe0\x52\xe0\x53"),
	                    "\033[5~\033[6~\033[2~\033[3~");
	assert_string_equal(TYPED("\xe0\x1c\xe0\x35"), "\r/");
	/* Shift and Page Up, with what a keyboard puts around it. */
	assert_string_equal(TYPED("\x2a\xe0\xaa\xe0\x49\xe0\xc9\xe0\x2a\xaa"), "\033[5;2~");
	assert_string_equal(TYPED("\x2a\xe0\x48\xaa"), "\033[1;2A");
}

static void the_keypad_has_two_meanings(void **state)
{
	(void)state;
	assert_string_equal(TYPED("\x47\x48\x49\x4b\x4c\x4d"), "\033[H\033[A\033[5~\033[D\033[C");
	assert_string_equal(TYPED("\x4a\x4e\x37"), "-+*");
	assert_string_equal(TYPED("\x45\xc5\x47\x48\x49\x4b\x4c\x4d\x4f\x50\x51\x52\x53"),
	                    "789456123"
	                    "0.");
	assert_string_equal(TYPED("\x2a\x49\xaa"), "\033[5;2~");
}

static void keys_without_a_meaning_are_swallowed(void **state)
{
	(void)state;
	/* F1, F12, Alt, AltGr, Print Screen, a Windows key, Pause, Scroll Lock. */
	assert_string_equal(
		TYPED("\x3b\x58\x38\xb8\xe0\x38\xe0\xb8\xe0\x2a\xe0\x37\xe0\xb7\xe0\xaa"), "");
	assert_string_equal(TYPED("\xe0\x5b\xe1\x1d\x45\xe1\x9d\xc5\x46\x1e"), "a");
	assert_false(keys.control || keys.digits);
}

static void the_pages_are_told_from_other_keys(void **state)
{
	(void)state;
	assert_int_equal(keys_page("\033[5~", 4), -1);
	assert_int_equal(keys_page("\033[6~", 4), 1);
	assert_int_equal(keys_page("\033[5;2~", 6), -1);
	assert_int_equal(keys_page("\033[6;2~", 6), 1);
	assert_int_equal(keys_page("\033[3~", 4), 0);
	assert_int_equal(keys_page("\033[1;2A", 6), 0);
	assert_int_equal(keys_page("\033[A", 3), 0);
	assert_int_equal(keys_page("5", 1), 0);
}

/* Whatever comes, in whatever order: no text is too long, and a plain key is soon a plain key
 * again. */
static void any_codes_do_no_harm(void **state)
{
	uint64_t seed = 3;
	char text[KEY_TEXT_MAX];

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		assert_in_range(keys_take(&keys, (uint8_t)random_below(&seed, 256), text), 0,
		                KEY_TEXT_MAX);
	TYPED("\xaa\xb6\x9d\xaa\xb6\x9d\xaa");
	keys.caps = false;
	assert_string_equal(TYPED("\x1e"), "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_row_has_its_characters, begin),
		cmocka_unit_test_setup(a_release_says_nothing, begin),
		cmocka_unit_test_setup(shift_holds_until_its_release, begin),
		cmocka_unit_test_setup(caps_lock_is_for_letters_alone, begin),
		cmocka_unit_test_setup(control_makes_control_characters, begin),
		cmocka_unit_test_setup(the_grey_keys_send_what_a_terminal_sends, begin),
		cmocka_unit_test_setup(the_keypad_has_two_meanings, begin),
		cmocka_unit_test_setup(keys_without_a_meaning_are_swallowed, begin),
		cmocka_unit_test_setup(the_pages_are_told_from_other_keys, begin),
		cmocka_unit_test_setup(any_codes_do_no_harm, begin),
	};

	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
