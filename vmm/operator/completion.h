/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Completion of the typed word.
 *
 * Rule: letters are inserted as far as they are certain. Where no letter is certain, all candidates
 * are shown.
 */
#ifndef VMM_COMPLETION_H
#define VMM_COMPLETION_H

#include "vmm/operator/editor.h"

/* Completes the word before the cursor. Call it from the background work. */
void completion_run(struct editor *e, editor_echo *echo);

#endif
