/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any sequence of operations on the chipset block, beside the oracle: after each one every output
 * and every register of the window must agree. libFuzzer where clang is, else a loop of random
 * programs.
 *
 * Without libFuzzer also: --files NAME...: each is run once (the saved corpus); --rate MILLIONS:
 * how many million operations a second the model does without the oracle; fails under that.
 */
#include "chipset/block/block.h"
#include "tests/unit/block_ops.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

/* ---- The model's rate: the same programs, decoded before the clock starts ---- */

enum { RATE_OPS = 100000, RATE_ROUNDS = 8, RATE_REPEATS = 10 };

/* The best of several rounds, in processor time: what else the machine does is no property of the
 * model. */
static int measure(double wanted)
{
	static struct op ops[RATE_OPS];
	static struct block block;
	uint64_t seed = 1, sum = 0;
	size_t count = 0;
	double best = 0;

	while (count < RATE_OPS) {
		uint8_t bytes[PROGRAM_BYTES];
		struct op_stream stream = { bytes, bytes + sizeof(bytes) };

		random_bytes(&seed, bytes, sizeof(bytes));
		while (count < RATE_OPS && op_next(&stream, &ops[count]))
			count++;
	}
	block_reset(&block);
	for (unsigned round = 0; round < RATE_ROUNDS; round++) {
		clock_t begun = clock();
		double rate;

		for (size_t i = 0; i < RATE_OPS * RATE_REPEATS; i++) {
			sum += model_do(&block, &ops[i % RATE_OPS]);
			sum += block_intr(&block) + 2 * block_take_nmi(&block);
		}
		rate = RATE_OPS * RATE_REPEATS / ((double)(clock() - begun) / CLOCKS_PER_SEC) / 1e6;
		best = rate > best ? rate : best;
	}
	printf("R07 model: %.1f million operations a second of processor time, at least %.1f "
	       "wanted (sum %llx) ... "
	       "%s\n",
	       best, wanted, (unsigned long long)sum, best >= wanted ? "ok" : "FAILED");
	return best >= wanted ? 0 : 1;
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
	if (argc == 3 && strcmp(argv[1], "--rate") == 0)
		return measure(atof(argv[2]));
	if (argc > 2 && strcmp(argv[1], "--files") == 0)
		return run_files(argv + 2, argc - 2);
	return run_random();
}
#endif
