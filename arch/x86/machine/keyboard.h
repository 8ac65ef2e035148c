/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PC's keyboard: its controller, and the meaning of its keys.
 *
 * Rule: keyboard.c moves bytes and waits only in keyboard_init(). keys.c uses no port.
 */
#ifndef ARCH_X86_MACHINE_KEYBOARD_H
#define ARCH_X86_MACHINE_KEYBOARD_H

#include <stdbool.h>
#include <stdint.h>

enum { KEYBOARD_LINE = 1, KEYBOARD_DATA = 0x60, KEYBOARD_CONTROL = 0x64 };

/* ---- keyboard.c ---- */

/* Makes the controller translate to scan code set 1, interrupt on line 1, and leave the mouse
 * alone. Makes the keyboard send. Waits at most some tenths of a second. Returns 0, or -ENODEV when
 * there is no controller or no keyboard answers. */
int keyboard_init(void);
/* Returns the next byte of the keyboard, or -EAGAIN when there is no byte. Bytes of a mouse are
 * dropped. Reads at most KEYBOARD_LOOKS bytes. */
enum { KEYBOARD_LOOKS = 4 };
int keyboard_read(void);

/* ---- keys.c ---- */

/* The longest text of a key, without a terminator. */
enum { KEY_TEXT_MAX = 6 };

struct keys {
	bool shift, control, caps, digits; /* digits: NumLock */
	bool extended;                     /* E0h has come before */
	uint8_t swallow;                   /* bytes of Pause still to come */
};

/* Takes a byte of scan code set 1 (US layout). Stores the text that a terminal would send and
 * returns its length. The length is 0 for a release, a modifier, the beginning of a longer code,
 * and an unknown key. */
unsigned keys_take(struct keys *k, uint8_t code, char text[KEY_TEXT_MAX]);
/* Returns -1 for the text of Page Up and 1 for the text of Page Down, with or without Shift, and 0
 * for the text of another key. */
int keys_page(const char *text, unsigned length);

#endif
