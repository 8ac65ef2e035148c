/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the run loop asks of the person at the console.
 *
 * Rule: the run loop knows no console. Whoever starts the run hands these calls over, and each call
 * returns at once.
 */
#ifndef VMM_OPERATOR_CALLS_H
#define VMM_OPERATOR_CALLS_H

#include <stdint.h>

struct operator_calls {
	/* Notes that a status line is due. */
	void (*want_status)(void);
	/* Notes a line for the operator. The line is printed when all text of the VMs so far is on
	 * the console. words stay where they are. */
	void (*tell)(const char *words);
	/* Returns the TSC until which a person may still use the console; 0: no key was typed. */
	uint64_t (*used_until)(void);
};

#endif
