/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The edges of a counter that goes round: how many came between two readings, and since when the
 * one has waited that an interrupt is for.
 *
 * Rule: the counter says how long ago the last edge was, the TSC says how many whole periods lie
 * between two readings. So a latency is known for any length, at the counter's grain. An edge that
 * comes while another waits is one request with it: the interrupt is the first one's.
 */
#ifndef GUESTS_PULSE_EDGES_H
#define GUESTS_PULSE_EDGES_H

#include "guests/lib/pit.h"

#include <stdbool.h>
#include <stdint.h>

struct edges {
	uint32_t reload;       /* counts in a period */
	struct pit_rate rate;  /* what turns counts into TSC ticks */
	struct pit_rate paced; /* the same over a longer time; what tells whole periods */
	uint64_t tsc;          /* the last reading of a handler */
	uint32_t counter;
	uint64_t came; /* edges so far */
	/* of these: since the last handler's entry, so that their interrupt is still to come */
	uint64_t owed;
};

/* The first reading, as edges_handled()'s: edges since that entry are the first that count. */
void edges_begin(struct edges *e, uint32_t reload, struct pit_rate rate, uint64_t entry,
                 uint64_t tsc, uint32_t counter);

/* A handler was entered at `entry` and read the counter at `tsc`. The ticks from the edge that it
 * is for to its entry. */
uint64_t edges_handled(struct edges *e, uint64_t entry, uint64_t tsc, uint32_t counter);

/* A reading outside of a handler. Has an edge waited since before `running`, by more than a quarter
 * of a period? Whoever was running then with interrupts on should have been interrupted. */
bool edges_overdue(const struct edges *e, uint64_t running, uint64_t tsc, uint32_t counter);

#endif
