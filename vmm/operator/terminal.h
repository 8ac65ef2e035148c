/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys of a terminal, made of the bytes that the terminal sends.
 *
 * Rule: a key may be several bytes, and the bytes may come separately. An unknown key is dropped
 * whole: none of its bytes becomes a letter.
 */
#ifndef VMM_TERMINAL_H
#define VMM_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

/* A letter is its own code, from ' ' to '~'. */
enum {
	KEY_NONE, /* no key yet, or no known key */
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

/* The state between two bytes. All zeroes is the beginning. */
struct terminal {
	enum {
		TERMINAL_PLAIN,
		TERMINAL_ESCAPE,   /* after ESC */
		TERMINAL_SEQUENCE, /* after ESC [ or ESC O: numbers, then the last byte */
		TERMINAL_ONE_MORE, /* after ESC [ [, the beginning of a function key on Linux */
		TERMINAL_STRING,   /* an answer of the terminal: up to a control character */
	} state;
	unsigned number; /* The first number of the sequence. */
	bool modified;   /* The sequence has more than one number: Shift and the like. */
	/* The last byte was CR: an LF right after the CR belongs to the same key. */
	bool after_return;
};

/* Takes a byte. Returns the key that ends with this byte, or KEY_NONE. */
int terminal_key(struct terminal *t, uint8_t byte);
/* Ends a sequence that has begun: an ESC was a key of its own. Call it when no byte has come for a
 * while. */
void terminal_pause(struct terminal *t);

#endif
