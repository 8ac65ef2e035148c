/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attacks that take as much of the VMM's time as a guest can, over and over, for seconds=. The
 * bench's load `hostile` measures how long other VMs wait meanwhile.
 *
 * Rule: each attack does a single kind of access in batches, so that reading the clock does not
 * count.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/cpu.h"
#include "guests/lib/machine.h"
#include "guests/lib/pic.h"
#include "guests/lib/pit.h"
#include "guests/lib/traps.h"
#include "guests/vandal/ring3.h"
#include "guests/vandal/vandal.h"

#include <string.h>

enum { BATCH = 64, PAGE = 4096, MSR_FEATURE_CONTROL = 0x3a, PORT_DENIED = 0xcf8 };
enum { FAULT_PAGES = 60, PIT_STORM_COUNT = 100 };
/* Beyond every VM's memory here, below the devices' holes. machine_window() shows 2 MiB of the
 * range. */
#define ABSENT_AT 0xc0000000ul

typedef void storm(void);

static unsigned rounds;

static void keep_on(const char *argument, storm *one)
{
	uint64_t start = cpu_tsc();

	rounds = 0;
	do {
		for (unsigned i = 0; i < BATCH; i++)
			one();
		rounds += BATCH;
	} while (!vandal_time_over(start, argument));
}

/* ---- Calls, ports, MSRs, CPUID ---- */

static char text[SB_PRINT_MAX];
static uint64_t length;

static void print_text(void)
{
	machine_call(SB_CALL_PRINT, (uint64_t)(uintptr_t)text, length, 0);
}

/* Prints as many lines as a call takes; with bytes=, so many bytes of a line that never ends. */
void vandal_prints(const char *argument)
{
	uint64_t bytes = args_number("bytes", 0);

	length = bytes == 0 || bytes > SB_PRINT_MAX ? SB_PRINT_MAX : bytes;
	memset(text, bytes == 0 ? '\n' : '.', sizeof(text));
	keep_on(argument, print_text);
	vandal_says(true, "%u times %u %s", rounds, (unsigned)length,
	            bytes == 0 ? "lines" : "bytes");
}

static uint16_t port;

static void write_port(void)
{
	io_out8(port, 0);
}

void vandal_denied(const char *argument)
{
	port = (uint16_t)args_number("port", PORT_DENIED);
	keep_on(argument, write_port);
	vandal_says(true, "%u writes to port %xh", rounds, port);
}

static void try_wrmsr(void *unused)
{
	(void)unused;
	__asm__ volatile("wrmsr" : : "c"(MSR_FEATURE_CONTROL), "a"(0), "d"(0));
}

static void write_msr(void)
{
	trap_try(try_wrmsr, NULL);
}

void vandal_msrs(const char *argument)
{
	keep_on(argument, write_msr);
	vandal_says(true, "%u refused WRMSRs", rounds);
}

static void ask_cpuid(void)
{
	cpu_id(0, 0);
}

void vandal_cpuids(const char *argument)
{
	keep_on(argument, ask_cpuid);
	vandal_says(true, "%u times CPUID, one after the other", rounds);
}

/* ---- Memory ---- */

/* Each write exits, whichever the page is. */
void vandal_faults(const char *argument)
{
	uint64_t pages = vandal_number(argument, "pages", FAULT_PAGES);
	volatile uint8_t *at = machine_window(ABSENT_AT);

	for (uint64_t i = 0; i < pages; i++)
		at[i * PAGE % (2 << 20)] = (uint8_t)i;
	vandal_says(true, "%u absent pages touched", (unsigned)pages);
}

/* For onfault=restart: no text is printed, and no event is waited for. */
void vandal_restarts(const char *argument)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) nothing = { 0, 0 };

	(void)argument;
	__asm__ volatile("lidt %0; int3" : : "m"(nothing));
}

/* ---- Exceptions ---- */

static void touch_watched(void)
{
	trap_try(ring3_touch_watched, NULL);
}

/* The class of CVE-2015-8104: the frame of #DB is pushed where a data breakpoint watches. On
 * processors that check such pushes, the first #DB never ends, and no further text is printed. */
void vandal_debug(const char *argument)
{
	vandal_goes("a breakpoint on the frame of #DB is hit from now on");
	ring3_watch_frame(true);
	keep_on(argument, touch_watched);
	ring3_watch_frame(false);
	vandal_says(true, "%u data breakpoints, each ended", rounds);
}

static uint64_t checks;

static void misalign(void)
{
	checks += ring3_misalign(BATCH);
}

/* The class of CVE-2015-5307. QEMU's processor checks no alignment: there is no #AC on QEMU. */
void vandal_align(const char *argument)
{
	checks = 0;
	ring3_open();
	keep_on(argument, misalign);
	vandal_says(true, "%lu alignment checks", checks);
}

/* ---- The PIT ---- */

static volatile uint32_t ticks;

static void count_tick(uint64_t tsc)
{
	(void)tsc;
	ticks++;
}

void vandal_pitstorm(const char *argument)
{
	uint64_t start = cpu_tsc();

	ticks = 0;
	irq_install(PIT_LINE, count_tick);
	pit_start((uint16_t)args_number("count", PIT_STORM_COUNT));
	pic_unmask(PIT_LINE);
	cpu_interrupts_on();
	while (!vandal_time_over(start, argument))
		cpu_pause();
	cpu_interrupts_off();
	pic_mask(PIT_LINE);
	vandal_says(ticks != 0 || !machine_is_virtual(), "%u ticks", (unsigned)ticks);
}
