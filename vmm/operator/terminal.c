/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys of a terminal. See the header for the rule.
 *
 * ECMA-48: a sequence is ESC [, then bytes from 20h to 3Fh, then a byte from 40h to 7Eh. In a
 * terminal's application mode, ESC O begins the same sequence. A control character ends any
 * sequence.
 */
#include "vmm/operator/terminal.h"

enum { ESCAPE = 27, DELETE = 127, NUMBER_MOST = 999 };

static const uint16_t controls[' '] = {
	['A' & 31] = KEY_HOME,     ['E' & 31] = KEY_END,        /* as in the shells */
	['B' & 31] = KEY_LEFT,     ['F' & 31] = KEY_RIGHT,      /* back, forth */
	['P' & 31] = KEY_UP,       ['N' & 31] = KEY_DOWN,       /* previous, next */
	['U' & 31] = KEY_CUT_LEFT, ['K' & 31] = KEY_CUT_RIGHT,  /* on both sides of the cursor */
	['W' & 31] = KEY_CUT_WORD, ['H' & 31] = KEY_BACKSPACE,  /* before the cursor */
	['J' & 31] = KEY_ENTER,    ['M' & 31] = KEY_ENTER,      /* LF, CR */
	['C' & 31] = KEY_CANCEL,   ['D' & 31] = KEY_END_OF_ALL, /* a terminal's own */
	['I' & 31] = KEY_TAB,      ['L' & 31] = KEY_CLEAR,      /* form feed */
};

/* The key by the last byte of a sequence without a number. The key by the number of a sequence that
 * ends in '~'. */
static const uint16_t letters[] = {
	['A' - '@'] = KEY_UP,   ['B' - '@'] = KEY_DOWN, ['C' - '@'] = KEY_RIGHT,
	['D' - '@'] = KEY_LEFT, ['F' - '@'] = KEY_END,  ['H' - '@'] = KEY_HOME,
};
static const uint16_t numbers[] = {
	[1] = KEY_HOME, [3] = KEY_DELETE, [4] = KEY_END, [7] = KEY_HOME, [8] = KEY_END,
};

static int look_up(const uint16_t *table, unsigned entries, unsigned at)
{
	return at < entries ? table[at] : KEY_NONE;
}

/* Handles the byte after ESC. */
static void begin(struct terminal *t, uint8_t byte)
{
	t->number = 0;
	t->modified = false;
	switch (byte) {
	case '[':
	case 'O':
		t->state = TERMINAL_SEQUENCE;
		break;
	case 'P':
	case 'X':
	case ']':
	case '^':
	case '_':
		t->state = TERMINAL_STRING;
		break;
	default: /* a letter with Alt, or the end of a string */
		t->state = TERMINAL_PLAIN;
	}
}

/* Handles the last byte of a sequence. Returns the key. */
static int finish(struct terminal *t, uint8_t byte)
{
	t->state = byte == '[' ? TERMINAL_ONE_MORE : TERMINAL_PLAIN;
	if (t->modified || byte < '@')
		return KEY_NONE;
	if (byte == '~')
		return look_up(numbers, sizeof(numbers) / sizeof(*numbers), t->number);
	if (t->number > 1)
		return KEY_NONE;
	return look_up(letters, sizeof(letters) / sizeof(*letters), byte - '@');
}

static int go_on(struct terminal *t, uint8_t byte)
{
	if (byte >= '@')
		return finish(t, byte);
	if (byte < '0' || byte > '9')
		t->modified = true;
	else if (t->number <= NUMBER_MOST)
		t->number = t->number * 10 + byte - '0';
	return KEY_NONE;
}

int terminal_key(struct terminal *t, uint8_t byte)
{
	bool after_return = t->after_return;

	t->after_return = byte == '\r';
	if (byte == ESCAPE) {
		t->state = TERMINAL_ESCAPE;
		return KEY_NONE;
	}
	if (byte < ' ') {
		t->state = TERMINAL_PLAIN;
		return byte == '\n' && after_return ? KEY_NONE : controls[byte];
	}
	switch (t->state) {
	case TERMINAL_PLAIN:
		return byte == DELETE ? KEY_BACKSPACE : byte < DELETE ? byte : KEY_NONE;
	case TERMINAL_ESCAPE:
		begin(t, byte);
		return KEY_NONE;
	case TERMINAL_SEQUENCE:
		return go_on(t, byte);
	case TERMINAL_ONE_MORE:
		t->state = TERMINAL_PLAIN;
		return KEY_NONE;
	case TERMINAL_STRING:
		return KEY_NONE;
	}
	return KEY_NONE;
}

void terminal_pause(struct terminal *t)
{
	t->state = TERMINAL_PLAIN;
}
