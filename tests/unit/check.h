/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every host test includes: cmocka, with the headers it wants before it.
 *
 * Rule: a test's name begins with the requirement it is about (R05_...), if there is one, and goes
 * on as a sentence.
 */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A small generator of random numbers that is the same everywhere (xorshift64*), so that a seed
 * names a run. */
static inline uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}

static inline unsigned random_below(uint64_t *state, unsigned limit)
{
	return (unsigned)((random_next(state) >> 33) % limit);
}

#endif
