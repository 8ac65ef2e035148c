/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pulse's probes: each probe takes samples, and prints their distribution.
 *
 * Rule: a probe of an exit holds its own interrupts off. A probe of an interrupt lets no other code
 * of this guest run. The probe measures the machine's work meanwhile.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/cpu.h"
#include "guests/lib/machine.h"
#include "guests/lib/pic.h"
#include "guests/lib/report.h"
#include "guests/lib/threads.h"
#include "guests/pulse/pulse.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* SETTLE_TICKS: the worker has noticed the pause, and the processor idles between ticks. */
enum { PINGS_PER_TICK = 4, SETTLE_TICKS = 20, BASELINE_ROUNDS = 64, CHUNK_MS = 2 };
/* Gaps of the dispatch probe. A gap longer than the loop by GAP_CUT is an event. Events above
 * SLICE_CUT times the shortest event, or MEDIAN_CUT times the median, had another VM in between. */
enum { GAP_CUT = 4, SLICE_CUT = 16, MEDIAN_CUT = 4 };

static struct samples samples;

static void begin(uint32_t n)
{
	samples.n = 0;
	samples.wanted = n;
}

/* ---- Latency ---- */

static void take_pings(const char *name, uint32_t n, int64_t (*ping)(void))
{
	struct span span;
	unsigned missed = 0;

	begin(n);
	span_begin(&span);
	while (samples.n < samples.wanted && missed < 3) {
		/* Right after a tick, so that the next tick is far. */
		thread_sleep(1);
		for (unsigned i = 0; i < PINGS_PER_TICK && samples.n < samples.wanted; i++) {
			int64_t latency = ping();

			if (latency >= 0)
				samples_add(&samples, (uint64_t)latency);
			else
				missed++;
		}
	}
	span_end(&span);
	stats_report(name, &samples, &span);
}

static void probe_uart(const char *name, uint32_t n)
{
	take_pings(name, n, com2_ping);
}

/* The whole of an interrupt: from the line's assertion until the interrupted code goes on. */
static void probe_served(const char *name, uint32_t n)
{
	take_pings(name, n, com2_ping_served);
}

/* Like probe_served(), where each handler runs with its line masked and ended, as in Linux. */
static void probe_masked(const char *name, uint32_t n)
{
	pic_mask_each(true);
	take_pings(name, n, com2_ping_served);
	pic_mask_each(false);
}

static void take_ticks(const char *name, uint32_t n)
{
	struct span span;
	uint64_t late = 0, before;

	begin(n);
	span_begin(&span);
	tick_sample(&samples);
	while (samples.n < samples.wanted && late < 10) {
		before = samples.n;
		thread_sleep(samples.wanted - samples.n < 100 ? 1 : 100);
		tick_look();
		late = samples.n == before ? late + 1 : 0;
	}
	tick_sample(NULL);
	span_end(&span);
	stats_report(name, &samples, &span);
}

/* A tick, where the processor idles between ticks. */
static void probe_pit(const char *name, uint32_t n)
{
	work_pause(true);
	thread_sleep(SETTLE_TICKS);
	take_ticks(name, n);
	work_pause(false);
}

/* ---- Round trips ---- */

/* A function that measures an instruction: TSC ticks from a RDTSC to the next RDTSC, with EAX
 * loaded in between. */
#define TRIP(name, instruction)                                           \
	static uint32_t name(uint32_t eax)                                \
	{                                                                 \
		uint32_t ticks;                                           \
		__asm__ volatile("rdtsc\n\t"                              \
		                 "movl %%eax, %%esi\n\t"                  \
		                 "movl %1, %%eax\n\t" instruction "\n\t"  \
		                 "rdtsc\n\t"                              \
		                 "subl %%esi, %%eax"                      \
		                 : "=&a"(ticks)                           \
		                 : "r"(eax)                               \
		                 : "rbx", "rcx", "rdx", "rsi", "memory"); \
		return ticks;                                             \
	}
TRIP(trip_nothing, "")
TRIP(trip_cpuid, "cpuid")
TRIP(trip_mask, "outb %%al, $0x21")
TRIP(trip_eoi, "outb %%al, $0x20")
/* With 0 in EDX:EAX, the only value that the register takes. */
TRIP(trip_eoi_apic, "movl $0x80b, %%ecx\n\txorl %%eax, %%eax\n\txorl %%edx, %%edx\n\twrmsr")
TRIP(trip_yield, "vmcall")
TRIP(trip_yield_second, "vmmcall")

static uint32_t baseline(void)
{
	uint32_t least = UINT32_MAX;

	for (unsigned i = 0; i < BASELINE_ROUNDS; i++) {
		uint32_t ticks = trip_nothing(0);

		least = ticks < least ? ticks : least;
	}
	return least;
}

static void probe_trip(const char *name, uint32_t n, uint32_t (*trip)(uint32_t), uint32_t eax,
                       uint32_t divisor)
{
	struct span span;
	uint32_t nothing = baseline();

	begin(n);
	span_begin(&span);
	while (samples.n < samples.wanted) {
		uint64_t flags = cpu_save();
		uint32_t ticks = trip(eax);

		cpu_restore(flags);
		samples_add(&samples, (ticks > nothing ? ticks - nothing : 0) / divisor);
	}
	span_end(&span);
	stats_report(name, &samples, &span);
}

static void probe_cpuid(const char *name, uint32_t n)
{
	probe_trip(name, n, trip_cpuid, 0, 1);
}

/* An EOI with nothing in service changes no state. */
static void probe_eoi(const char *name, uint32_t n)
{
	enum { NON_SPECIFIC_EOI = 0x20 };

	probe_trip(name, n, pic_drives_apic() ? trip_eoi_apic : trip_eoi, NON_SPECIFIC_EOI, 1);
}

/* The local APIC's timer, as probe_pit(). */
static void probe_timer(const char *name, uint32_t n)
{
	if (tick_by_apic())
		probe_pit(name, n);
	else
		machine_print("pulse: probe %s needs apic=1 timer=1\n", name);
}

/* The mask's value stays as it is. */
static void probe_mask(const char *name, uint32_t n)
{
	probe_trip(name, n, trip_mask, io_in8(PIC_MASTER_DATA), 1);
}

/* A partner of the same priority yields back at once: a round trip is two switches. */
static void probe_switch(const char *name, uint32_t n)
{
	if (machine_is_virtual())
		probe_trip(name, n, machine_by_vmmcall ? trip_yield_second : trip_yield,
		           SB_CALL_YIELD, 2);
	else
		machine_print("pulse: probe %s needs the VMM\n", name);
}

/* ---- Dispatcher passes, as gaps in a tight loop ---- */

static uint64_t loop_time(void)
{
	uint64_t least = UINT64_MAX, last = cpu_tsc();

	for (unsigned i = 0; i < BASELINE_ROUNDS; i++) {
		uint64_t now = cpu_tsc(), gap = now - last;

		last = now;
		if (gap < least)
			least = gap;
	}
	return least;
}

static void collect_gaps(uint64_t loop, uint64_t cut)
{
	uint64_t flags = cpu_save(), start = cpu_tsc(), last = start, now = start,
		 end = start + tick_tsc(CHUNK_MS);

	while (now < end) {
		now = cpu_tsc();
		if (now - last > cut && !samples_add(&samples, now - last - loop))
			break;
		last = now;
	}
	cpu_restore(flags);
}

/* Keeps the gaps that were only a dispatcher's pass. Returns their number. */
static uint32_t keep_passes(void)
{
	uint64_t limit;
	uint32_t kept = 0;

	samples_sort(&samples);
	while (kept < samples.n && samples.value[kept] / SLICE_CUT <= samples.value[0])
		kept++;
	limit = kept != 0 ? samples.value[kept / 2] * MEDIAN_CUT : 0;
	while (kept > 0 && samples.value[kept - 1] > limit)
		kept--;
	return kept;
}

static void probe_dispatch(const char *name, uint32_t n, uint32_t seconds)
{
	struct span span;
	uint64_t loop = loop_time(), cut = args_number("gap", loop * GAP_CUT),
		 end = tick_ms() + seconds * 1000;
	uint32_t all;

	/* Between two stretches the processor idles, so that the other VMs can serve their devices
	 * and the devices fire anew. */
	work_pause(true);
	thread_sleep(SETTLE_TICKS);
	begin(n);
	span_begin(&span);
	while (samples.n < samples.wanted && tick_ms() < end) {
		collect_gaps(loop, cut);
		thread_sleep(1);
	}
	span_end(&span);
	work_pause(false);
	all = samples.n;
	samples.n = keep_passes();
	machine_print("dispatch: %u gaps, %u of them slice ends and left out\n", (unsigned)all,
	              (unsigned)(all - samples.n));
	stats_report(name, &samples, &span);
}

/* ---- The list ---- */

static const struct {
	const char *name;
	void (*run)(const char *name, uint32_t n);
} table[] = {
	{ "uart", probe_uart },
	{ "served", probe_served },
	{ "masked", probe_masked },
	/* the same probe: the difference is the other VMs */
	{ "pit", probe_pit },
	{ "wakeup", probe_pit },
	{ "timer", probe_timer },
	{ "running", take_ticks }, /* the worker goes on: this guest runs when the tick comes */
	{ "eoi", probe_eoi },
	{ "cpuid", probe_cpuid },
	{ "mask", probe_mask },
	{ "switch", probe_switch },
};

static bool run_one(const char *name, uint32_t n, uint32_t seconds)
{
	if (strcmp(name, "dispatch") == 0) {
		probe_dispatch(name, n, seconds);
		return true;
	}
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(name, table[i].name) == 0) {
			table[i].run(name, n);
			return true;
		}
	return false;
}

void probes_run(const char *list, uint32_t n, uint32_t seconds, bool quiet)
{
	char name[16], value[16], text[48];

	while (args_item(&list, name, value, sizeof(name))) {
		begin(n);
		bool known = run_one(name, n, seconds);
		/* The number of gaps, and the presence of a VMM, are not for this guest to
		 * judge. */
		bool enough = samples.n == n || strcmp(name, "dispatch") == 0 ||
		              strcmp(name, "switch") == 0;

		if (quiet && known && enough)
			continue;
		snprintf(text, sizeof(text), "probe %s has its samples", name);
		report(known && enough, text, known ? "%u of %u" : "no such probe",
		       (unsigned)samples.n, (unsigned)n);
	}
}
