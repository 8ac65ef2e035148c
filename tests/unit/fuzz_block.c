/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any sequence of operations on the chipset block, beside the oracle: after each one every output
 * and every register of the window must agree. libFuzzer where clang is, else a loop of random
 * programs.
 *
 * Without libFuzzer also: --files NAME...: each is run once (the saved corpus); --cost LIMIT: how
 * long an operation of the model takes without the oracle, in sorts of 16 numbers; fails above
 * LIMIT.
 */
#include "chipset/block/block.h"
#include "tests/unit/block_ops.h"
#include "tests/unit/fuzz.h"
#include "tests/unit/naive_block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One call of the model, and what it returns. */
static uint64_t model_do(struct block *block, const struct op *op)
{
	switch (op->kind) {
	case OP_LINE:
		block_set_line(block, op->a, op->high);
		return 0;
	case OP_EXTERNAL:
		block_set_external(block, op->high);
		return 0;
	case OP_RAISE_EXTERNAL:
		block_raise_external(block);
		return 0;
	case OP_ACKNOWLEDGE:
		return block_acknowledge(block);
	case OP_TAKE_NMI:
		return block_take_nmi(block);
	case OP_RESET:
		block_reset(block);
		return 0;
	case OP_READ:
		return block_port_read(block, (uint16_t)op->a);
	case OP_WRITE:
		block_port_write(block, (uint16_t)op->a, (uint8_t)op->value);
		return 0;
	case OP_SELECT:
		block_select(block, (uint16_t)op->value, (uint16_t)(op->value >> 16),
		             (uint16_t)(op->value >> 32), (uint16_t)(op->value >> 48), op->high);
		return 0;
	case OP_CLEAR_STATUS:
		block_clear_status(block, (uint16_t)op->a, op->high);
		return 0;
	case OP_INPUTS:
		block_set_inputs(block, op->value, op->other);
		return 0;
	case OP_LEVEL:
		block_set_level(block, (uint16_t)op->a);
		return 0;
	case OP_WINDOW_READ:
		return block_window_read(block, op->a, op->size);
	case OP_WINDOW_WRITE:
		block_window_write(block, op->a, op->size, op->value);
		return 0;
	}
	return 0;
}

static uint64_t oracle_do(struct naive_block *block, const struct op *op)
{
	switch (op->kind) {
	case OP_LINE:
		naive_set_line(block, op->a, op->high);
		return 0;
	case OP_EXTERNAL:
		naive_set_external(block, op->high);
		return 0;
	case OP_RAISE_EXTERNAL:
		naive_raise_external(block);
		return 0;
	case OP_ACKNOWLEDGE:
		return naive_acknowledge(block);
	case OP_TAKE_NMI:
		return naive_take_nmi(block);
	case OP_RESET:
		naive_reset(block);
		return 0;
	case OP_READ:
		return naive_port_read(block, (uint16_t)op->a);
	case OP_WRITE:
		naive_port_write(block, (uint16_t)op->a, (uint8_t)op->value);
		return 0;
	case OP_SELECT:
		naive_select(block, (uint16_t)op->value, (uint16_t)(op->value >> 16),
		             (uint16_t)(op->value >> 32), (uint16_t)(op->value >> 48), op->high);
		return 0;
	case OP_CLEAR_STATUS:
		naive_clear_status(block, (uint16_t)op->a, op->high);
		return 0;
	case OP_INPUTS:
		naive_set_inputs(block, op->value, op->other);
		return 0;
	case OP_LEVEL:
		naive_set_level(block, (uint16_t)op->a);
		return 0;
	case OP_WINDOW_READ:
		return naive_window_read(block, op->a, op->size);
	case OP_WINDOW_WRITE:
		naive_window_write(block, op->a, op->size, op->value);
		return 0;
	}
	return 0;
}

/* ---- The comparison ---- */

/* What both had when they were last found to agree, so that a bank which neither touched is not
 * read again. */
struct agreed {
	struct pair model[BLOCK_BANKS];
	struct naive_pair oracle[16];
};

static void differ(const struct op *op, unsigned number, const char *what, uint64_t model,
                   uint64_t oracle)
{
	fprintf(stderr,
	        "operation %u (kind %d, a %x, size %u, high %d, value %llx): %s is %016llx, the "
	        "oracle says %016llx\n",
	        number, (int)op->kind, (unsigned)op->a, op->size, op->high,
	        (unsigned long long)op->value, what, (unsigned long long)model,
	        (unsigned long long)oracle);
	abort();
}

static void compare_banks(struct block *block, struct naive_block *oracle, struct agreed *agreed,
                          const struct op *op, unsigned number)
{
	for (unsigned bank = 0; bank < BLOCK_BANKS; bank++) {
		if (memcmp(&block->bank[bank], &agreed->model[bank], sizeof(block->bank[bank])) ==
		            0 &&
		    memcmp(&oracle->bank[bank], &agreed->oracle[bank],
		           sizeof(oracle->bank[bank])) == 0)
			continue;
		for (unsigned word = 0; word < 4; word++) {
			uint32_t offset = 0x100 + bank * 0x20 + word * 8;
			uint64_t ours = block_window_read(block, offset, 8),
				 theirs = naive_window_read(oracle, offset, 8);
			char what[32];

			snprintf(what, sizeof(what), "bank %u word %u", bank, word);
			if (ours != theirs)
				differ(op, number, what, ours, theirs);
		}
		agreed->model[bank] = block->bank[bank];
		agreed->oracle[bank] = oracle->bank[bank];
	}
}

static void compare(struct block *block, struct naive_block *oracle, struct agreed *agreed,
                    const struct op *op, unsigned number)
{
	uint8_t pulses = block->pulses;
	unsigned oracle_pulses = oracle->pulses;

	if (block_intr(block) != naive_intr(oracle))
		differ(op, number, "INTR", block_intr(block), naive_intr(oracle));
	if (block->nmi != oracle->nmi)
		differ(op, number, "NMI", block->nmi, oracle->nmi);
	if (block_status(block) != naive_status(oracle))
		differ(op, number, "status", block_status(block), naive_status(oracle));
	for (uint32_t offset = 0; offset < 0x40; offset += 8) {
		uint64_t ours = block_window_read(block, offset, 8),
			 theirs = naive_window_read(oracle, offset, 8);
		char what[32];

		snprintf(what, sizeof(what), "window %02x", (unsigned)offset);
		if (ours != theirs)
			differ(op, number, what, ours, theirs);
	}
	block->pulses = pulses; /* the comparison is no read of the program's */
	oracle->pulses = oracle_pulses;
	compare_banks(block, oracle, agreed, op, number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct block block;
	static struct naive_block oracle;
	static struct agreed agreed;
	struct op_stream stream = { data, data + size };
	struct op op = { .kind = OP_RESET };

	block_reset(&block);
	naive_reset(&oracle);
	memset(&agreed, 0, sizeof(agreed));
	compare(&block, &oracle, &agreed, &op, 0);
	for (unsigned number = 1; op_next(&stream, &op); number++) {
		uint64_t ours = model_do(&block, &op), theirs = oracle_do(&oracle, &op);

		if (ours != theirs)
			differ(&op, number, "what it returns", ours, theirs);
		compare(&block, &oracle, &agreed, &op, number);
	}
	return 0;
}

#ifndef WITH_LIBFUZZER
enum { PROGRAM_BYTES = 400, PROGRAMS_TRIED = 4000 };

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * UINT64_C(0x2545f4914f6cdd1d) >> 32;
}

static void random_bytes(uint64_t *seed, uint8_t *bytes, size_t size)
{
	/* A pair that is initialised as a PC's is where most programs should begin. */
	static const uint8_t start[] = { 0x38, 0x11, 0x39, 0x20, 0x39, 4, 0x39, 1,
		                         0x3a, 0x11, 0x3b, 0x28, 0x3b, 2, 0x3b, 1 };

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)next(seed);
	if (next(seed) % 4)
		memcpy(bytes, start, sizeof(start));
}

/* ---- The model's cost: the same programs, decoded before the clock starts ---- */

enum { COST_OPS = 20000, COST_SORTS = 20000, COST_ROUNDS = 100, SORTED = 16 };

static void decode_programs(struct op *ops, size_t wanted)
{
	uint64_t seed = 1;
	size_t count = 0;

	while (count < wanted) {
		uint8_t bytes[PROGRAM_BYTES];
		struct op_stream stream = { bytes, bytes + sizeof(bytes) };

		random_bytes(&seed, bytes, sizeof(bytes));
		while (count < wanted && op_next(&stream, &ops[count]))
			count++;
	}
}

static uint64_t play_operations(struct block *block, const struct op *ops)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < COST_OPS; i++) {
		sum += model_do(block, &ops[i]);
		sum += block_intr(block) + 2 * block_take_nmi(block);
	}
	return sum;
}

/* The yardstick: random numbers, sorted by insertion. As in the model, the branches depend on the
 * data, and the data are few. */
static uint64_t sort_numbers(void)
{
	uint64_t seed = 1, sum = 0;

	for (size_t i = 0; i < COST_SORTS; i++) {
		uint32_t sorted[SORTED];

		for (size_t n = 0; n < SORTED; n++) {
			uint32_t number = (uint32_t)next(&seed);
			size_t at = n;

			for (; at > 0 && sorted[at - 1] > number; at--)
				sorted[at] = sorted[at - 1];
			sorted[at] = number;
		}
		sum += sorted[SORTED / 2];
	}
	return sum;
}

/* Processor time since `begun`, in nanoseconds. */
static double nanoseconds_since(struct timespec begun)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)(now.tv_sec - begun.tv_sec) * 1e9 + (double)(now.tv_nsec - begun.tv_nsec);
}

/* Model and yardstick take turns of a millisecond, and the quickest turn of each counts. So the
 * ratio is the same on a slow machine, and on a machine that does something else as well. */
static int measure(double limit)
{
	static struct op ops[COST_OPS];
	static struct block block;
	uint64_t sum = 0;
	double operation = 0, sort = 0, cost;

	decode_programs(ops, COST_OPS);
	block_reset(&block);
	for (unsigned round = 0; round < COST_ROUNDS; round++) {
		struct timespec begun;
		double taken;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun);
		sum += play_operations(&block, ops);
		taken = nanoseconds_since(begun) / COST_OPS;
		operation = round == 0 || taken < operation ? taken : operation;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun);
		sum += sort_numbers();
		taken = nanoseconds_since(begun) / COST_SORTS;
		sort = round == 0 || taken < sort ? taken : sort;
	}
	cost = operation / sort;
	printf("R07 model: an operation takes %.2f of the time of a sort of %d numbers, at most "
	       "%.2f allowed ... %s (%.1f million operations a second of processor time, "
	       "sum %llx)\n",
	       cost, SORTED, limit, cost <= limit ? "ok" : "FAILED", 1e3 / operation,
	       (unsigned long long)sum);
	return cost <= limit ? 0 : 1;
}

/* ---- Files, or random programs ---- */

static int run_file(const char *name)
{
	static uint8_t bytes[65536];
	FILE *file = fopen(name, "rb");
	size_t size;

	if (!file) {
		fprintf(stderr, "%s: cannot be read\n", name);
		return 1;
	}
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	LLVMFuzzerTestOneInput(bytes, size);
	return 0;
}

static int run_files(char **names, int count)
{
	int failed = 0;

	for (int i = 0; i < count; i++)
		failed |= run_file(names[i]);
	if (!failed)
		printf("R07 model: %d saved programs agree with the oracle ... ok\n", count);
	return failed;
}

static int run_random(void)
{
	uint64_t seed = 1;

	for (unsigned i = 0; i < PROGRAMS_TRIED; i++) {
		uint8_t bytes[PROGRAM_BYTES];

		random_bytes(&seed, bytes, sizeof(bytes));
		LLVMFuzzerTestOneInput(bytes, sizeof(bytes));
	}
	printf("R07 model: %d random programs agree with the oracle ... ok\n", PROGRAMS_TRIED);
	return 0;
}

/* Anything else on the command line is libFuzzer's. */
int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--cost") == 0)
		return measure(atof(argv[2]));
	if (argc > 2 && strcmp(argv[1], "--files") == 0)
		return run_files(argv + 2, argc - 2);
	return run_random();
}
#endif
