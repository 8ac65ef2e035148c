/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock of the PITs: CLK pulses of the machine's PIT, computed from the TSC.
 *
 * Rule: the first pulse has the number PIT_FIRST_PULSE, so that a counter whose moments are moved
 * back does not pass 0.
 */
#ifndef VMM_PIT_CLOCK_H
#define VMM_PIT_CLOCK_H

#include <stdint.h>

enum { PIT_HZ = 1193182 };
#define PIT_FIRST_PULSE (UINT64_C(1) << 40)

/* The rates have 32 bits before and 32 bits behind the point. */
struct pit_clock {
	uint64_t epoch; /* TSC of the first pulse */
	uint64_t pulses_of_tick, ticks_of_pulse;
};

/* Lets the pulses begin at `tsc`, with a TSC of so many kHz. */
static inline void pit_clock_begin(struct pit_clock *c, uint64_t tsc, uint64_t khz)
{
	c->epoch = tsc;
	c->pulses_of_tick = ((uint64_t)PIT_HZ << 32) / (khz * 1000);
	/* 30 bits first, so that any rate fits */
	c->ticks_of_pulse = ((khz * 1000) << 30) / PIT_HZ << 2;
}

/* Returns the number of the pulse at `tsc`. */
static inline uint64_t pit_clock_pulses(const struct pit_clock *c, uint64_t tsc)
{
	return PIT_FIRST_PULSE +
	       (uint64_t)(((unsigned __int128)(tsc - c->epoch) * c->pulses_of_tick) >> 32);
}

/* Returns how many TSC ticks so many pulses take, rounded up. */
static inline uint64_t pit_clock_ticks(const struct pit_clock *c, uint64_t pulses)
{
	return (uint64_t)(((unsigned __int128)pulses * c->ticks_of_pulse) >> 32) + 1;
}

/* Returns the later one of two times. */
static inline uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
