/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line that is being typed on a terminal.
 *
 * Rule: the screen shows the same text as the line, and the screen's cursor stands at the line's
 * cursor.
 */
#include "vmm/operator/editor.h"

#include <string.h>

void editor_clear(struct editor *e)
{
	e->length = e->cursor = 0;
	e->text[0] = '\0';
	history_leave(&e->history);
}

/* ---- The screen ---- */

static void echo_many(char c, size_t count, editor_echo *echo)
{
	char same[16];

	memset(same, c, sizeof(same));
	for (; count > sizeof(same); count -= sizeof(same))
		echo(same, sizeof(same));
	if (count > 0)
		echo(same, count);
}

static void go_back(size_t places, editor_echo *echo)
{
	echo_many('\b', places, echo);
}

/* Shows the line from first on, over an older text that was longer by longer letters. Before the
 * call the screen's cursor is at first; afterwards it is at the line's cursor. */
static void show_from(const struct editor *e, size_t first, size_t longer, editor_echo *echo)
{
	if (e->length > first)
		echo(e->text + first, e->length - first);
	echo_many(' ', longer, echo);
	go_back(e->length + longer - e->cursor, echo);
}

void editor_show(const struct editor *e, editor_echo *echo)
{
	show_from(e, 0, 0, echo);
}

/* ---- The line ---- */

void editor_insert(struct editor *e, const char *letters, size_t count, editor_echo *echo)
{
	size_t at = e->cursor, room = EDITOR_LINE_MAX - 1 - e->length;

	if (count > room)
		count = room;
	if (count == 0)
		return;
	memmove(e->text + at + count, e->text + at, e->length + 1 - at);
	memcpy(e->text + at, letters, count);
	e->length += count;
	e->cursor += count;
	show_from(e, at, 0, echo);
}

/* Removes the letters from first up to end, end not included. The cursor is at first or at end. */
static void take_out(struct editor *e, size_t first, size_t end, editor_echo *echo)
{
	if (first == end)
		return;
	go_back(e->cursor - first, echo);
	memmove(e->text + first, e->text + end, e->length + 1 - end);
	e->length -= end - first;
	e->cursor = first;
	show_from(e, first, end - first, echo);
}

static void replace(struct editor *e, const char *line, editor_echo *echo)
{
	size_t before = e->length;

	if (line == NULL)
		return;
	go_back(e->cursor, echo);
	e->length = e->cursor = strlen(line);
	memcpy(e->text, line, e->length + 1);
	show_from(e, 0, before > e->length ? before - e->length : 0, echo);
}

static void go_to(struct editor *e, size_t place, editor_echo *echo)
{
	if (place < e->cursor)
		go_back(e->cursor - place, echo);
	else if (place > e->cursor)
		echo(e->text + e->cursor, place - e->cursor);
	e->cursor = place;
}

/* Returns the beginning of the word before the cursor. */
static size_t word_begin(const struct editor *e)
{
	size_t at = e->cursor;

	while (at > 0 && e->text[at - 1] == ' ')
		at--;
	while (at > 0 && e->text[at - 1] != ' ')
		at--;
	return at;
}

/* ---- Keys ---- */

/* Handles the keys that move the cursor or change the line. */
static void edit(struct editor *e, int key, editor_echo *echo)
{
	size_t at = e->cursor, end = e->length;

	switch (key) {
	case KEY_BACKSPACE:
		take_out(e, at > 0 ? at - 1 : 0, at, echo);
		break;
	case KEY_DELETE:
	case KEY_END_OF_ALL:
		take_out(e, at, at < end ? at + 1 : end, echo);
		break;
	case KEY_CUT_LEFT:
		take_out(e, 0, at, echo);
		break;
	case KEY_CUT_RIGHT:
		take_out(e, at, end, echo);
		break;
	case KEY_CUT_WORD:
		take_out(e, word_begin(e), at, echo);
		break;
	case KEY_CANCEL:
		take_out(e, 0, end, echo);
		history_leave(&e->history);
		break;
	case KEY_LEFT:
		go_to(e, at > 0 ? at - 1 : 0, echo);
		break;
	case KEY_RIGHT:
		go_to(e, at < end ? at + 1 : end, echo);
		break;
	case KEY_HOME:
		go_to(e, 0, echo);
		break;
	case KEY_END:
		go_to(e, end, echo);
		break;
	case KEY_UP:
		replace(e, history_older(&e->history, e->text), echo);
		break;
	case KEY_DOWN:
		replace(e, history_newer(&e->history), echo);
		break;
	default:
		break;
	}
}

enum editor_result editor_key(struct editor *e, uint8_t byte, editor_echo *echo)
{
	int key = terminal_key(&e->terminal, byte);
	char letter = (char)key;

	if (key >= ' ' && key <= '~') {
		editor_insert(e, &letter, 1, echo);
		return EDITOR_MORE;
	}
	switch (key) {
	case KEY_ENTER:
		history_add(&e->history, e->text);
		return EDITOR_LINE;
	case KEY_TAB:
		return EDITOR_TAB;
	case KEY_CLEAR:
		return EDITOR_CLEAR;
	case KEY_END_OF_ALL:
		if (e->length == 0)
			return EDITOR_QUIT;
		break;
	default:
		break;
	}
	edit(e, key, echo);
	return EDITOR_MORE;
}
