/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line being typed on a terminal.
 *
 * Rule: one key in, the echo out; no key, and no number of keys, writes past the line.
 */
#ifndef VMM_EDITOR_H
#define VMM_EDITOR_H

#include <stdbool.h>
#include <stddef.h>

enum { EDITOR_LINE_MAX = 80 };

enum editor_result {
	EDITOR_MORE, /* the line goes on */
	EDITOR_LINE, /* Enter: text is the line; editor_clear() before the next key */
	EDITOR_QUIT, /* Ctrl-D on an empty line */
};

struct editor {
	char text[EDITOR_LINE_MAX]; /* NUL-terminated */
	size_t length;
	enum { ESCAPE_NONE, ESCAPE_SEEN, ESCAPE_SEQUENCE } escape; /* within the sequence of a cursor key: swallowed */
	bool after_return; /* the last key was CR: an LF right after it belongs to it */
};

/* Printable keys, Backspace and Delete, Ctrl-U and Ctrl-C (clear the line), Enter. echo gets what the terminal is to show. */
enum editor_result editor_key(struct editor *e, char key, void (*echo)(const char *text, size_t size));
void editor_clear(struct editor *e);

#endif
