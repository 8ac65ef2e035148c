/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a run on a PC's screen: the result stays on the screen until a person has read it.
 *
 * Rule: this code needs no interrupt and no VM: a panic ends here too. Every wait for a key has an
 * end except the last wait. The last wait shows the most important page.
 */
#ifndef VMM_SCREEN_END_H
#define VMM_SCREEN_END_H

#include "vmm/config/config.h"

#include <stdbool.h>

/* Sets the machine's last act. policy: end=. alone: the screen is the only console, so end=auto
 * waits. Call it once, at boot. */
void screen_end_init(enum end_policy policy, bool alone);

#endif
