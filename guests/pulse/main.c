/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pulse's start, threads and end. Words: probes=LIST n=1000 seconds=3 laps=1 stress=N base=0x20
 * hz=1000 anew=0 baud=N apic=1 timer=1. Without probes= and stress= the run is a demonstration.
 *
 * Rule: main is the idle thread; the prober ends the guest.
 */
#include "guests/lib/apic.h"
#include "guests/lib/args.h"
#include "guests/lib/cpu.h"
#include "guests/lib/machine.h"
#include "guests/lib/pic.h"
#include "guests/lib/pit.h"
#include "guests/lib/report.h"
#include "guests/lib/threads.h"
#include "guests/lib/traps.h"
#include "guests/lib/uart.h"
#include "guests/pulse/pulse.h"

#include <string.h>

enum { PRIORITY_WORKER = 1, PRIORITY_REPORTER, PRIORITY_PROBER };

static char probes[96];
static uint32_t samples_wanted, seconds, stress;
static bool demonstration, laps;

static void read_words(void)
{
	stress = (uint32_t)args_number("stress", 0);
	samples_wanted = (uint32_t)args_number("n", 1000);
	seconds = (uint32_t)args_number("seconds", 3);
	laps = args_number("laps", 0) != 0;
	if (samples_wanted > SAMPLES_MAX) {
		machine_print("n=%u: at most %u\n", (unsigned)samples_wanted, SAMPLES_MAX);
		samples_wanted = SAMPLES_MAX;
	}
	demonstration = !args_text("probes", probes, sizeof(probes)) && stress == 0;
	if (demonstration)
		strcpy(probes, "uart,pit,cpuid");
}

/* A PC need not have a second UART: the demonstration goes on without a UART. If a word asks for
 * the probe, the probe fails. */
static void no_uart(void)
{
	machine_print("pulse: no UART at %xh\n", UART_COM2);
	if (demonstration)
		strcpy(probes, "pit,cpuid");
}

static void print_ticks(struct tick_count ticks)
{
	machine_print(
		"count line=0 handled=%lu expected=%lu merged=%lu twice=%lu lost=%lu worst=%lu\n",
		ticks.handled, ticks.came, ticks.merged, ticks.twice, ticks.lost,
		ticks.worst / machine_unit_ticks());
}

static void print_verdicts(void)
{
	struct tick_count ticks = tick_now();
	struct stream_count stream = com2_count();

	print_ticks(ticks);
	report(ticks.handled != 0, "R10 the timer's interrupts are taken", "%lu came", ticks.came);
	report(work_faults() == 0, "registers and sums kept across interrupts and switches",
	       "%u wrong in %u rounds", (unsigned)work_faults(), (unsigned)work_rounds());
	report(stream.lost == 0, "R08 no interrupt of line 3 was lost", "%u lost",
	       (unsigned)stream.lost);
	cpu_interrupts_off(); /* so that all counts are of the same moment */
	uint32_t all = irq_count_all(), foreign = all - irq_count(PIT_LINE) -
	                                          irq_count(UART_COM2_LINE) -
	                                          irq_count(APIC_TIMER_LINE);
	cpu_interrupts_on();
	report(foreign == 0, "no interrupt but its own", "%u of %u are foreign", (unsigned)foreign,
	       (unsigned)all);
	/* An 8259 whose request goes away before the acknowledge answers IRQ7 or IRQ15. This is
	 * allowed, and worth knowing. */
	if (irq_count_spurious() != 0)
		machine_print("count spurious=%u\n", (unsigned)irq_count_spurious());
}

/* paused: the worker sleeps too, so that others have the processor. */
static void rest(bool paused)
{
	work_pause(paused);
	while (tick_ms() < seconds * 1000)
		thread_sleep(10);
	work_pause(false);
}

/* Runs the probes again and again, and prints the counts so far after each lap. Without seconds the
 * laps have no end. With seconds the guest begins no lap that would not end in time, and rests
 * until the time is over. The first lap runs in any case. */
static void run_laps(void)
{
	uint64_t begun, now = 0, longest = 0;

	for (uint32_t lap = 1; lap == 1 || seconds == 0 || now + longest <= seconds * 1000; lap++) {
		begun = tick_ms();
		probes_run(probes, samples_wanted, seconds, lap > 1);
		now = tick_ms();
		longest = now - begun > longest ? now - begun : longest;
		print_ticks(tick_now());
		machine_print("lap lap=%u ms=%lu\n", (unsigned)lap, now);
	}
	rest(true);
}

static void prober(void)
{
	if (stress != 0)
		stress_run(stress);
	if (laps)
		run_laps();
	else
		probes_run(probes, samples_wanted, seconds, false);
	if (demonstration)
		rest(false);
	print_verdicts();
	machine_exit(report_end("pulse"));
}

int guest_main(void)
{
	read_words();
	const uint8_t base = (uint8_t)args_number("base", PIC_BASE);

	pic_init(base, PIC_EOI_SPECIFIC);
	if (args_number("apic", 0) != 0 && !pic_use_apic(base)) {
		machine_print("pulse: apic=1: this processor has no x2APIC\n");
		machine_exit(1);
	}
	if (args_number("timer", 0) != 0)
		tick_use_apic((uint32_t)args_number("hz", 1000));
	else
		tick_init((uint32_t)args_number("hz", 1000), (uint32_t)args_number("anew", 0));
	machine_print("pulse: %u Hz, words: %s\n", (unsigned)tick_hz(), args_line());
	if (!com2_init((uint32_t)args_number("baud", 0)))
		no_uart();
	tick_start();

	threads_init();
	thread_create(prober, PRIORITY_PROBER);
	thread_create(work_status_thread, PRIORITY_REPORTER);
	thread_create(work_thread, PRIORITY_WORKER);
	for (;;)
		cpu_sleep();
}
