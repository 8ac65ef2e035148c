/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The screen and the keyboard of a PC as the console, where there is no serial cable.
 *
 * Rule: the keyboard's interrupt moves bytes to a ring, and no more. The background work looks at
 * the keys. The typed line has the screen's last row; text has the rows above. Text that has
 * scrolled off is read again from the memory log.
 */
#ifndef VMM_SCREEN_H
#define VMM_SCREEN_H

#include "vmm/config/config.h"

#include <stdbool.h>
#include <stddef.h>

/* Reads the configuration. serial: the console has a UART. Call it before the machine can end. */
void screen_init(const struct vmm_config *config, bool serial);
/* Takes the keyboard where the configuration wants the keyboard, and prints the result. Call it
 * when all VMs are known. */
void screen_begin(void);

/* Takes the next byte of a key, in a terminal's encoding. Returns false when there is no byte. Keys
 * that turn pages give no byte. For the background work. */
bool screen_key(char *key);
/* Returns true while there are keys to look at. Costs a flag test or two. */
bool screen_has_keys(void);
/* Shows the typed line in the last row, with the cursor before byte at. Does nothing without a
 * keyboard. Call it when the typed line has changed. */
void screen_typed(const char *text, size_t length, size_t at);
/* Shows the typed line as a command among the text. Does nothing without a keyboard. Call it before
 * the command is carried out. */
void screen_entered(const char *text);
/* Shows the memory log from its oldest page on. Does nothing without a keyboard. */
void screen_show_log(void);

/* Returns true where the machine waits for a key at its end, so that a person can read the
 * screen. */
bool screen_waits(void);
/* Marks the beginning of the report. All text from here on is shown page by page at the end. Call
 * it after the run, with the keyboard's interrupts off. */
void screen_mark_report(void);
/* Marks the beginning of the summary: the last page. Call it after the report. */
void screen_mark_summary(void);

#endif
