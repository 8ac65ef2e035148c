/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a person types, at COM1 or at the PC's keyboard, up to the command that comes of it.
 *
 * Rule: all of this is background work.
 */
#ifndef VMM_TYPING_H
#define VMM_TYPING_H

#include <stdbool.h>

/* Looks at the keys that have come and carries out a command that is whole. Returns whether there
 * were keys. Call it from the background work. */
bool typing_step(void);

#endif
