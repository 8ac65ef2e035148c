/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The meaning of a key: from scan code set 1, US layout, to the text of a terminal (ECMA-48, as
 * xterm).
 *
 * Rule: each kind of key has a table. The codes follow the rows of the keyboard, so the tables are
 * strings that begin at a row's first code.
 */
#include "arch/x86/machine/keyboard.h"

#include <stddef.h>
#include <string.h>

enum { RELEASE = 0x80, EXTENDED = 0xe0, PAUSE = 0xe1, PAUSE_MORE = 5 /* E1 1D 45 E1 9D C5 */ };
enum { CONTROL = 0x1d, SHIFT_LEFT = 0x2a, SHIFT_RIGHT = 0x36, CAPS_LOCK = 0x3a, NUM_LOCK = 0x45 };
enum { KEYPAD_FIRST = 0x47, KEYPAD_LAST = 0x53, KEYPAD_ENTER = 0x1c, KEYPAD_SLASH = 0x35 };

/* Codes 01h to 39h. 0: a modifier. */
static const char plain[] =
	"\0\0331234567890-=\x7f\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
	"\0\033!@#$%^&*()_+\x7f\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

/* Codes 47h to 53h. digits: the keypad with NumLock. cursor: the same keys without NumLock, and the
 * grey keys: the last byte of CSI, or a number before '~'. */
static const char digits[] = "789-456+1230.";
/* Home Up PgUp - Left (5) Right + End Down PgDn Ins Del */
static const char cursor[] = "HA5-D+C+FB623";

static unsigned put_text(char *to, const char *text)
{
	size_t length = strlen(text);

	memcpy(to, text, length);
	return (unsigned)length;
}

/* Stores ESC [ letter, or ESC [ number ~; with Shift ESC [ 1 ; 2 letter, or ESC [ number ; 2 ~. */
static unsigned put_cursor(char *to, char what, bool shift)
{
	bool number = what >= '0' && what <= '9';
	unsigned length = put_text(to, "\033[");

	if (number || shift)
		to[length++] = number ? what : '1';
	if (shift)
		length += put_text(to + length, ";2");
	to[length++] = number ? '~' : what;
	return length;
}

static unsigned take_keypad(const struct keys *k, uint8_t code, char *to)
{
	char digit = digits[code - KEYPAD_FIRST], what = cursor[code - KEYPAD_FIRST];
	bool signs = digit == '-' || digit == '+';

	if (!k->extended && (signs || k->digits != k->shift)) {
		to[0] = digit;
		return 1;
	}
	if (signs || (code == KEYPAD_FIRST + 5))
		return 0; /* the middle key has no other meaning */
	return put_cursor(to, what, k->shift);
}

static unsigned take_plain(const struct keys *k, uint8_t code, char *to)
{
	char c = plain[code], upper = shifted[code];
	bool letter = c >= 'a' && c <= 'z';

	if (k->control && (letter || (c >= '[' && c <= ']')))
		c &= 0x1f;
	else if (k->shift != (letter && k->caps))
		c = upper;
	to[0] = c;
	return c != '\0';
}

/* Handles a key that goes down. */
static unsigned take_press(struct keys *k, uint8_t code, char *to)
{
	if (code == CAPS_LOCK)
		k->caps = !k->caps;
	else if (code == NUM_LOCK)
		k->digits = !k->digits;
	else if (code >= KEYPAD_FIRST && code <= KEYPAD_LAST)
		return take_keypad(k, code, to);
	else if (k->extended && code != KEYPAD_ENTER && code != KEYPAD_SLASH)
		return 0;
	else if (code < sizeof(plain) - 1)
		return take_plain(k, code, to);
	return 0;
}

/* Handles modifiers. E0 2A and E0 36 are no keys: the codes surround grey keys, so that an old
 * system reads the grey keys as keys of the keypad. */
static bool take_modifier(struct keys *k, uint8_t code, bool down)
{
	if (code == CONTROL)
		k->control = down;
	else if (code != SHIFT_LEFT && code != SHIFT_RIGHT)
		return false;
	else if (!k->extended)
		k->shift = down;
	return true;
}

unsigned keys_take(struct keys *k, uint8_t code, char text[KEY_TEXT_MAX])
{
	unsigned length = 0;

	if (k->swallow > 0) {
		k->swallow--;
		return 0;
	}
	if (code == PAUSE) {
		k->swallow = PAUSE_MORE;
		return 0;
	}
	if (code == EXTENDED) {
		k->extended = true;
		return 0;
	}
	bool down = !(code & RELEASE);

	code &= (uint8_t)~RELEASE;
	if (!take_modifier(k, code, down) && down)
		length = take_press(k, code, text);
	k->extended = false;
	return length;
}

int keys_page(const char *text, unsigned length)
{
	if (length < 4 || text[1] != '[' || text[length - 1] != '~')
		return 0;
	return text[2] == '5' ? -1 : text[2] == '6';
}
