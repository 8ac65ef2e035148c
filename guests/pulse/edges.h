/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The edges of a counter that goes round: the number of edges between two readings, and how long
 * the edge of the present interrupt has waited.
 *
 * Rule: the counter gives the time since the last edge. The TSC gives the number of whole periods
 * between two readings. So a latency of any length is known, at the counter's grain. An edge that
 * comes while another edge waits merges with it into a single request: the interrupt belongs to the
 * first edge.
 */
#ifndef GUESTS_PULSE_EDGES_H
#define GUESTS_PULSE_EDGES_H

#include "guests/lib/pit.h"

#include <stdbool.h>
#include <stdint.h>

struct edges {
	uint32_t reload;       /* counts in a period */
	struct pit_rate rate;  /* turns counts into TSC ticks */
	struct pit_rate paced; /* the same over a longer time; tells whole periods */
	uint64_t tsc;          /* the last reading of a handler */
	uint32_t counter;
	uint64_t came; /* edges so far */
	/* Edges of `came` since the last handler's entry. Their interrupt is still to come. */
	uint64_t pending;
};

/* Takes the first reading, as edges_handled() takes further readings. Edges after `entry` are the
 * first that count. */
void edges_begin(struct edges *e, uint32_t reload, struct pit_rate rate, uint64_t entry,
                 uint64_t tsc, uint32_t counter);

/* Call in a handler that was entered at `entry` and has read the counter at `tsc`. Returns the
 * ticks from the interrupt's edge to the handler's entry. */
uint64_t edges_handled(struct edges *e, uint64_t entry, uint64_t tsc, uint32_t counter);

/* Call where the counter has been loaded anew: `tsc` and `counter` are a reading right before, and
 * `after` and `counter_after` a reading right behind. The edges of the old period still count, and
 * the next period began at the load. */
void edges_anew(struct edges *e, uint64_t tsc, uint32_t counter, uint64_t after,
                uint32_t counter_after);

/* Takes a reading outside of a handler. Returns whether an edge has waited since before `running`,
 * by more than a quarter of a period. The edge should have interrupted code that ran then with
 * interrupts on. */
bool edges_overdue(const struct edges *e, uint64_t running, uint64_t tsc, uint32_t counter);

#endif
