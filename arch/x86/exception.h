/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the manuals say of exceptions: their numbers, which have an error code, and what becomes of
 * one that is raised while another is being delivered.
 *
 * Rule: functions of their arguments alone; both back ends raise by them.
 */
#ifndef ARCH_X86_EXCEPTION_H
#define ARCH_X86_EXCEPTION_H

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

/* Whose error code names a selector, and so says in EXT whether the program is the cause. */
static inline bool exception_names_selector(unsigned vector)
{
	return exception_in(1u << VECTOR_TS | 1u << VECTOR_NP | 1u << VECTOR_SS | 1u << VECTOR_GP,
	                    vector);
}

/* Faults are pushed with RF set, so that the instruction's breakpoint is not told twice (SDM 3B
 * 17.3.1.1). #DB is a trap here; #BP and #OF are traps, #DF and #MC aborts. */
static inline bool exception_is_fault(unsigned vector)
{
	return !exception_in(1u << VECTOR_DB | 1u << VECTOR_BP | 1u << VECTOR_OF | 1u << VECTOR_DF |
	                             1u << VECTOR_MC,
	                     vector);
}

/* What is delivered where `vector` is raised while the exception `first` is being delivered (SDM 3A
 * table 6-5). */
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
