/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line being typed on a terminal.
 *
 * Rule: what is on the screen is what is in the line.
 */
#include "vmm/editor.h"

enum {
	KEY_CTRL_C = 3,
	KEY_CTRL_D = 4,
	KEY_BACKSPACE = 8,
	KEY_CTRL_U = 21,
	KEY_ESCAPE = 27,
	KEY_DELETE = 127,
};

void editor_clear(struct editor *e)
{
	e->length = 0;
	e->text[0] = '\0';
}

/* ECMA-48: ESC, then one byte; or ESC [ and parameters up to a byte from 40h to 7Eh. True: the key was part of one. */
static bool swallow_escape(struct editor *e, char key)
{
	if (key == KEY_ESCAPE) {
		e->escape = ESCAPE_SEEN;
		return true;
	}
	if (e->escape == ESCAPE_SEEN) {
		e->escape = key == '[' || key == 'O' ? ESCAPE_SEQUENCE : ESCAPE_NONE;
		return true;
	}
	if (e->escape == ESCAPE_SEQUENCE) {
		if (key >= '@' && key <= '~')
			e->escape = ESCAPE_NONE;
		return true;
	}
	return false;
}

static void rub_out(struct editor *e, size_t count, void (*echo)(const char *text, size_t size))
{
	for (; count > 0 && e->length > 0; count--) {
		e->text[--e->length] = '\0';
		echo("\b \b", 3);
	}
}

enum editor_result editor_key(struct editor *e, char key, void (*echo)(const char *text, size_t size))
{
	bool after_return = e->after_return;

	e->after_return = key == '\r';
	if (swallow_escape(e, key))
		return EDITOR_MORE;

	switch (key) {
	case '\n':
		if (after_return)
			return EDITOR_MORE;
		/* fall through */
	case '\r':
		echo("\n", 1);
		return EDITOR_LINE;
	case KEY_BACKSPACE:
	case KEY_DELETE:
		rub_out(e, 1, echo);
		return EDITOR_MORE;
	case KEY_CTRL_C:
	case KEY_CTRL_U:
		rub_out(e, e->length, echo);
		return EDITOR_MORE;
	case KEY_CTRL_D:
		return e->length == 0 ? EDITOR_QUIT : EDITOR_MORE;
	default:
		break;
	}
	if (key < ' ' || key > '~' || e->length == EDITOR_LINE_MAX - 1)
		return EDITOR_MORE;
	e->text[e->length++] = key;
	e->text[e->length] = '\0';
	echo(&e->text[e->length - 1], 1);
	return EDITOR_MORE;
}
