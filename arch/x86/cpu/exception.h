/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts of the manuals about exceptions: the numbers, the exceptions with an error code, and the
 * result of an exception that is raised during the delivery of another exception.
 *
 * Rule: each function depends on its arguments only. Both back ends raise exceptions by these
 * functions.
 */
#ifndef ARCH_X86_CPU_EXCEPTION_H
#define ARCH_X86_CPU_EXCEPTION_H

#include <stdbool.h>
#include <stdint.h>

/* SDM 3A table 6-1. */
enum {
	VECTOR_DE = 0,
	VECTOR_DB = 1,
	VECTOR_BP = 3,
	VECTOR_OF = 4,
	VECTOR_UD = 6,
	VECTOR_DF = 8,
	VECTOR_TS = 10,
	VECTOR_NP = 11,
	VECTOR_SS = 12,
	VECTOR_GP = 13,
	VECTOR_PF = 14,
	VECTOR_MF = 16,
	VECTOR_AC = 17,
	VECTOR_MC = 18,
	EXCEPTION_SHUTDOWN = 32, /* no vector: the processor shuts down */
};

/* The error code of #TS, #NP, #SS and #GP (SDM 3A 6.13): 15:3 selector | 2 TI | 1 IDT | 0 EXT */
enum { ERROR_EXT = 1 << 0, ERROR_IDT = 1 << 1 };

static inline bool exception_in(uint32_t set, unsigned vector)
{
	return vector < 32 && set >> vector & 1;
}

static inline bool exception_has_error(unsigned vector)
{
	return exception_in(1u << VECTOR_DF | 1u << VECTOR_TS | 1u << VECTOR_NP | 1u << VECTOR_SS |
	                            1u << VECTOR_GP | 1u << VECTOR_PF | 1u << VECTOR_AC,
	                    vector);
}

/* Returns true when the exception's error code names a selector. EXT of such a code tells whether
 * the program is the cause. */
static inline bool exception_names_selector(unsigned vector)
{
	return exception_in(1u << VECTOR_TS | 1u << VECTOR_NP | 1u << VECTOR_SS | 1u << VECTOR_GP,
	                    vector);
}

/* Returns true for a fault. A fault is pushed with RF set, so that the instruction's breakpoint is
 * not reported twice (SDM 3B 17.3.1.1). #DB counts as a trap here. #BP and #OF are traps, #DF and
 * #MC are aborts. */
static inline bool exception_is_fault(unsigned vector)
{
	return !exception_in(1u << VECTOR_DB | 1u << VECTOR_BP | 1u << VECTOR_OF | 1u << VECTOR_DF |
	                             1u << VECTOR_MC,
	                     vector);
}

/* Returns the vector to deliver when `vector` is raised during the delivery of the exception
 * `first` (SDM 3A table 6-5). */
static inline unsigned exception_after(unsigned first, unsigned vector)
{
	const uint32_t contributory = 1u << VECTOR_DE | 1u << VECTOR_TS | 1u << VECTOR_NP |
	                              1u << VECTOR_SS | 1u << VECTOR_GP;
	if (!exception_in(contributory | 1u << VECTOR_PF, vector))
		return vector;
	if (first == VECTOR_DF)
		return EXCEPTION_SHUTDOWN;
	if (first == VECTOR_PF || (exception_in(contributory, first) && vector != VECTOR_PF))
		return VECTOR_DF;
	return vector;
}

#endif
