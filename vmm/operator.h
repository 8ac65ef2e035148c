/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the run loop wants the operator to see.
 *
 * Rule: these calls only note what is wanted; the background work does it (operator.c).
 */
#ifndef VMM_OPERATOR_H
#define VMM_OPERATOR_H

/* A status line is due. */
void operator_want_status(void);
/* A line for the operator, printed when what the VMs have printed so far is on the console. words
 * stay where they are. */
void operator_tell(const char *words);

#endif
