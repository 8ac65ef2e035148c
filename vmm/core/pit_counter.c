/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A counter of an 82C54 as pure arithmetic. See the header for the rule.
 *
 * Where the datasheet leaves the value open (a count is not loaded yet), the counter shows its last
 * value.
 */
#include "vmm/core/pit_counter.h"

enum { MODE_TERMINAL, MODE_ONE_SHOT, MODE_RATE, MODE_SQUARE, MODE_STROBE, MODE_HARDWARE_STROBE };
enum { BCD_COUNTS = 10000 };

bool pit_counter_is_periodic(const struct pit_counter *c)
{
	return c->mode == MODE_RATE || c->mode == MODE_SQUARE;
}

static bool waits_for_trigger(const struct pit_counter *c)
{
	return c->mode == MODE_ONE_SHOT || c->mode == MODE_HARDWARE_STROBE;
}

/* ---- Numbers ---- */

static uint32_t counts_of(const struct pit_counter *c, uint16_t raw)
{
	uint32_t value = raw;

	if (c->bcd)
		value = (raw >> 12) * 1000u + (raw >> 8 & 15) * 100u + (raw >> 4 & 15) * 10u +
		        (raw & 15);
	if (value == 0)
		return c->bcd ? BCD_COUNTS : PIT_COUNT_MOST;
	return value < PIT_PERIOD_LEAST && pit_counter_is_periodic(c) ? PIT_PERIOD_LEAST : value;
}

static uint16_t raw_of(const struct pit_counter *c, uint32_t count)
{
	if (!c->bcd)
		return (uint16_t)count;
	count %= BCD_COUNTS;
	return (uint16_t)(count / 1000 << 12 | count / 100 % 10 << 8 | count / 10 % 10 << 4 |
	                  count % 10);
}

/* ---- The counting element ---- */

/* Makes the period under way at t the first period, so that a count that waits (`next`) can be told
 * from a count that was loaded. */
static void settle(struct pit_counter *c, uint64_t t)
{
	if (!c->counting || c->held || !pit_counter_is_periodic(c) || t < c->start + c->reload)
		return;
	c->start += c->reload;
	c->reload = c->next;
	c->start += (t - c->start) / c->reload * c->reload;
}

/* Returns the CLK pulses since the load of the period under way at t, and the period's length. The
 * count has been loaded. */
static uint64_t elapsed(const struct pit_counter *c, uint64_t t, uint32_t *period)
{
	uint64_t e = c->held ? c->elapsed : t - c->start;

	*period = c->reload;
	if (!pit_counter_is_periodic(c) || e < c->reload)
		return e;
	e -= c->reload;
	*period = c->next;
	return e % c->next;
}

static bool is_loaded(const struct pit_counter *c, uint64_t t)
{
	return c->counting && t >= c->start;
}

static uint32_t square_count(uint32_t period, uint32_t e)
{
	uint32_t high = (period + 1) / 2, even = period & ~UINT32_C(1);

	return even - 2 * (e < high ? e : e - high);
}

uint32_t pit_counter_count(const struct pit_counter *c, uint64_t t)
{
	uint32_t period, modulus = c->bcd ? BCD_COUNTS : PIT_COUNT_MOST;

	if (!is_loaded(c, t))
		return c->frozen;
	uint64_t e = elapsed(c, t, &period);
	if (c->mode == MODE_RATE)
		return period - (uint32_t)e;
	if (c->mode == MODE_SQUARE)
		return square_count(period, (uint32_t)e);
	return (uint32_t)((period + modulus - e % modulus) % modulus);
}

bool pit_counter_out(const struct pit_counter *c, uint64_t t)
{
	uint32_t period;

	if (!is_loaded(c, t))
		return c->out;
	uint64_t e = elapsed(c, t, &period);
	switch (c->mode) {
	case MODE_TERMINAL:
	case MODE_ONE_SHOT:
		return e >= period;
	case MODE_RATE:
		return c->held || e != period - 1;
	case MODE_SQUARE:
		return c->held || e < (period + 1) / 2;
	default:
		return e != period;
	}
}

/* ---- Edges ---- */

/* Returns the moment of the first edge after the load, or PIT_NEVER. */
static uint64_t first_edge(const struct pit_counter *c)
{
	if (!c->counting || c->held)
		return PIT_NEVER;
	bool strobe = c->mode == MODE_STROBE || c->mode == MODE_HARDWARE_STROBE;
	return c->start + c->reload + strobe;
}

static uint64_t find_edge(const struct pit_counter *c, uint64_t t)
{
	uint64_t first = first_edge(c);

	if (first == PIT_NEVER || first > t)
		return first;
	if (!pit_counter_is_periodic(c))
		return PIT_NEVER;
	return first + ((t - first) / c->next + 1) * c->next;
}

static void forget_edge(struct pit_counter *c)
{
	c->edge_after = c->edge;
}

uint64_t pit_counter_next_edge(struct pit_counter *c, uint64_t t)
{
	if (t < c->edge_after || t >= c->edge) {
		c->edge_after = t;
		c->edge = find_edge(c, t);
	}
	return c->edge;
}

uint64_t pit_counter_edges(struct pit_counter *c, uint64_t from, uint64_t to)
{
	uint64_t first = pit_counter_next_edge(c, from);

	if (first == PIT_NEVER || first > to)
		return 0;
	return pit_counter_is_periodic(c) ? 1 + (to - first) / c->next : 1;
}

void pit_counter_shift(struct pit_counter *c, int64_t by)
{
	c->start += (uint64_t)by;
	forget_edge(c);
}

/* ---- The ports ---- */

void pit_counter_reset(struct pit_counter *c)
{
	*c = (struct pit_counter){
		.mode = MODE_RATE, .access = PIT_ACCESS_BOTH, .gate = true, .out = true
	};
	c->reload = c->next = PIT_COUNT_MOST;
}

void pit_counter_command(struct pit_counter *c, uint8_t value, uint64_t t)
{
	c->frozen = pit_counter_count(c, t);
	c->counting = c->written = c->held = false;
	c->low_written = c->high_next = false;
	c->latched_count = 0;
	c->status_latched = false;
	forget_edge(c);
	c->mode = value >> 1 & 7;
	if (c->mode > MODE_HARDWARE_STROBE) /* 6 and 7 are 2 and 3 */
		c->mode &= 3;
	c->out = c->mode != MODE_TERMINAL;
	c->access = value >> PIT_ACCESS_SHIFT & 3;
	c->bcd = value & 1;
}

/* Loads `next` at the CLK pulse after t. */
static void load(struct pit_counter *c, uint64_t t)
{
	c->frozen = pit_counter_count(c, t);
	c->out = c->mode != MODE_TERMINAL && pit_counter_out(c, t);
	c->reload = c->next;
	c->start = t + 1;
	c->counting = true;
	c->elapsed = 0;
	c->held = !c->gate && !waits_for_trigger(c);
}

static void take_count(struct pit_counter *c, uint16_t raw, uint64_t t)
{
	if (c->counting && pit_counter_is_periodic(c)) {
		settle(c, t);
		c->next = counts_of(c, raw);
		if (t < c->start)
			c->reload = c->next;
		return;
	}
	c->written = true;
	c->next = counts_of(c, raw);
	if (!waits_for_trigger(c))
		load(c, t);
}

bool pit_counter_write(struct pit_counter *c, uint8_t byte, uint64_t t)
{
	uint16_t raw = c->access == PIT_ACCESS_HIGH ? (uint16_t)(byte << 8) : byte;

	forget_edge(c);
	if (c->access == PIT_ACCESS_BOTH) {
		c->low_written = !c->low_written;
		if (c->low_written) {
			c->low = byte;
			if (c->mode != MODE_TERMINAL)
				return false;
			/* the first byte stops the counting, and OUT falls */
			c->frozen = pit_counter_count(c, t);
			c->counting = c->held = c->out = false;
			return false;
		}
		raw = (uint16_t)(byte << 8 | c->low);
	}
	take_count(c, raw, t);
	return true;
}

static uint8_t status_at(const struct pit_counter *c, uint64_t t)
{
	uint32_t period;
	bool null = !is_loaded(c, t) || c->low_written;

	if (!null && c->next != c->reload) {
		(void)elapsed(c, t, &period);
		null = period != c->next;
	}
	return (uint8_t)((pit_counter_out(c, t) ? PIT_STATUS_OUT : 0) |
	                 (null ? PIT_STATUS_NULL : 0) | c->access << PIT_ACCESS_SHIFT |
	                 c->mode << 1 | c->bcd);
}

void pit_counter_latch(struct pit_counter *c, bool count, bool status, uint64_t t)
{
	if (status && !c->status_latched) {
		c->status = status_at(c, t);
		c->status_latched = true;
	}
	if (!count || c->latched_count != 0)
		return;
	uint16_t raw = raw_of(c, pit_counter_count(c, t));
	c->latched = c->access == PIT_ACCESS_HIGH ? raw >> 8 : raw;
	c->latched_count = c->access == PIT_ACCESS_BOTH ? 2 : 1;
}

uint8_t pit_counter_read(struct pit_counter *c, uint64_t t)
{
	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	if (c->latched_count != 0) {
		uint8_t byte = (uint8_t)c->latched;
		c->latched >>= 8;
		c->latched_count--;
		return byte;
	}
	uint16_t raw = raw_of(c, pit_counter_count(c, t));
	bool high = c->access == PIT_ACCESS_HIGH || c->high_next;
	if (c->access == PIT_ACCESS_BOTH)
		c->high_next = !c->high_next;
	return (uint8_t)(high ? raw >> 8 : raw);
}

void pit_counter_set_gate(struct pit_counter *c, bool level, uint64_t t)
{
	if (level == c->gate)
		return;
	settle(c, t);
	forget_edge(c);
	c->gate = level;
	if (waits_for_trigger(c)) {
		if (level && c->written)
			load(c, t);
		return;
	}
	if (!c->counting)
		return;
	if (!level) {
		c->elapsed = t >= c->start ? t - c->start : 0;
		c->held = true;
	} else if (pit_counter_is_periodic(c)) {
		load(c, t);
	} else {
		c->held = false;
		if (t >= c->start)
			c->start = t - c->elapsed;
	}
}
