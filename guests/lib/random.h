/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers from a seed, for programs that are the same on every machine.
 *
 * Rule: a linear congruential generator modulo 2^64 (Knuth's constants for MMIX). The lowest bits
 * repeat soon, so only the highest 31 are used.
 */
#ifndef GUEST_RANDOM_H
#define GUEST_RANDOM_H

#include <stdint.h>

/* Moves the generator on. Returns a number from 0 to limit - 1. */
static inline unsigned random_below(uint64_t *state, unsigned limit)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((*state >> 33) % limit);
}

#endif
