/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PIT's channel 0.
 *
 * Rule: see pit.h.
 */
#include "guests/lib/pit.h"

#include "arch/x86/cpu/io.h"

#include <stdbool.h>

enum { PORT_COUNTER0 = 0x40, PORT_CONTROL = 0x43 };
/*
 * Control word (8254 datasheet, Figure 7)
 *
 *   7 6     5 4     3 2 1   0
 *   counter access  mode    BCD        access 0: latch, 3: low byte, then high byte
 */
enum { CONTROL_LATCH0 = 0x00, CONTROL_RATE0 = 3 << 4 | 2 << 1 };
enum { RELOAD_MAX = 65536, MEASURE_COUNTS = PIT_HZ / 40, MEASURE_TRIES = 8, SAMPLE_TRIES = 5 };

void pit_start(uint16_t reload)
{
	io_out8(PORT_CONTROL, CONTROL_RATE0);
	io_out8(PORT_COUNTER0, (uint8_t)reload);
	io_out8(PORT_COUNTER0, (uint8_t)(reload >> 8));
}

static uint32_t latched(uint32_t reload)
{
	uint32_t low = io_in8(PORT_COUNTER0);
	uint32_t count = low | (uint32_t)io_in8(PORT_COUNTER0) << 8;

	return count == 0 ? reload : count;
}

uint32_t pit_count(uint32_t reload)
{
	io_out8(PORT_CONTROL, CONTROL_LATCH0);
	return latched(reload);
}

uint32_t pit_count_at(uint32_t reload, uint64_t patience, uint64_t *tsc)
{
	uint32_t count = 0;

	for (unsigned tries = 0; tries < SAMPLE_TRIES; tries++) {
		*tsc = cpu_tsc();
		io_out8(PORT_CONTROL, CONTROL_LATCH0);
		uint64_t after = cpu_tsc();

		count = latched(reload);
		if (after - *tsc <= patience)
			break;
	}
	return count;
}

/* Reads the counter and the TSC at the same moment: the best of several tries, with the least time
 * between the reads. */
static uint64_t sample(uint32_t *count)
{
	uint64_t before, after, best = UINT64_MAX, at = 0;

	for (unsigned i = 0; i < 5; i++) {
		before = cpu_tsc();
		uint32_t value = pit_count(RELOAD_MAX);
		after = cpu_tsc();
		if (after - before < best) {
			best = after - before;
			at = before;
			*count = value;
		}
	}
	return at;
}

/* Returns false if the counter was seen to run backwards, because the counter went round or a
 * reading was odd. */
static bool measure(struct pit_rate *rate)
{
	uint32_t first, now;

	pit_start(0);
	/* The first counts after a start may be odd (the count is loaded at the next clock): let
	 * some counts pass. */
	while (pit_count(RELOAD_MAX) > RELOAD_MAX - 16)
		;
	uint64_t start = sample(&first);
	do {
		now = pit_count(RELOAD_MAX);
	} while (first - now < MEASURE_COUNTS && now <= first);
	bool whole = now <= first;
	uint64_t end = sample(&now);
	*rate = (struct pit_rate){ .tsc = end - start, .counts = (first - now) & (RELOAD_MAX - 1) };
	return whole && now <= first && rate->counts >= MEASURE_COUNTS;
}

/* Within 1 %. */
static bool agree(const struct pit_rate *a, const struct pit_rate *b)
{
	uint64_t one = a->tsc * b->counts, other = b->tsc * a->counts;

	return (one > other ? one - other : other - one) < one / 100;
}

struct pit_rate pit_measure(void)
{
	struct pit_rate rate = { 1, 1 }, before;
	unsigned tries = 0;
	bool whole;

	/* Until two results agree: an emulator's counter may run at another pace for a while (Bochs
	 * 2.7, seen 1.44 times too fast). */
	do {
		before = rate;
		whole = measure(&rate);
	} while (!(whole && agree(&before, &rate)) && ++tries < MEASURE_TRIES);
	return rate;
}
