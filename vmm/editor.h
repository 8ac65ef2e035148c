/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line being typed on a terminal.
 *
 * Rule: one byte in, the echo out; no byte, and no number of bytes, writes past the line. The echo
 * is letters, blanks and backspaces only, so the simplest of screens can show it.
 */
#ifndef VMM_EDITOR_H
#define VMM_EDITOR_H

#include "vmm/history.h"
#include "vmm/terminal.h"

#include <stddef.h>
#include <stdint.h>

/* The NUL included. With a prompt of two places the cursor never leaves a row of 80. */
enum { EDITOR_LINE_MAX = HISTORY_LINE_MAX };

enum editor_result {
	EDITOR_MORE,  /* the line goes on */
	EDITOR_LINE,  /* Enter: text is the line; editor_clear() before the next byte */
	EDITOR_TAB,   /* what stands before the cursor is to be completed: editor_insert() */
	EDITOR_CLEAR, /* Ctrl-L: the screen is to be made new */
	EDITOR_QUIT,  /* Ctrl-D on an empty line */
};

/* Puts text on the terminal, at the cursor. */
typedef void editor_echo(const char *text, size_t size);

struct editor {
	char text[EDITOR_LINE_MAX]; /* NUL-terminated */
	size_t length, cursor;      /* cursor: the next letter comes before text[cursor] */
	struct terminal terminal;
	struct history history;
};

/* Takes a byte from the terminal. The echo of one is at most three times as long as the line. */
enum editor_result editor_key(struct editor *e, uint8_t byte, editor_echo *echo);
/* As many of these letters as there is room for, at the cursor. */
void editor_insert(struct editor *e, const char *letters, size_t count, editor_echo *echo);
/* Shows the line where nothing stands behind the prompt. */
void editor_show(const struct editor *e, editor_echo *echo);
/* The next line begins. The screen is not concerned. */
void editor_clear(struct editor *e);

#endif
