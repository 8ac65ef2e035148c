/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pulse's heartbeat: the PIT's ticks, their latency by the counter, and the number of ticks that
 * should have come.
 *
 * Rule: the counter goes on counting after an edge, so each handler can see its own delay
 * (edges.c). The handler's entry has read the TSC before any of these steps.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/cpu.h"
#include "guests/lib/pic.h"
#include "guests/lib/pit.h"
#include "guests/lib/threads.h"
#include "guests/lib/traps.h"
#include "guests/pulse/edges.h"
#include "guests/pulse/pulse.h"

#include <stddef.h>

/* PATIENCE: counts, 20 us: an NMI that costs no switch fits between TSC and latch. */
enum { RELOAD_MIN = 100, RELOAD_MAX = 65535, PATIENCE = 24 };

static uint32_t hz, reload;
static struct pit_rate rate;
static struct edges edges;
static uint64_t handled, lost, worst, patience;
static uint64_t loads, since_load; /* ticks from a load of the counter to the next, 0: one load */
static bool started, told;         /* told: the tick that waits now is counted as lost */
static struct samples *volatile sink;

/* Loads the counter anew: QEMU's PIT leaves out an edge when the counter has run for long
 * (docs/emulators.md). Only right behind an edge that is handled, so that no edge is near. */
static void load_anew(void)
{
	uint64_t tsc, after;
	uint32_t counter = pit_count_at(reload, patience, &tsc);

	if (edges.pending != 0 || counter < reload - reload / 4)
		return; /* the next tick tries again */
	pit_start((uint16_t)reload);
	uint32_t counter_after = pit_count_at(reload, patience, &after);

	edges_anew(&edges, tsc, counter, after, counter_after);
	since_load = 0;
}

static void handle_tick(uint64_t tsc)
{
	uint64_t latched, late;
	uint32_t counter = pit_count_at(reload, patience, &latched);

	if (!started) {
		started = true;
		edges_begin(&edges, reload, rate, tsc, latched, counter);
		return;
	}
	handled++;
	told = false;
	late = edges_handled(&edges, tsc, latched, counter);
	worst = late > worst ? late : worst;
	if (sink != NULL && !samples_add(sink, late))
		sink = NULL;
	if (loads != 0 && ++since_load >= loads)
		load_anew();
	com2_tick();
	threads_tick();
}

void tick_init(uint32_t wanted, uint32_t anew)
{
	uint32_t value = wanted == 0 ? RELOAD_MAX : PIT_HZ / wanted;

	reload = value < RELOAD_MIN ? RELOAD_MIN : value > RELOAD_MAX ? RELOAD_MAX : value;
	hz = (PIT_HZ + reload / 2) / reload;
	loads = (uint64_t)anew * hz;
	rate = pit_measure();
	patience = PATIENCE * rate.tsc / rate.counts;
}

void tick_start(void)
{
	irq_install(PIT_LINE, handle_tick);
	pit_start((uint16_t)reload);
	pic_unmask(PIT_LINE);
	/* The first tick is not counted: its edge may have been latched before the mask opened. HLT
	 * may end for another interrupt, a spurious interrupt too. */
	while (!started)
		cpu_sleep();
	cpu_interrupts_off();
}

uint32_t tick_hz(void)
{
	return hz;
}

struct tick_count tick_now(void)
{
	uint64_t flags = cpu_save();
	uint64_t came = edges.came - edges.pending; /* pending edges come with the next interrupt */
	struct tick_count now = { .handled = handled, .came = came, .lost = lost, .worst = worst };

	cpu_restore(flags);
	now.merged = came > now.handled ? came - now.handled : 0;
	now.twice = came < now.handled ? now.handled - came : 0;
	return now;
}

void tick_look(void)
{
	uint64_t running = cpu_tsc(), flags = cpu_save(), tsc;
	uint32_t counter = pit_count_at(reload, patience, &tsc);

	if (!told && edges_overdue(&edges, running, tsc, counter)) {
		told = true;
		lost++;
	}
	cpu_restore(flags);
}

uint64_t tick_ms(void)
{
	return tick_now().came * reload * 1000 / PIT_HZ;
}

uint64_t tick_tsc(uint32_t ms)
{
	return (uint64_t)ms * PIT_HZ / 1000 * rate.tsc / rate.counts;
}

void tick_sample(struct samples *s)
{
	sink = s;
}
