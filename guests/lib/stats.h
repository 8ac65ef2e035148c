/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Distributions of measured times, and the lines that report them:
 *
 *   lat probe=uart unit=instructions n=1000 min=7 median=7 p99=7 max=7 interrupts=1000 exits=0
 *   hist probe=uart 7:1000
 *
 * Rule: every figure is of all samples; p99 is the nearest rank. A histogram has at most 64 bins:
 * each value where there are no more, else bins of one width named by their lowest value.
 */
#ifndef GUESTS_LIB_STATS_H
#define GUESTS_LIB_STATS_H

#include "vmm/abi.h"

#include <stdint.h>

/* One set, large enough for a probe; probes run one after the other. */
enum { SAMPLES_MAX = 16384 };

struct samples {
	uint32_t n, wanted; /* taken; stop there (at most SAMPLES_MAX) */
	uint64_t value[SAMPLES_MAX];
};

/* Take another; false when it was the last that is wanted, or none is. */
static inline int samples_add(struct samples *s, uint64_t value)
{
	if (s->n < s->wanted)
		s->value[s->n++] = value;
	return s->n < s->wanted;
}

void samples_sort(struct samples *s);

/* What happened beside the samples: taken at a probe's start and end. */
struct span {
	struct sb_counters counters;
	uint32_t interrupts;
};
void span_begin(struct span *span);
void span_end(struct span *span); /* leaves the differences, the span's own calls taken out */

/* Turn TSC ticks into the unit, sort, print the lines, and hand the result to the VMM. */
void stats_report(const char *probe, struct samples *s, const struct span *span);
/* The line "span probe=uart interrupts=1000 exits=0 all=12": exits for interrupts, and all of
 * them. */
void span_report(const char *probe, const struct span *span);

#endif
