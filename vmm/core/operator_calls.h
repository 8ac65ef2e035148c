/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run loop's calls to the operator at the console.
 *
 * Rule: the run loop knows no console. The caller of run_all() hands these calls over. Each call
 * returns at once.
 */
#ifndef VMM_OPERATOR_CALLS_H
#define VMM_OPERATOR_CALLS_H

#include <stdint.h>

/* The calls. vmm/operator/operator.c has the only set. */
struct operator_calls {
	/* Asks for a status line. */
	void (*want_status)(void);
	/* Asks for a line. The line is printed when all text of the VMs so far is on the console.
	 * words has to stay in memory. */
	void (*tell)(const char *words);
	/* Returns the TSC up to which a person may still use the console; 0: no key has come. */
	uint64_t (*used_until)(void);
};

#endif
