/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PC's screen and keyboard, as vmm/operator/screen.c and vmm/operator/screen_end.c see them.
 *
 * Rule: a key comes at its time; each look at the keyboard takes some.
 */
#ifndef TESTS_UNIT_FAKE_SCREEN_H
#define TESTS_UNIT_FAKE_SCREEN_H

#include "arch/x86/machine/platform.h"

#include <stdbool.h>
#include <stdint.h>

enum { FAKE_LOOK_US = 1000, FAKE_CODES = 1024, FAKE_PAGES = 32 };

struct fake_screen {
	bool no_keyboard, line_taken;
	char row[VGA_ROWS][VGA_COLUMNS + 1]; /* of the view */
	bool reverse[VGA_ROWS];
	bool viewing;
	unsigned views; /* how often a whole one was shown */
	char prompt[256];
	bool prompted;
	struct {
		uint64_t at;
		uint8_t code;
	} codes[FAKE_CODES];
	unsigned first, end;
	void (*handler)(void); /* of the keyboard's line; NULL: it was not claimed */
	unsigned settled;
	void (*wait)(void); /* of power_off_after() */
	bool halted;
};

extern struct fake_screen fake_screen;

void fake_screen_reset(void);
/* A scan code that comes at that time. */
void fake_code(uint64_t at, uint8_t code);
/* The codes of a plain character, of Page Up and of Page Down, now. */
void fake_character(char c);
enum { CODE_PAGE_UP = 0x49, CODE_PAGE_DOWN = 0x51, CODE_SPACE = 0x39, CODE_ENTER = 0x1c };

#endif
