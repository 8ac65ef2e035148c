/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pulse: a small operating system that lives by its timer (PIT, line 0) and a UART (COM2, line 3),
 * and measures how long their interrupts take to reach it. Its parts, in reading order: main.c,
 * edges.c, tick.c, work.c, com2.c, probes.c, stress.c.
 *
 * Rule: three threads: the prober above the reporter above the worker; each part owns its data and
 * its line's handler.
 */
#ifndef GUESTS_PULSE_PULSE_H
#define GUESTS_PULSE_PULSE_H

#include "guests/lib/stats.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- tick.c: line 0 ---- */

/* Ticks of the PIT: those handled, and those that came by its counter. An edge that comes while the
 * last one is still waiting is one request with it, on any machine. */
struct tick_count {
	uint64_t handled, came;
	uint64_t merged; /* came and not handled */
	uint64_t twice;  /* handled and did not come */
	uint64_t lost;   /* seen to wait while this guest ran with interrupts on */
	uint64_t worst;  /* the longest way from an edge to the handler, in TSC ticks */
};

void tick_init(uint32_t hz);
void tick_start(void);
uint32_t tick_hz(void);
struct tick_count tick_now(void);
/* Time since tick_start() in ms, by what came. */
uint64_t tick_ms(void);
/* So many ms in TSC ticks. */
uint64_t tick_tsc(uint32_t ms);
/* From now on each tick's latency goes to s, until it is full; NULL: no longer. */
void tick_sample(struct samples *s);
/* For threads, interrupts on: is there a tick that should have come by now? It is counted as
 * lost. */
void tick_look(void);

/* ---- work.c: worker and reporter ---- */

void work_thread(void);
void work_status_thread(void);
/* Let the worker sleep, so that the processor idles when nothing happens. */
void work_pause(bool paused);
/* Rounds done, and registers or sums that came out wrong. */
uint32_t work_rounds(void);
uint32_t work_faults(void);

/* ---- com2.c: line 3 ---- */

/* false: no UART there. baud: of the stream; 0: the most, 115200. */
bool com2_init(uint32_t baud);
/* Assert the line with the transmitter's interrupt and wait for the handler; latency in TSC ticks,
 * or -1 when none came. */
int64_t com2_ping(void);
/* The same, but until the code that was interrupted goes on. */
int64_t com2_ping_served(void);

/* A stream that each transmitter interrupt carries on. */
struct stream_count {
	uint32_t causes; /* interrupts that the UART has had reason for */
	uint32_t handled;
	uint32_t lost; /* stalls that had to be ended from outside */
	uint32_t idle; /* interrupts without a cause at the UART */
};
void com2_stream(bool on);
/* To be called by each tick's handler. */
void com2_tick(void);
/* To be called every 100 ticks or more: a stream that has not moved since the last call is counted
 * and started again. */
void com2_watch(void);
struct stream_count com2_count(void);

/* ---- probes.c ---- */

/* Run a list of probes ("uart,pit"), n samples each, the dispatch probe for so many seconds.
 * quiet: of the verdicts only those that fail are printed. */
void probes_run(const char *list, uint32_t n, uint32_t seconds, bool quiet);

/* ---- stress.c ---- */

/* As many interrupts on both lines together. */
void stress_run(uint32_t interrupts);

#endif
