/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pulse: a small operating system that lives by its timer (PIT, line 0) and a UART (COM2, line 3),
 * and measures how long their interrupts take to arrive. pulse's parts, in reading order: main.c,
 * edges.c, tick.c, work.c, com2.c, probes.c, stress.c.
 *
 * Rule: there are three threads: the prober above the reporter above the worker. Each part owns its
 * data and the handler of its line.
 */
#ifndef GUESTS_PULSE_PULSE_H
#define GUESTS_PULSE_PULSE_H

#include "guests/lib/stats.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- tick.c: line 0 ---- */

/* Ticks of the PIT: handled ticks, and ticks that came by the counter. An edge that comes while the
 * last edge is still waiting merges with the last edge into a single request, on any machine. */
struct tick_count {
	uint64_t handled, came;
	uint64_t merged; /* came and not handled */
	uint64_t twice;  /* handled and did not come */
	uint64_t lost;   /* seen to wait while this guest ran with interrupts on */
	uint64_t worst;  /* the longest time from an edge to the handler, in TSC ticks */
};

/* Prepares ticks of so many Hz and measures the rates. anew: seconds after which the PIT is loaded
 * again, or 0. Call before tick_start(). */
void tick_init(uint32_t hz, uint32_t anew);
/* Has the ticks come from the local APIC's timer, in place of tick_init(). */
void tick_use_apic(uint32_t hz);
/* Starts the ticks and waits for the first tick. */
void tick_start(void);
uint32_t tick_hz(void);
/* Returns whether the ticks come from the local APIC's timer. */
bool tick_by_apic(void);
/* Returns the counts so far. */
struct tick_count tick_now(void);
/* Returns the time since tick_start() in ms, by the ticks that came. */
uint64_t tick_ms(void);
/* Returns so many ms in TSC ticks. */
uint64_t tick_tsc(uint32_t ms);
/* Stores each tick's latency in s from now on, until s is full; NULL: no longer. */
void tick_sample(struct samples *s);
/* Counts a tick as lost if the tick should have come by now. For threads, with interrupts on. */
void tick_look(void);

/* ---- work.c: worker and reporter ---- */

void work_thread(void);
void work_status_thread(void);
/* Makes the worker sleep, so that the processor idles between events. */
void work_pause(bool paused);
/* Rounds done, and the number of wrong registers or sums. */
uint32_t work_rounds(void);
uint32_t work_faults(void);

/* ---- com2.c: line 3 ---- */

/* Prepares the UART. Returns false if there is no UART. baud: speed of the stream; 0: the highest,
 * 115200. */
bool com2_init(uint32_t baud);
/* Asserts the line with the transmitter's interrupt and waits for the handler. Returns the latency
 * in TSC ticks, or -1 when no interrupt came. */
int64_t com2_ping(void);
/* Like com2_ping(), but until the interrupted code goes on. */
int64_t com2_ping_served(void);

/* A stream that each transmitter interrupt carries on. */
struct stream_count {
	uint32_t causes; /* interrupts for which the UART has had a cause */
	uint32_t handled;
	uint32_t lost; /* stalls that had to be ended from outside */
	uint32_t idle; /* interrupts without a cause at the UART */
};
void com2_stream(bool on);
/* Call in each tick's handler. */
void com2_tick(void);
/* Call every 100 ticks or more. A stream that has not moved since the last call is counted and
 * started again. */
void com2_watch(void);
struct stream_count com2_count(void);

/* ---- probes.c ---- */

/* Runs a list of probes ("uart,pit"), n samples each, the dispatch probe for so many seconds.
 * quiet: only failed verdicts are printed. */
void probes_run(const char *list, uint32_t n, uint32_t seconds, bool quiet);

/* ---- stress.c ---- */

/* Runs until both lines together have had so many interrupts. */
void stress_run(uint32_t interrupts);

#endif
