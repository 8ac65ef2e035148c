/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pulse's work: a computing thread that checks the results, and a thread for the progress report.
 *
 * Rule: the worker uses every register, floating point included. So the worker notices if an
 * interrupt, a thread switch or a VM switch does not give a register back.
 */
#include "guests/lib/machine.h"
#include "guests/lib/registers.h"
#include "guests/lib/threads.h"
#include "guests/lib/traps.h"
#include "guests/lib/uart.h"
#include "guests/pulse/pulse.h"

enum { BUFFER_WORDS = 256, HOLD_ROUNDS = 2000, STATUS_MS = 250 };

static volatile bool pausing;
static volatile uint32_t rounds, faults;

void work_pause(bool paused)
{
	pausing = paused;
}

uint32_t work_rounds(void)
{
	return rounds;
}

uint32_t work_faults(void)
{
	return faults;
}

/* Fills a buffer with a sequence and returns the sum of the undisturbed buffer. */
static uint32_t fill(uint32_t *buffer, uint32_t seed)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < BUFFER_WORDS; i++) {
		seed = seed * 1664525 + 1013904223;
		buffer[i] = seed;
		sum = (sum << 1 | sum >> 31) ^ seed;
	}
	return sum;
}

static uint32_t sum_of(const uint32_t *buffer)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < BUFFER_WORDS; i++)
		sum = (sum << 1 | sum >> 31) ^ buffer[i];
	return sum;
}

void work_thread(void)
{
	static uint32_t buffer[BUFFER_WORDS];

	for (uint64_t seed = 0x1234567890;; seed += 0x9e3779b97f4a7c15) {
		while (pausing)
			thread_sleep(5);
		uint32_t wanted = fill(buffer, (uint32_t)seed);
		faults += registers_hold(seed, HOLD_ROUNDS);
		faults += sum_of(buffer) != wanted;
		tick_look();
		rounds++;
	}
}

void work_status_thread(void)
{
	for (;;) {
		struct tick_count ticks = tick_now();

		machine_status("ticks %lu+%lu com2 %lu work %lu", ticks.handled, ticks.merged,
		               (unsigned long)irq_count(UART_COM2_LINE), (unsigned long)rounds);
		thread_sleep(STATUS_MS * tick_hz() / 1000 + 1);
	}
}
