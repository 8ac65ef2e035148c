/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Verilated block beside the C model (chipset/block): after each operation of the block's
 * fuzzer every output and every register must agree.
 *
 *   cosim [--count OPERATIONS] [--seed NUMBER | --program STATE] [--coverage FILE]
 *         [--files NAME...]
 *
 * --files: saved programs, each played once. Else random programs, until `count` operations are
 * done. A difference names the program, and `--program` begins with that program. Beside the
 * fuzzer's operations: several lines and the external signal change in a single clock, lines change
 * beside an access, chips are polled, and accesses have any size and any offset.
 */
#include "tests/rtl/device.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" {
#include "chipset/block/block.h"
#include "chipset/block/window.h"
#include "tests/unit/block_ops.h"
}

enum { PROGRAM_BYTES = 400, FILE_BYTES = 65536, STRAY_IN = 12 /* one operation in so many */ };
/* A line of progress comes after so many operations. */
enum { REPORT_EACH = 50000000 };

struct bench {
	struct block model;
	class device rtl;
	/* The banks at the last comparison. */
	struct pair model_bank[BLOCK_BANKS];
	uint32_t rtl_bank[BLOCK_BANKS][device::BANK_WORDS];
	/* A state word was written, and the inputs have not followed since. */
	bool stale;
	uint64_t operations, seed;
	/* The seed as the program at hand began. */
	uint64_t program;
	/* The operations at which the next line of progress is due. */
	uint64_t report;
};

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * UINT64_C(0x2545f4914f6cdd1d) >> 32;
}

/* ---- The comparison ---- */

[[noreturn]] static void differ(const struct bench *bench, const struct op *op, const char *what,
                                uint64_t model, uint64_t rtl)
{
	fprintf(stderr,
	        "rtl: operation %" PRIu64 " (kind %d, a %x, size %u, high %d, value %llx): ",
	        bench->operations, (int)op->kind, (unsigned)op->a, op->size, op->high,
	        (unsigned long long)op->value);
	fprintf(stderr, "%s is %016llx in the RTL, the model says %016llx\n", what,
	        (unsigned long long)rtl, (unsigned long long)model);
	if (bench->program)
		fprintf(stderr, "rtl: the program again: --count 1 --program 0x%" PRIx64 "\n",
		        bench->program);
	exit(1);
}

static void same(const struct bench *bench, const struct op *op, const char *what, uint64_t model,
                 uint64_t rtl)
{
	if (model != rtl)
		differ(bench, op, what, model, rtl);
}

static void compare_bank(struct bench *bench, const struct op *op, unsigned bank)
{
	const uint32_t *words = bench->rtl.bank(bank);
	size_t bytes = sizeof(bench->rtl_bank[bank]);
	if (memcmp(&bench->model.bank[bank], &bench->model_bank[bank], sizeof(struct pair)) == 0 &&
	    memcmp(words, bench->rtl_bank[bank], bytes) == 0)
		return;
	for (unsigned word = 0; word < PAIR_WORDS; word++) {
		char what[32];
		snprintf(what, sizeof(what), "bank %u word %u", bank, word);
		same(bench, op, what, pair_word(&bench->model.bank[bank], word),
		     bench->rtl.state_word(bank, word));
	}
	bench->model_bank[bank] = bench->model.bank[bank];
	memcpy(bench->rtl_bank[bank], words, bytes);
}

static void compare(struct bench *bench, const struct op *op)
{
	const struct block *model = &bench->model;
	struct device_registers rtl = bench->rtl.registers();

	same(bench, op, "INTR", block_intr(model), bench->rtl.intr());
	same(bench, op, "NMI", model->nmi, bench->rtl.peek_nmi());
	same(bench, op, "ROUTE", model->route, rtl.route);
	same(bench, op, "MASK", model->mask, rtl.mask);
	same(bench, op, "SHARE", model->share, rtl.share);
	same(bench, op, "BANK", model->connected, rtl.bank);
	same(bench, op, "STATUS", block_status(model), rtl.status);
	same(bench, op, "EXTERNAL", model->external, rtl.external);
	same(bench, op, "the pulses", model->pulses, rtl.pulses);
	same(bench, op, "LEVEL", model->level, rtl.level);
	same(bench, op, "LINES", model->lines, rtl.lines);
	same(bench, op, "CONTROLLER_INPUT", model->controller_input, rtl.controller_input);
	same(bench, op, "BLOCK_INPUT", model->block_input, rtl.block_input);
	for (unsigned bank = 0; bank < BLOCK_BANKS; bank++)
		compare_bank(bench, op, bank);
}

/* ---- Operations ---- */

static bool in_window(uint32_t offset)
{
	return offset < WINDOW_BYTES;
}

/* An access beyond the window reaches another device of the bus, and only the model is asked. */
static void window_read(struct bench *bench, const struct op *op, uint32_t offset, unsigned size)
{
	uint64_t model = block_window_read(&bench->model, offset, size);
	same(bench, op, "the value that the window's read has", model,
	     in_window(offset) ? bench->rtl.window_read(offset, size) : 0);
}

static void window_write(struct bench *bench, uint32_t offset, unsigned size, uint64_t value)
{
	uint32_t slot = offset & ~7u;
	bool proper = (size == 1 || size == 2 || size == 4 || size == 8) && !(offset & (size - 1));
	if (slot >= WINDOW_STATE)
		bench->stale = true;
	else if (proper && (slot == WINDOW_SELECT || slot == WINDOW_CONTROLLER_INPUT ||
	                    slot == WINDOW_BLOCK_INPUT))
		bench->stale = false;
	block_window_write(&bench->model, offset, size, value);
	if (in_window(offset))
		bench->rtl.window_write(offset, size, value);
}

static void reset(struct bench *bench)
{
	block_reset(&bench->model);
	bench->rtl.reset();
	bench->stale = false;
}

/* All lines and the external signal change in the same clock, for the model. Lines that fall come
 * before lines that rise (docs/rtl.md). */
static void change_model(struct bench *bench, uint16_t lines, bool external)
{
	uint16_t now = bench->model.lines;
	for (unsigned line = 0; line < 16; line++)
		if (now & ~lines & 1u << line)
			block_set_line(&bench->model, line, false);
	for (unsigned line = 0; line < 16; line++)
		if (lines & ~now & 1u << line)
			block_set_line(&bench->model, line, true);
	block_set_external(&bench->model, external);
}

static void change_lines(struct bench *bench, uint16_t lines, bool external)
{
	bench->rtl.drive_lines(lines);
	bench->rtl.drive_external(external);
	bench->rtl.settle();
	change_model(bench, lines, external);
}

static void change_line(struct bench *bench, unsigned line, bool high)
{
	uint16_t bit = (uint16_t)(line < 16 ? 1u << line : 0), lines = bench->rtl.driven_lines();
	change_lines(bench, (uint16_t)(high ? lines | bit : lines & ~bit),
	             bench->rtl.driven_external());
}

/* A call of the model that no signal of the block makes is an access to the window on both
 * sides. */
static void play(struct bench *bench, const struct op *op)
{
	switch (op->kind) {
	case OP_LINE:
		change_line(bench, op->a, op->high);
		break;
	case OP_EXTERNAL:
		change_lines(bench, bench->rtl.driven_lines(), op->high);
		break;
	case OP_RAISE_EXTERNAL:
		window_write(bench, WINDOW_EXTERNAL, 1, 1);
		break;
	case OP_ACKNOWLEDGE:
		same(bench, op, "the vector", block_acknowledge(&bench->model),
		     bench->rtl.acknowledge());
		break;
	case OP_TAKE_NMI:
		same(bench, op, "NMI", block_take_nmi(&bench->model), bench->rtl.take_nmi());
		break;
	case OP_RESET:
		reset(bench);
		break;
	case OP_READ:
		same(bench, op, "the value that the port's read has",
		     block_port_read(&bench->model, (uint16_t)op->a),
		     bench->rtl.port_read((uint16_t)op->a));
		break;
	case OP_WRITE:
		block_port_write(&bench->model, (uint16_t)op->a, (uint8_t)op->value);
		bench->rtl.port_write((uint16_t)op->a, (uint8_t)op->value);
		break;
	case OP_SELECT:
		if (op->high) {
			window_write(bench, WINDOW_SELECT, 8, op->value);
			break;
		}
		/* not told: no byte of MASK is in the access */
		window_write(bench, WINDOW_ROUTE, 2, op->value & 0xffff);
		window_write(bench, WINDOW_SHARE, 4, op->value >> 32);
		break;
	case OP_CLEAR_STATUS:
		window_write(bench, WINDOW_STATUS, 4,
		             (op->a & 0xffff) | (op->high ? WINDOW_STATUS_EXTERNAL : 0));
		break;
	case OP_INPUTS:
		window_write(bench, WINDOW_CONTROLLER_INPUT, 8, op->value);
		window_write(bench, WINDOW_BLOCK_INPUT, 8, op->other);
		break;
	case OP_LEVEL:
		window_write(bench, WINDOW_LEVEL, 2, op->a);
		break;
	case OP_WINDOW_READ:
		window_read(bench, op, op->a, op->size);
		break;
	case OP_WINDOW_WRITE:
		window_write(bench, op->a, op->size, op->value);
		break;
	}
}

/* Lines change, and `wait` clocks later an access begins. A line needs two clocks for the
 * synchroniser and then its step. An access needs a clock for the strobe and then its step, and
 * comes first where both steps are due in the same clock. */
static void play_beside(struct bench *bench, struct op *op, uint64_t random)
{
	enum { LINES_FIRST = 2 };
	static const enum op_kind kinds[4] = { OP_ACKNOWLEDGE, OP_READ, OP_WRITE, OP_SELECT };
	static const uint16_t ports[4] = { 0x20, 0x21, 0xa0, 0xa1 };
	unsigned wait = random & 3;
	uint16_t lines = (uint16_t)(bench->rtl.driven_lines() ^
	                            (random >> 8 & random >> 24 & 0xfffb));
	bool external = random >> 2 & 1;

	op->kind = kinds[random >> 3 & 3];
	op->a = ports[random >> 5 & 3];
	op->high = true;
	op->value = op->kind == OP_SELECT ? op->value & 0x0003ffffffffffffu : op->value & 0xff;
	bench->rtl.drive_lines(lines);
	bench->rtl.drive_external(external);
	for (unsigned i = 0; i < wait; i++)
		bench->rtl.tick();
	if (wait >= LINES_FIRST)
		change_model(bench, lines, external);
	play(bench, op);
	if (wait < LINES_FIRST)
		change_model(bench, lines, external);
	bench->rtl.settle();
}

/* A poll of a chip: OCW3, and the read that acknowledges. */
static void play_poll(struct bench *bench, struct op *op)
{
	enum { POLL = 0x0c };
	op->a = op->a & 1 ? 0x20 : 0xa0;
	op->kind = OP_WRITE;
	op->value = POLL;
	play(bench, op);
	op->kind = OP_READ;
	play(bench, op);
}

/* What the fuzzer's bytes do not have: several lines in a clock, lines beside an access, accesses
 * of any size at any offset, the view of the connected bank. */
static void play_stray(struct bench *bench)
{
	uint64_t random = next_random(&bench->seed);
	struct op op = {};
	op.kind = random & 1 ? OP_WINDOW_READ : OP_WINDOW_WRITE;
	op.a = (uint32_t)(random >> 8) % 0x340;
	op.size = (unsigned)(random >> 4) & 15;
	op.value = next_random(&bench->seed) << 32 | next_random(&bench->seed);
	if (random & 2 && !bench->stale && random & 8) {
		play_beside(bench, &op, next_random(&bench->seed));
	} else if (random & 2 && !bench->stale) {
		uint16_t flipped = (uint16_t)(op.value & op.value >> 16 & 0xfffb);
		op.kind = OP_LINE;
		change_lines(bench, bench->rtl.driven_lines() ^ flipped, random >> 9 & 1);
	} else if (random & 1 << 10) {
		play_poll(bench, &op);
	} else if (op.kind == OP_WINDOW_WRITE) {
		window_write(bench, op.a, op.size, op.value);
	} else if (random & 4) {
		window_read(bench, &op, op.a, op.size);
	} else {
		op.a = WINDOW_STATE + WINDOW_STATE_STRIDE * bench->model.connected +
		       WINDOW_STATE_VIEW;
		op.size = 8;
		window_read(bench, &op, op.a, op.size);
	}
	bench->operations++;
	compare(bench, &op);
}

static void play_program(struct bench *bench, const uint8_t *bytes, size_t size, bool stray)
{
	struct op_stream stream = { bytes, bytes + size };
	struct op op = {};
	op.kind = OP_RESET;
	reset(bench);
	compare(bench, &op);
	while (op_next(&stream, &op)) {
		bench->operations++;
		play(bench, &op);
		compare(bench, &op);
		if (stray && next_random(&bench->seed) % STRAY_IN == 0)
			play_stray(bench);
	}
}

/* ---- Programs ---- */

/* Most programs begin with a pair that is initialised as a PC's. Half of these pairs have automatic
 * EOI or the special fully nested mode. */
static void random_program(struct bench *bench)
{
	enum { MASTER_ICW4 = 7, SLAVE_ICW4 = 15 };
	static const uint8_t start[] = { 0x38, 0x11, 0x39, 0x20, 0x39, 4, 0x39, 1,
		                         0x3a, 0x11, 0x3b, 0x28, 0x3b, 2, 0x3b, 1 };
	static const uint8_t icw4[8] = { 1, 1, 1, 1, 1, 3, 0x11, 0x13 };
	uint8_t bytes[PROGRAM_BYTES];
	bench->program = bench->seed;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)next_random(&bench->seed);
	if (next_random(&bench->seed) % 4) {
		memcpy(bytes, start, sizeof(start));
		bytes[MASTER_ICW4] = icw4[next_random(&bench->seed) % 8];
		bytes[SLAVE_ICW4] = icw4[next_random(&bench->seed) % 8];
	}
	play_program(bench, bytes, sizeof(bytes), true);
}

/* Says how far a long run is. Call between two programs. */
static void report(struct bench *bench, uint64_t count)
{
	if (bench->operations < bench->report)
		return;
	bench->report += REPORT_EACH;
	printf("rtl: %" PRIu64 " of %" PRIu64 " operations: no difference so far\n",
	       bench->operations, count);
	fflush(stdout);
}

static void play_file(struct bench *bench, const char *name)
{
	static uint8_t bytes[FILE_BYTES];
	FILE *file = fopen(name, "rb");
	if (!file) {
		fprintf(stderr, "rtl: %s: cannot be read\n", name);
		exit(1);
	}
	size_t size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	play_program(bench, bytes, size, false);
}

int main(int argc, char **argv)
{
	static struct bench bench = {};
	uint64_t count = 100000;
	int files = 0;
	const char *coverage = NULL;
	bench.seed = 1;
	for (int i = 1; i < argc && !files; i++) {
		if (strcmp(argv[i], "--files") == 0)
			files = i + 1;
		else if (strcmp(argv[i], "--count") == 0 && i + 1 < argc)
			count = (uint64_t)strtod(argv[++i], NULL); /* 1e9 is a number too */
		else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			bench.seed = 2 * strtoull(argv[++i], NULL, 0) + 1;
		else if (strcmp(argv[i], "--program") == 0 && i + 1 < argc)
			bench.seed = strtoull(argv[++i], NULL, 0);
		else if (strcmp(argv[i], "--coverage") == 0 && i + 1 < argc)
			coverage = argv[++i];
		else {
			fprintf(stderr,
			        "cosim [--count N] [--seed N | --program STATE] [--coverage FILE] "
			        "[--files F...]\n");
			return 2;
		}
	}
	for (int i = files; files && i < argc; i++)
		play_file(&bench, argv[i]);
	bench.report = REPORT_EACH;
	while (!files && bench.operations < count) {
		random_program(&bench);
		report(&bench, count);
	}
	if (!bench.operations) {
		fprintf(stderr, "rtl: no operation was played\n");
		return 1;
	}
	printf("R07 rtl: %" PRIu64 " operations in %" PRIu64
	       " clocks, banks %d: outputs and registers are the model's ... ok\n",
	       bench.operations, bench.rtl.clocks(), (int)BLOCK_BANKS);
	if (coverage)
		bench.rtl.write_coverage(coverage);
	return 0;
}
