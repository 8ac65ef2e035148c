/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Distributions of measured times, and the lines that report the distributions:
 *
 *   lat probe=uart unit=instructions n=1000 min=7 median=7 p99=7 max=7 interrupts=1000 exits=0
 *   hist probe=uart 7:1000
 *
 * Rule: every figure is of all samples; p99 is the nearest rank. A histogram has at most 64 bins.
 * If there are at most 64 different values, each value is a bin; else bins have the same width and
 * are named by their lowest value.
 */
#ifndef GUESTS_LIB_STATS_H
#define GUESTS_LIB_STATS_H

#include "vmm/abi.h"

#include <stdint.h>

/* A set of samples, large enough for a probe; probes run one after the other. */
enum { SAMPLES_MAX = 16384 };

struct samples {
	uint32_t n, wanted; /* samples taken; samples wanted (at most SAMPLES_MAX) */
	uint64_t value[SAMPLES_MAX];
};

/* Takes another sample. Returns false if the last wanted sample has been taken, or no sample is
 * wanted. */
static inline int samples_add(struct samples *s, uint64_t value)
{
	if (s->n < s->wanted)
		s->value[s->n++] = value;
	return s->n < s->wanted;
}

void samples_sort(struct samples *s);

/* Events beside the samples: taken at a probe's start and end. */
struct span {
	struct sb_counters counters;
	uint32_t interrupts;
};
void span_begin(struct span *span);
/* Leaves the differences in span, without the span's own calls. */
void span_end(struct span *span);

/* Turns TSC ticks into the unit, sorts, prints the lines, and hands the result to the VMM. */
void stats_report(const char *probe, struct samples *s, const struct span *span);
/* Prints the line "span probe=uart interrupts=1000 exits=0 all=12": exits for interrupts, and all
 * exits. */
void span_report(const char *probe, const struct span *span);

#endif
