/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking a single interrupt, of any vector, at a moment of the caller's choice.
 *
 * Rule: interrupts are off at each call and at each return.
 */
#ifndef GUEST_TAKE_H
#define GUEST_TAKE_H

/* Makes the vector of the threads' switch one like any other. Call it once, before take_one(). */
void take_begin(void);
/* Opens interrupts for a moment. Returns the vector of the interrupt that came, or a negative
 * number where none came. */
int take_one(void);

#endif
