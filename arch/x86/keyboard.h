/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PC's keyboard: its controller, and what its keys mean.
 *
 * Rule: keyboard.c moves bytes and never waits but in keyboard_init(); keys.c knows no port.
 */
#ifndef ARCH_X86_KEYBOARD_H
#define ARCH_X86_KEYBOARD_H

#include <stdbool.h>
#include <stdint.h>

enum { KEYBOARD_LINE = 1, KEYBOARD_DATA = 0x60, KEYBOARD_CONTROL = 0x64 };

/* ---- keyboard.c ---- */

/* Makes the controller translate to scan code set 1, interrupt on line 1, and leave the mouse
 * alone; makes the keyboard send. Waits at most some tenths of a second. 0, or -ENODEV: there is no
 * controller, or no keyboard answers. */
int keyboard_init(void);
/* The next byte of the keyboard, or -EAGAIN: there is none. Bytes of a mouse are dropped. Reads at
 * most KEYBOARD_LOOKS bytes. */
enum { KEYBOARD_LOOKS = 4 };
int keyboard_read(void);

/* ---- keys.c ---- */

/* The longest text of a key, without a terminator. */
enum { KEY_TEXT_MAX = 6 };

struct keys {
	bool shift, control, caps, digits; /* digits: NumLock */
	bool extended;                     /* E0h has come */
	uint8_t swallow;                   /* bytes of Pause that are to come */
};

/* Takes a byte of scan code set 1 (US layout). Returns how long the text is that a terminal would
 * send: 0 for a release, a modifier, the beginning of a longer code, an unknown key. */
unsigned keys_take(struct keys *k, uint8_t code, char text[KEY_TEXT_MAX]);
/* Is the text that of Page Up (-1) or Page Down (1), with Shift or without? 0: of another key. */
int keys_page(const char *text, unsigned length);

#endif
