/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whoever sits at the console: what the run loop asks of him, and what the background work does for
 * him.
 *
 * Rule: the run loop's calls only note what is wanted. The background work does what was noted.
 */
#ifndef VMM_OPERATOR_H
#define VMM_OPERATOR_H

#include "vmm/operator_calls.h"

#include <stdbool.h>

/* The calls that the run loop needs. */
extern const struct operator_calls operator_calls;

/* Does one thing that waits: a line of each VM, a note, the keys, the status line. Returns whether
 * there was one. It is the background work's step. */
bool operator_step(void);

#endif
