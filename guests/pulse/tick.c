/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pulse's heartbeat: the PIT's ticks, or the local APIC's (timer=1), their latency by the counter,
 * and the number of ticks that should have come.
 *
 * Rule: the counter goes on counting after an edge, so each handler can see its own delay
 * (edges.c). The handler's entry has read the TSC before any of these steps.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/apic.h"
#include "guests/lib/clock.h"
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
static uint64_t counts_hz = PIT_HZ;
static bool by_apic;
static struct pit_rate rate;
static struct edges edges;
static uint64_t handled, lost, worst, patience;
static uint64_t loads, since_load; /* ticks from a load of the counter to the next, 0: one load */
static bool started, told;         /* told: the tick that waits now is counted as lost */
static struct samples *volatile sink;

/* Reads the counter, and the TSC at the same moment. */
static uint32_t read_counter(uint64_t *tsc)
{
	if (!by_apic)
		return pit_count_at(reload, patience, tsc);
	*tsc = cpu_tsc();
	uint32_t count = apic_timer_count();

	return count == 0 ? reload : count;
}

/* Loads the counter anew: QEMU's PIT leaves out an edge when the counter has run for long
 * (docs/emulators.md). Only right behind an edge that is handled, so that no edge is near. */
static void load_anew(void)
{
	uint64_t tsc, after;
	uint32_t counter = read_counter(&tsc);

	if (edges.pending != 0 || counter < reload - reload / 4)
		return; /* the next tick tries again */
	pit_start((uint16_t)reload);
	uint32_t counter_after = read_counter(&after);

	edges_anew(&edges, tsc, counter, after, counter_after);
	since_load = 0;
}

static void handle_tick(uint64_t tsc)
{
	uint64_t latched, late;
	uint32_t counter = read_counter(&latched);

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

/* Measures the timer's rate by the TSC, and the TSC's by the clock. */
static void measure_apic(void)
{
	enum { MEASURE_MS = 5 };

	apic_timer_set(APIC_LVT_MASKED, 0);
	apic_timer_load(UINT32_MAX);
	uint64_t start = cpu_tsc(), first = apic_timer_count();
	while (!clock_over(start, MEASURE_MS))
		;
	rate.tsc = cpu_tsc() - start;
	rate.counts = first - apic_timer_count();
	counts_hz = clock_khz() * 1000 * rate.counts / rate.tsc;
}

void tick_use_apic(uint32_t wanted)
{
	by_apic = true;
	measure_apic();
	reload = (uint32_t)(counts_hz / (wanted == 0 ? 1 : wanted));
	hz = (uint32_t)((counts_hz + reload / 2) / reload);
	patience = rate.tsc;
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
	irq_install(by_apic ? APIC_TIMER_LINE : PIT_LINE, handle_tick);
	if (by_apic) {
		apic_timer_set(APIC_TIMER_PERIODIC, pic_vector(APIC_TIMER_LINE));
		apic_timer_load(reload);
	} else {
		pit_start((uint16_t)reload);
		pic_unmask(PIT_LINE);
	}
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

bool tick_by_apic(void)
{
	return by_apic;
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
	uint32_t counter = read_counter(&tsc);

	if (!told && edges_overdue(&edges, running, tsc, counter)) {
		told = true;
		lost++;
	}
	cpu_restore(flags);
}

uint64_t tick_ms(void)
{
	return tick_now().came * reload * 1000 / counts_hz;
}

uint64_t tick_tsc(uint32_t ms)
{
	return (uint64_t)ms * counts_hz / 1000 * rate.tsc / rate.counts;
}

void tick_sample(struct samples *s)
{
	sink = s;
}
