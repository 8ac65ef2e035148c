/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a run on a PC's screen: what came of it stays there until somebody has read it.
 *
 * Rule: nothing here needs an interrupt or a VM: a panic ends here too. Every wait for a key has an
 * end but the last one; and the last one shows what matters most.
 */
#ifndef VMM_SCREEN_END_H
#define VMM_SCREEN_END_H

#include "vmm/config.h"

#include <stdbool.h>

/* policy: end=. alone: the screen is the only console, so end=auto waits. */
void screen_end_init(enum end_policy policy, bool alone);

#endif
