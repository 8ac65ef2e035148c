/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PIT's counter by arithmetic, beside a counter that takes each CLK pulse as the 8254 datasheet
 * describes the pulse.
 *
 * Rule: the oracle has no closed form. The two are compared after each pulse. A new count in mode 3
 * is left out: the model takes such a count at the end of the period, a chip at the end of the
 * half.
 */
#include "tests/unit/check.h"
#include "vmm/core/pit_counter.h"

#include <stdio.h>
#include <string.h>

/* ---- The oracle ---- */

struct naive {
	unsigned mode, access;
	bool bcd, gate, out;
	uint32_t register_count; /* the count register: the count that was written */
	uint32_t element;        /* the counting element */
	bool written, loads, counts, low_written;
	bool high_half; /* mode 3 */
	bool strobed;   /* modes 4 and 5: the strobe has come */
	uint8_t low;
	uint64_t edges;
};

static void set_out(struct naive *n, bool level)
{
	n->edges += level && !n->out;
	n->out = level;
}

static uint32_t naive_modulus(const struct naive *n)
{
	return n->bcd ? 10000 : 65536;
}

static uint32_t naive_counts(const struct naive *n, unsigned raw)
{
	uint32_t value = raw;

	if (n->bcd) {
		char digits[8];
		snprintf(digits, sizeof(digits), "%x", raw);
		value = 0;
		for (const char *d = digits; *d; d++)
			value = value * 10 + (uint32_t)(*d - '0');
	}
	if (value == 0)
		value = naive_modulus(n);
	return value == 1 && (n->mode == 2 || n->mode == 3) ? 2 : value;
}

static void naive_command(struct naive *n, uint8_t value)
{
	n->mode = value >> 1 & 7;
	n->mode = n->mode == 6 ? 2 : n->mode == 7 ? 3 : n->mode;
	n->access = value >> 4 & 3;
	n->bcd = value & 1;
	n->written = n->loads = n->counts = n->low_written = false;
	n->out = n->mode != 0; /* an edge by the control word does not count */
}

static void naive_count(struct naive *n, unsigned raw)
{
	n->register_count = naive_counts(n, raw);
	bool first = !n->written;
	n->written = true;
	if (n->mode == 0 || n->mode == 4 || ((n->mode == 2 || n->mode == 3) && first))
		n->loads = n->mode == 0 || n->mode == 4 || n->gate;
	if (n->mode == 0)
		n->out = false;
}

static void naive_write(struct naive *n, uint8_t byte)
{
	if (n->access == 1)
		naive_count(n, byte);
	else if (n->access == 2)
		naive_count(n, (unsigned)byte << 8);
	else if (n->low_written) {
		n->low_written = false;
		naive_count(n, (unsigned)byte << 8 | n->low);
	} else {
		n->low_written = true;
		n->low = byte;
		if (n->mode == 0) {
			n->out = n->counts = n->loads = false;
			n->written = false;
		}
	}
}

static void naive_gate(struct naive *n, bool level)
{
	bool rises = level && !n->gate;

	n->gate = level;
	if (n->mode == 0 || n->mode == 4)
		return;
	if (rises && n->written)
		n->loads = true;
	if (!level && (n->mode == 2 || n->mode == 3)) {
		n->out = true;
		n->loads = false;
	}
}

static uint32_t less(const struct naive *n, uint32_t element, uint32_t by)
{
	return (element + naive_modulus(n) - by) % naive_modulus(n);
}

static void naive_load(struct naive *n)
{
	n->loads = n->strobed = false;
	n->counts = true;
	n->element = n->register_count;
	if (n->mode == 1)
		set_out(n, false);
	if (n->mode == 3) {
		n->high_half = true;
		n->element &= ~1u;
	}
	if (n->mode >= 2)
		set_out(n, true);
}

/* Mode 3 (datasheet, mode 3, odd counts): the high half has a pulse more. */
static void naive_square(struct naive *n)
{
	bool odd = n->register_count & 1;

	if (n->element == 0 || (n->element == 2 && !(odd && n->high_half))) {
		n->high_half = !n->high_half;
		n->element = n->register_count & ~1u;
		set_out(n, n->high_half);
		return;
	}
	n->element -= 2;
}

static void naive_pulse(struct naive *n)
{
	if (n->loads) {
		naive_load(n);
		return;
	}
	if (!n->counts || (!n->gate && n->mode != 1 && n->mode != 5))
		return;
	if (n->mode == 3) {
		naive_square(n);
		return;
	}
	if (n->mode == 2 && n->element == 1) {
		n->element = n->register_count;
		set_out(n, true);
		return;
	}
	bool strobes = (n->mode == 4 || n->mode == 5) && !n->out;
	n->element = less(n, n->element, 1);
	if (strobes)
		set_out(n, true);
	if (n->element == 0 && n->mode <= 1)
		set_out(n, true);
	if (n->element == 1 && n->mode == 2)
		set_out(n, false);
	if (n->element == 0 && n->mode >= 4 && !n->strobed) {
		n->strobed = true;
		set_out(n, false);
	}
}

/* ---- The comparison ---- */

struct bench {
	struct naive naive;
	struct pit_counter counter;
	uint64_t t, random;
};

static void begin(struct bench *b, uint64_t seed)
{
	memset(b, 0, sizeof(*b));
	b->random = seed;
	b->naive.gate = b->naive.out = true;
	pit_counter_reset(&b->counter);
}

static void compare(const struct bench *b)
{
	const struct naive *n = &b->naive;

	assert_int_equal(pit_counter_out(&b->counter, b->t), n->out);
	if (n->counts)
		assert_int_equal(pit_counter_count(&b->counter, b->t) % naive_modulus(n),
		                 n->element % naive_modulus(n));
}

/* So many pulses; the edges that the model foretells are the oracle's. */
static void pulses(struct bench *b, unsigned count)
{
	uint64_t from = b->t, edges = b->naive.edges,
		 next = pit_counter_next_edge(&b->counter, b->t), seen = PIT_NEVER;

	for (unsigned i = 0; i < count; i++) {
		uint64_t before = b->naive.edges;
		naive_pulse(&b->naive);
		b->t++;
		if (b->naive.edges != before && seen == PIT_NEVER)
			seen = b->t;
		compare(b);
	}
	assert_int_equal(pit_counter_edges(&b->counter, from, b->t), b->naive.edges - edges);
	if (next <= b->t)
		assert_int_equal(next, seen);
	else
		assert_int_equal(seen, PIT_NEVER);
}

static void command(struct bench *b, uint8_t value)
{
	naive_command(&b->naive, value);
	pit_counter_command(&b->counter, value, b->t);
}

static void write_byte(struct bench *b, uint8_t byte)
{
	naive_write(&b->naive, byte);
	(void)pit_counter_write(&b->counter, byte, b->t);
}

static void gate(struct bench *b, bool level)
{
	naive_gate(&b->naive, level);
	pit_counter_set_gate(&b->counter, level, b->t);
}

static void write_count(struct bench *b, uint16_t raw)
{
	if (b->naive.access != PIT_ACCESS_HIGH)
		write_byte(b, (uint8_t)raw);
	if (b->naive.access != PIT_ACCESS_LOW)
		write_byte(b, (uint8_t)(raw >> 8));
}

static uint16_t some_count(struct bench *b)
{
	static const uint16_t odd_ones[] = { 0, 1, 2, 3, 4, 5, 0x99, 0x100, 0x101 };

	if (random_below(&b->random, 3) == 0)
		return odd_ones[random_below(&b->random, 9)];
	uint16_t digits = (uint16_t)(random_below(&b->random, 3) << 8 |
	                             random_below(&b->random, 10) << 4 |
	                             random_below(&b->random, 10));
	return b->naive.bcd ? digits : (uint16_t)random_below(&b->random, 400);
}

static void each_mode_counts_as_the_datasheet_says(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < 8; mode++)
		for (unsigned bcd = 0; bcd < 2; bcd++)
			for (unsigned n = 0; n < 60; n++) {
				struct bench b;
				begin(&b, n + 1);
				pulses(&b, n);
				command(&b, (uint8_t)(PIT_ACCESS_BOTH << 4 | mode << 1 | bcd));
				pulses(&b, n % 3);
				write_count(&b, some_count(&b));
				pulses(&b, 2000);
				gate(&b, false);
				pulses(&b, n);
				gate(&b, true);
				pulses(&b, 2000);
			}
}

static void random_programs_of_the_ports_and_the_gate(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3000; seed++) {
		struct bench b;
		begin(&b, seed);
		command(&b, 0x34);
		for (unsigned step = 0; step < 30; step++) {
			/* two pulses: a load is over, and no strobe is cut short */
			pulses(&b, 2 + random_below(&b.random, 700));
			while (!b.naive.out && b.naive.mode >= 4)
				pulses(&b, 1);
			unsigned act = random_below(&b.random, 8);
			if (act == 0)
				command(&b, (uint8_t)((1 + random_below(&b.random, 3)) << 4 |
				                      random_below(&b.random, 16)));
			else if (act == 1)
				gate(&b, random_below(&b.random, 2));
			else if (b.naive.mode == 3 && b.naive.written)
				continue; /* see the header */
			else if (act == 2)
				write_byte(&b, (uint8_t)(1 + random_below(&b.random, 9)));
			else
				write_count(&b, some_count(&b));
		}
	}
}

static void reads_go_by_latches_and_access(void **state)
{
	struct pit_counter c;

	(void)state;
	pit_counter_reset(&c);
	pit_counter_command(&c, 0x34, 0);
	assert_false(pit_counter_write(&c, 0x34, 0));
	assert_true(pit_counter_write(&c, 0x12, 0));
	pit_counter_latch(&c, true, false, 1);
	pit_counter_latch(&c, true, false, 100); /* ignored: the first is not read yet */
	assert_int_equal(pit_counter_read(&c, 200), 0x34);
	assert_int_equal(pit_counter_read(&c, 300), 0x12);
	/* without a latch: low byte, high byte, each as of now */
	assert_int_equal(pit_counter_read(&c, 1 + 0x34), 0x00);
	assert_int_equal(pit_counter_read(&c, 1 + 0x134), 0x11);
	/* read-back: the status comes first, whatever was latched first */
	pit_counter_latch(&c, true, false, 1);
	pit_counter_latch(&c, false, true, 1);
	assert_int_equal(pit_counter_read(&c, 2), PIT_STATUS_OUT | 0x34);
	assert_int_equal(pit_counter_read(&c, 2), 0x34);
	assert_int_equal(pit_counter_read(&c, 2), 0x12);
	/* the high byte alone; and a control word forgets what was latched */
	pit_counter_latch(&c, true, true, 1);
	pit_counter_command(&c, 0x20, 10);
	pit_counter_latch(&c, false, true, 10);
	assert_int_equal(pit_counter_read(&c, 10), PIT_STATUS_NULL | 0x20);
	assert_true(pit_counter_write(&c, 0x02, 10));
	assert_int_equal(pit_counter_read(&c, 11 + 0x80), 0x01);
	assert_int_equal(pit_counter_next_edge(&c, 11), 11 + 0x200);
}

static void a_new_count_of_a_rate_waits_for_the_period(void **state)
{
	struct pit_counter c;

	(void)state;
	pit_counter_reset(&c);
	pit_counter_command(&c, 0x14, 0);
	assert_true(pit_counter_write(&c, 100, 0));
	assert_true(pit_counter_write(&c, 10, 250)); /* in the third period, from 201 on */
	pit_counter_latch(&c, false, true, 300);
	assert_true(pit_counter_read(&c, 300) & PIT_STATUS_NULL);
	assert_int_equal(pit_counter_next_edge(&c, 250), 301);
	assert_int_equal(pit_counter_next_edge(&c, 301), 311);
	assert_int_equal(pit_counter_edges(&c, 250, 331), 4);
	pit_counter_latch(&c, false, true, 301);
	assert_false(pit_counter_read(&c, 301) & PIT_STATUS_NULL);
}

static void half_a_count_stops_mode_0(void **state)
{
	struct pit_counter c;

	(void)state;
	pit_counter_reset(&c);
	pit_counter_command(&c, 0x30, 0);
	assert_false(pit_counter_write(&c, 50, 0));
	assert_true(pit_counter_write(&c, 0, 0));
	assert_false(pit_counter_write(&c, 50, 20));
	assert_int_equal(pit_counter_next_edge(&c, 20), PIT_NEVER);
	assert_false(pit_counter_out(&c, 1000));
	assert_true(pit_counter_write(&c, 0, 1000));
	assert_int_equal(pit_counter_next_edge(&c, 1000), 1051);
}

static void nothing_counts_without_a_trigger_in_modes_1_and_5(void **state)
{
	(void)state;
	for (unsigned mode = 1; mode <= 5; mode += 4) {
		struct pit_counter c;
		pit_counter_reset(&c);
		pit_counter_command(&c, (uint8_t)(0x10 | mode << 1), 0);
		assert_true(pit_counter_write(&c, 5, 0));
		assert_int_equal(pit_counter_next_edge(&c, 0), PIT_NEVER);
		assert_true(pit_counter_out(&c, 1000));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_go_by_latches_and_access),
		cmocka_unit_test(a_new_count_of_a_rate_waits_for_the_period),
		cmocka_unit_test(half_a_count_stops_mode_0),
		cmocka_unit_test(nothing_counts_without_a_trigger_in_modes_1_and_5),
		cmocka_unit_test(each_mode_counts_as_the_datasheet_says),
		cmocka_unit_test(random_programs_of_the_ports_and_the_gate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
