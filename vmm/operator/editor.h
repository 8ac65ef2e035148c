/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line that is being typed on a terminal.
 *
 * Rule: a byte comes in, and the echo goes out. No byte, and no number of bytes, writes past the
 * line. The echo has letters, blanks and backspaces only, so the simplest of screens can show the
 * echo.
 */
#ifndef VMM_EDITOR_H
#define VMM_EDITOR_H

#include "vmm/operator/history.h"
#include "vmm/operator/terminal.h"

#include <stddef.h>
#include <stdint.h>

/* The size includes the NUL. With a prompt of two places the cursor never leaves a row of 80. */
enum { EDITOR_LINE_MAX = HISTORY_LINE_MAX };

/* The caller's next task after a key. */
enum editor_result {
	EDITOR_MORE,  /* The line goes on. */
	EDITOR_LINE,  /* Enter: text is the line. Call editor_clear() before the next byte. */
	EDITOR_TAB,   /* The word before the cursor wants completion: editor_insert(). */
	EDITOR_CLEAR, /* Ctrl-L: draw the screen anew. */
	EDITOR_QUIT,  /* Ctrl-D on an empty line. */
};

/* Puts text on the terminal, at the cursor. */
typedef void editor_echo(const char *text, size_t size);

/* A line and its terminal. All zeroes is an empty line. */
struct editor {
	char text[EDITOR_LINE_MAX]; /* NUL-terminated */
	size_t length, cursor;      /* cursor: the next letter comes before text[cursor] */
	/* The keys of the terminal. */
	struct terminal terminal;
	/* The lines that were typed before. */
	struct history history;
};

/* Takes a byte from the terminal and returns the caller's next task. The echo of a byte is at most
 * three times as long as the line. */
enum editor_result editor_key(struct editor *e, uint8_t byte, editor_echo *echo);
/* Inserts letters at the cursor, as many as there is room for. */
void editor_insert(struct editor *e, const char *letters, size_t count, editor_echo *echo);
/* Shows the whole line. Call it when the row is empty behind the prompt. */
void editor_show(const struct editor *e, editor_echo *echo);
/* Begins the next line. The screen does not change. */
void editor_clear(struct editor *e);

#endif
