/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys of a terminal, made of the bytes that it sends.
 *
 * Rule: a key may be several bytes, which may come one by one. What is no key that is known here is
 * dropped whole: none of its bytes is taken for a letter.
 */
#ifndef VMM_TERMINAL_H
#define VMM_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

/* A letter is its own code, from ' ' to '~'. */
enum {
	KEY_NONE, /* no key yet, or none that is known */
	KEY_ENTER = 256,
	KEY_TAB,
	KEY_BACKSPACE,
	KEY_DELETE,
	KEY_UP,
	KEY_DOWN,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_HOME,
	KEY_END,
	KEY_CANCEL,     /* Ctrl-C */
	KEY_END_OF_ALL, /* Ctrl-D */
	KEY_CUT_LEFT,   /* Ctrl-U: all before the cursor */
	KEY_CUT_RIGHT,  /* Ctrl-K: all from the cursor on */
	KEY_CUT_WORD,   /* Ctrl-W */
	KEY_CLEAR,      /* Ctrl-L */
};

struct terminal {
	enum {
		TERMINAL_PLAIN,
		TERMINAL_ESCAPE,   /* after ESC */
		TERMINAL_SEQUENCE, /* after ESC [ or ESC O: numbers, then the last byte */
		TERMINAL_ONE_MORE, /* after ESC [ [, with which Linux begins a function key */
		TERMINAL_STRING,   /* what terminals answer: up to a control character */
	} state;
	unsigned number;   /* the first one of the sequence */
	bool modified;     /* the sequence has more than one number: Shift and the like */
	bool after_return; /* the last byte was CR: an LF right after it belongs to it */
};

/* The key that ends with this byte; KEY_NONE: none does. */
int terminal_key(struct terminal *t, uint8_t byte);
/* Nothing has come for a while. What has begun goes no further: an ESC was a key of its own. */
void terminal_pause(struct terminal *t);

#endif
