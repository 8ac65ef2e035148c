/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The screen and the keyboard of a PC as its console, where no serial cable is.
 *
 * Rule: the keyboard's interrupt moves bytes to a ring, and no more. Keys are looked at by the
 * background work. The typed line has the screen's last row; text has the rows above it, and what
 * has scrolled off is read again from the memory log.
 */
#ifndef VMM_SCREEN_H
#define VMM_SCREEN_H

#include "vmm/config.h"

#include <stdbool.h>
#include <stddef.h>

/* What the configuration asks for; serial: the console has a UART. Call it before anything may end
 * the machine. */
void screen_init(const struct vmm_config *config, bool serial);
/* All VMs are known: takes the keyboard, where it is wanted. A line says what came of it. */
void screen_begin(void);

/* For the background work: the next byte of a key, as a terminal would send it. False: none. Keys
 * that turn pages are not among them. */
bool screen_key(char *key);
/* Is there anything to look at? A flag test or two. */
bool screen_has_keys(void);
/* The typed line has changed, and the cursor stands before that byte of it; the typed line is a
 * command now. Do nothing without a keyboard. */
void screen_typed(const char *text, size_t length, size_t at);
void screen_entered(const char *text);
/* Shows the memory log from its oldest page on. Does nothing without a keyboard. */
void screen_show_log(void);

/* Does the machine wait for a key at its end, so that a person can read the screen? */
bool screen_waits(void);
/* What is printed from here on is shown page by page at the end, from its beginning; the part after
 * the second call is the last page. Call it with interrupts off the keyboard, after the run. */
void screen_mark_report(void);
void screen_mark_summary(void);

#endif
