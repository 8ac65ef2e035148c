/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any sequence of operations on a block that keeps time, beside the same block without a keeper:
 * the keeper changes nothing, and the figures fit the events.
 */
#include "chipset/block/window.h"
#include "chipset/times/times.h"
#include "tests/unit/block_ops.h"
#include "tests/unit/fuzz.h"

#include <string.h>

struct pair_of_blocks {
	struct block timed, plain;
	struct times times;
	uint64_t now;
	/* what the fuzzer itself has seen, by line */
	uint64_t edges[BLOCK_LINES], last_edge[BLOCK_LINES];
	uint64_t read, number; /* number: operations so far */
};

static uint64_t read_clock(void *owner)
{
	return *(uint64_t *)owner;
}

static uint64_t read_timed(struct pair_of_blocks *both, uint32_t offset, unsigned size)
{
	const struct times_clock clock = { read_clock, &both->now, 1000 };

	return times_window_read(&both->times, &both->timed, offset, size, &clock);
}

static void write_both(struct pair_of_blocks *both, uint32_t offset, unsigned size, uint64_t value)
{
	times_window_write(&both->times, &both->timed, offset, size, value);
	block_window_write(&both->plain, offset, size, value);
}

static void set_line(struct pair_of_blocks *both, unsigned line, bool high)
{
	uint16_t before = both->plain.lines;

	times_set_line(&both->times, &both->timed, line, high, both->now);
	block_set_line(&both->plain, line, high);
	if (both->plain.lines & ~before) {
		both->edges[line]++;
		both->last_edge[line] = both->now;
	}
}

/* A read answers as the plain block does, but for the registers of version 2. */
static void read_both(struct pair_of_blocks *both, uint32_t offset, unsigned size)
{
	uint64_t timed = read_timed(both, offset, size);
	uint64_t plain = block_window_read(&both->plain, offset, size);
	bool head = offset < WINDOW_SELECT, later = offset >= WINDOW_PROBE;

	require(head || later || timed == plain, "a register of version 1 reads the same");
	require(size == 8 || size > 8 || timed >> 8 * size == 0, "an answer has no more bytes");
	both->read += timed;
}

static void play(struct pair_of_blocks *both, const struct op *op)
{
	switch (op->kind) {
	case OP_LINE:
		set_line(both, op->a, op->high);
		break;
	case OP_EXTERNAL:
		block_set_external(&both->timed, op->high);
		block_set_external(&both->plain, op->high);
		break;
	case OP_RAISE_EXTERNAL:
		write_both(both, WINDOW_EXTERNAL, 1, 1);
		break;
	case OP_ACKNOWLEDGE:
		require(times_acknowledge(&both->times, &both->timed, both->now) ==
		                block_acknowledge(&both->plain),
		        "the vector is the same");
		break;
	case OP_TAKE_NMI:
		require(block_take_nmi(&both->timed) == block_take_nmi(&both->plain),
		        "NMI is the same");
		break;
	case OP_RESET: /* the keeper goes on: the block alone is reset by no emulator */
		break;
	case OP_READ:
		require(times_port_read(&both->times, &both->timed, (uint16_t)op->a, both->now) ==
		                block_port_read(&both->plain, (uint16_t)op->a),
		        "a port reads the same");
		break;
	case OP_WRITE:
		times_port_write(&both->times, &both->timed, (uint16_t)op->a, (uint8_t)op->value,
		                 both->now);
		block_port_write(&both->plain, (uint16_t)op->a, (uint8_t)op->value);
		break;
	case OP_SELECT:
		write_both(both, WINDOW_SELECT, 8, op->value);
		break;
	case OP_CLEAR_STATUS:
		write_both(both, WINDOW_STATUS, 2, op->a);
		break;
	case OP_INPUTS:
		write_both(both, WINDOW_CONTROLLER_INPUT, 8, op->value);
		write_both(both, WINDOW_BLOCK_INPUT, 8, op->other);
		break;
	case OP_LEVEL:
		write_both(both, WINDOW_LEVEL, 2, op->a);
		break;
	case OP_WINDOW_READ:
		read_both(both, op->a, op->size);
		break;
	case OP_WINDOW_WRITE:
		write_both(both, op->a, op->size, op->value);
		break;
	}
}

/* All buckets, by the registers. */
static void check_buckets(struct pair_of_blocks *both, uint64_t samples)
{
	uint64_t least = UINT64_MAX, all = 0;

	for (;;) {
		write_both(both, WINDOW_FROM, 8, least + 1);
		uint64_t next = read_timed(both, WINDOW_BUCKET, 8);
		if (next == UINT64_MAX)
			break;
		require(least == UINT64_MAX || next > least, "buckets come in order");
		require(next <= read_timed(both, WINDOW_GREATEST, 8), "no bucket above GREATEST");
		least = next;
		all += read_timed(both, WINDOW_COUNT, 8);
	}
	require(all == samples, "each sample is in a bucket");
}

static void check_line(struct pair_of_blocks *both, unsigned line)
{
	uint64_t n[TIMES_PROBES];

	for (unsigned probe = 0; probe < TIMES_PROBES; probe++) {
		write_both(both, WINDOW_PROBE, 1, line + probe * WINDOW_PROBE_SERVICE);
		n[probe] = read_timed(both, WINDOW_SAMPLES, 8);
		require(read_timed(both, WINDOW_LEAST, 8) <= read_timed(both, WINDOW_GREATEST, 8),
		        "LEAST is not above GREATEST");
		require(read_timed(both, WINDOW_GREATEST, 8) <= both->now, "no sample is older");
		require(read_timed(both, WINDOW_SUM, 8) <=
		                n[probe] * read_timed(both, WINDOW_GREATEST, 8),
		        "the sum fits");
		check_buckets(both, n[probe]);
	}
	uint64_t merged = read_timed(both, WINDOW_MERGED, 8);
	uint64_t unmatched = read_timed(both, WINDOW_UNMATCHED, 8);
	uint64_t waits = both->times.waiting >> line & 1, serves = both->times.serving >> line & 1;
	uint32_t stamps = WINDOW_STAMPS + line * WINDOW_STAMPS_STRIDE;
	require(n[0] + merged + waits <= both->edges[line], "each edge counts once");
	require(n[1] + serves <= n[0] + unmatched, "each EOI has its INTA");
	require(read_timed(both, stamps, 8) == both->last_edge[line], "the edge is the last edge");
	require(read_timed(both, stamps + WINDOW_STAMPS_INTA, 8) <= both->now, "INTA has been");
	require(n[0] == 0 || read_timed(both, stamps + WINDOW_STAMPS_INTA, 8) != 0, "INTA's time");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pair_of_blocks both;
	struct op_stream stream = { data, data + size };
	struct op op;

	memset(&both, 0, sizeof both);
	block_reset(&both.timed);
	block_reset(&both.plain);
	while (op_next(&stream, &op)) {
		both.now += 1 + (both.number++ * 37 & 0x3f);
		play(&both, &op);
		require(memcmp(&both.timed, &both.plain, sizeof both.plain) == 0,
		        "the keeper changes nothing of the block");
	}
	both.now++;
	for (unsigned line = 0; line < BLOCK_LINES; line++)
		check_line(&both, line);
	return 0;
}

/* ---- Programs of the author's ---- */

enum { PROGRAM_BYTES = 400, PROGRAMS_TRIED = 1000 };

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * UINT64_C(0x2545f4914f6cdd1d) >> 32;
}

void tries(void)
{
	/* a pair that is initialised as a PC's */
	static const uint8_t start[] = { 0x38, 0x11, 0x39, 0x20, 0x39, 4, 0x39, 1,
		                         0x3a, 0x11, 0x3b, 0x28, 0x3b, 2, 0x3b, 1 };
	uint64_t seed = 1;

	for (unsigned i = 0; i < PROGRAMS_TRIED; i++) {
		uint8_t bytes[PROGRAM_BYTES];

		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t)next(&seed);
		if (i % 4 != 0)
			memcpy(bytes, start, sizeof(start));
		LLVMFuzzerTestOneInput(bytes, sizeof(bytes));
	}
	printf("times: %d random programs ... ok\n", PROGRAMS_TRIED);
}
