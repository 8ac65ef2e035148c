/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pulse's heartbeat: the PIT's ticks, their latency by the counter, and how many there should have been.
 *
 * Rule: the counter goes on counting after it fired, so each handler can see how late it is, and two readings tell exactly
 * how many ticks lie between them: whole periods by the TSC, the rest by the counter.
 */
#include "arch/x86/io.h"
#include "guests/lib/cpu.h"
#include "guests/lib/pic.h"
#include "guests/lib/pit.h"
#include "guests/lib/threads.h"
#include "guests/lib/traps.h"
#include "guests/pulse/pulse.h"

#include <stddef.h>

enum { RELOAD_MIN = 100, RELOAD_MAX = 65535 };

static uint32_t hz, reload;
static struct pit_rate rate;
static struct tick_count count;
static uint64_t last_tsc;
static uint32_t last_counter;
static struct samples *volatile sink;

/* Ticks between the last reading and this one, to the nearest. */
static uint64_t ticks_since_last(uint64_t tsc, uint32_t counter)
{
	/* n * reload + (last_counter - counter) counts have passed. An emulator that counts instructions may take some back. */
	int64_t counts = (int64_t)(tsc - last_tsc) * (int64_t)rate.counts / (int64_t)rate.tsc;
	int64_t whole = counts - (int64_t)last_counter + (int64_t)counter + reload / 2;

	return whole < 0 ? 0 : (uint64_t)whole / reload;
}

static void handle_tick(uint64_t tsc)
{
	uint64_t latched = cpu_tsc();
	uint32_t counter = pit_count(reload);

	count.handled++;
	count.came += ticks_since_last(latched, counter);
	last_tsc = latched;
	last_counter = counter;
	if (sink != NULL) {
		uint64_t late = (reload - counter) * rate.tsc / rate.counts, spent = latched - tsc;

		/* From the edge to the entry's first action; the way from there to the reading is known and left out. */
		if (!samples_add(sink, late > spent ? late - spent : 0))
			sink = NULL;
	}
	com2_tick();
	threads_tick();
}

void tick_init(uint32_t wanted)
{
	uint32_t value = wanted == 0 ? RELOAD_MAX : PIT_HZ / wanted;

	reload = value < RELOAD_MIN ? RELOAD_MIN : value > RELOAD_MAX ? RELOAD_MAX : value;
	hz = (PIT_HZ + reload / 2) / reload;
	rate = pit_measure();
}

void tick_start(void)
{
	irq_install(PIT_LINE, handle_tick);
	pit_start((uint16_t)reload);
	pic_unmask(PIT_LINE);
	/* The first is not counted as one that came: its edge may have been latched before the mask opened. HLT may end for
	 * another interrupt, a spurious one too. */
	while (tick_now().handled == 0)
		cpu_sleep();
	cpu_interrupts_off();
	count = (struct tick_count){ 0, 0 };
}

uint32_t tick_hz(void)
{
	return hz;
}

struct tick_count tick_now(void)
{
	uint64_t flags = cpu_save();
	struct tick_count now = count;

	cpu_restore(flags);
	return now;
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
