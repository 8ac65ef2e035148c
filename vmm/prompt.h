/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line that is being typed, and the printed ones, share a screen.
 *
 * Rule: a printed line takes the typed one away, and the typed one comes back below, its cursor
 * where it was. All of this is background work.
 */
#ifndef VMM_PROMPT_H
#define VMM_PROMPT_H

#include "vmm/editor.h"

#include <stdbool.h>
#include <stdint.h>

enum prompt_result { PROMPT_MORE, PROMPT_COMMAND, PROMPT_QUIT };

/* A screen with nothing on it; put writes to it. */
void prompt_init(editor_echo *put);
/* Completes the word before the cursor. */
typedef void prompt_complete(struct editor *e, editor_echo *echo);
/* Takes a byte from the terminal; complete is called for Tab. PROMPT_COMMAND: prompt_command() is
 * what was typed. */
enum prompt_result prompt_take(uint8_t byte, prompt_complete *complete);
/* Nothing has come from the terminal for a while (vmm/terminal.h). */
void prompt_pause(void);
/* The line that was typed, to be cut up; until the next byte is taken. */
char *prompt_command(void);
/* The line that is being typed. */
const struct editor *prompt_line(void);

/* Call these before and after text that is printed; whole: it ended a line. */
void prompt_hide(void);
void prompt_show(bool whole);

#endif
