/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operator at the console: the run loop's calls, and the background work for the operator.
 *
 * Rule: the run loop's calls only note the wish. The background work does the rest.
 */
#ifndef VMM_OPERATOR_H
#define VMM_OPERATOR_H

#include "vmm/core/operator_calls.h"

#include <stdbool.h>

/* The calls for run_all(). */
extern const struct operator_calls operator_calls;

/* Does a piece of the background work: a line of each VM, a note, the keys, the status line.
 * Returns true where there was a piece to do. For background_init(). */
bool operator_step(void);

#endif
