/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Completing what is being typed.
 *
 * Rule: letters are put in as far as they are certain; where none is, all that may come is shown.
 */
#ifndef VMM_COMPLETION_H
#define VMM_COMPLETION_H

#include "vmm/editor.h"

/* Completes the word before the cursor. Call it from the background work. */
void completion_run(struct editor *e, editor_echo *echo);

#endif
