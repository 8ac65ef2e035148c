/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The edges of a counter that goes round.
 *
 * Rule: see edges.h.
 */
#include "guests/pulse/edges.h"

/* GRAIN: counts by which TSC and counter may disagree. PACE_COUNTS: the pace is measured over at
 * most so many counts (7 s of a PIT), so that the product with 600 s of any TSC still fits. */
enum { GRAIN = 2, PACE_COUNTS = 1 << 23 };

static uint64_t counts_of(const struct pit_rate *rate, uint64_t ticks)
{
	return ticks * rate->counts / rate->tsc;
}

static uint64_t ticks_of(const struct pit_rate *rate, uint64_t counts)
{
	return counts * rate->tsc / rate->counts;
}

/* Returns the edges between the last reading and the present reading, to the nearest: n * reload +
 * (last counter - counter) counts have passed. An emulator that counts instructions may take some
 * counts back. */
static uint64_t edges_since(const struct edges *e, uint64_t tsc, uint32_t counter)
{
	int64_t counts = tsc > e->tsc ? (int64_t)counts_of(&e->paced, tsc - e->tsc) : 0;
	int64_t whole = counts - (int64_t)e->counter + (int64_t)counter + e->reload / 2;

	return whole < 0 ? 0 : (uint64_t)whole / e->reload;
}

static void keep_pace(struct edges *e, uint64_t n, uint64_t tsc, uint32_t counter)
{
	uint64_t counts = n * e->reload + e->counter - counter;

	if (e->paced.counts + counts > PACE_COUNTS || tsc < e->tsc)
		return;
	e->paced.tsc += tsc - e->tsc;
	e->paced.counts += counts;
}

/* Edges between a handler's entry and its reading. */
static uint64_t edges_after(const struct edges *e, uint64_t phase, uint64_t spent)
{
	return spent > phase + GRAIN ? 1 + (spent - phase - 1) / e->reload : 0;
}

void edges_begin(struct edges *e, uint32_t reload, struct pit_rate rate, uint64_t entry,
                 uint64_t tsc, uint32_t counter)
{
	*e = (struct edges){
		.reload = reload, .rate = rate, .paced = rate, .tsc = tsc, .counter = counter
	};
	e->came = e->pending = edges_after(e, reload - counter, counts_of(&rate, tsc - entry));
}

uint64_t edges_handled(struct edges *e, uint64_t entry, uint64_t tsc, uint32_t counter)
{
	uint64_t phase = e->reload - counter, spent = counts_of(&e->paced, tsc - entry);
	uint64_t n = edges_since(e, tsc, counter), waiting = e->pending + n,
		 after = edges_after(e, phase, spent), late;

	keep_pace(e, n, tsc, counter);
	/* An interrupt has an edge behind it. The edge may have come right at the last entry, and
	 * was then taken for an edge of the last interrupt. */
	if (waiting == 0)
		waiting = 1;
	if (after >= waiting)
		after = waiting - 1;
	late = ticks_of(&e->rate, phase) + ticks_of(&e->paced, (waiting - 1) * e->reload);
	e->came += n;
	e->pending = after;
	e->tsc = tsc;
	e->counter = counter;
	/* The time from the entry to the reading is known and left out. */
	return late > tsc - entry ? late - (tsc - entry) : 0;
}

void edges_anew(struct edges *e, uint64_t tsc, uint32_t counter, uint64_t after,
                uint32_t counter_after)
{
	uint64_t loaded = after - ticks_of(&e->paced, e->reload - counter_after);
	uint64_t old = loaded > tsc ? counts_of(&e->paced, loaded - tsc) : 0;
	uint64_t before = edges_since(e, tsc, counter);
	uint64_t n = before + (old >= counter ? 1 + (old - counter) / e->reload : 0);

	keep_pace(e, before, tsc, counter);
	e->came += n;
	e->pending += n;
	e->tsc = after;
	e->counter = counter_after;
}

bool edges_overdue(const struct edges *e, uint64_t running, uint64_t tsc, uint32_t counter)
{
	uint64_t n = edges_since(e, tsc, counter), waiting = e->pending + n;
	uint64_t age = ticks_of(&e->rate, e->reload - counter + (waiting - 1) * e->reload);

	return waiting != 0 && age > tsc - running + ticks_of(&e->rate, e->reload / 4);
}
