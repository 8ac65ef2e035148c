/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way from keys at COM1 or at the PC's keyboard to a command.
 *
 * Rule: all of this code is background work.
 */
#ifndef VMM_TYPING_H
#define VMM_TYPING_H

#include <stdbool.h>

/* Looks at the keys, and carries out a whole command. Returns true where there were keys. Call it
 * from the background work. */
bool typing_step(void);

#endif
