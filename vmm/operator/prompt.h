/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The typed line and the printed lines share a screen.
 *
 * Rule: a printed line takes the typed line away. The typed line comes back below, with the cursor
 * at the same place. All of this is background work.
 */
#ifndef VMM_PROMPT_H
#define VMM_PROMPT_H

#include "vmm/core/output.h"
#include "vmm/operator/editor.h"

#include <stdbool.h>
#include <stdint.h>

/* The caller's next task after a key. */
enum prompt_result { PROMPT_MORE, PROMPT_COMMAND, PROMPT_QUIT };

/* Begins with an empty screen. put writes to the screen. Call it before all else. */
void prompt_init(editor_echo *put);
/* Completes the word before the cursor of e. echo shows the letters. */
typedef void prompt_complete(struct editor *e, editor_echo *echo);
/* Takes a byte from the terminal. complete is called for Tab. Returns PROMPT_COMMAND when
 * prompt_command() has a whole line, PROMPT_QUIT for Ctrl-D on an empty line, else PROMPT_MORE. */
enum prompt_result prompt_take(uint8_t byte, prompt_complete *complete);
/* Tells that no byte has come from the terminal for a while (vmm/operator/terminal.h). */
void prompt_pause(void);
/* Returns the typed line. The caller may cut up the line. The line is valid until the next byte is
 * taken. */
char *prompt_command(void);
/* Returns the line that is being typed. */
const struct editor *prompt_line(void);

/* Has the text of a VM that has no end of a line yet stand in the place of the typed line: the VM
 * has the keys. name: NULL: the typed line stands there again. */
void prompt_follow(const char *name, const struct output *text);
/* Shows that text anew where the text has changed. Returns the text then, else NULL. */
const struct output *prompt_refresh(void);

/* Takes the typed line off the screen. Call it before text is printed. */
void prompt_hide(void);
/* Brings the typed line back. Call it after the text. whole: the text ended a line. */
void prompt_show(bool whole);

#endif
