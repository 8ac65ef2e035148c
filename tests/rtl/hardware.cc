/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block as the emulators' device drives the block (emulators/hardware.h), under random calls.
 *
 *   hardware CALLS SEED
 *
 * Rule: the program is linked once with the C model and once with the Verilated block. Each call
 * prints its answer and the outputs. `make rtl-hardware` compares the two texts, so this file
 * expects nothing by itself.
 */
#include "emulators/hardware.h"

#include "chipset/block/window.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

extern "C" {
#include "tests/unit/block_ops.h"
}

enum {
	PROGRAM_BYTES = 400,
	ROOM = 1 << 20,
	STRAY_IN = 16,
	PREPARE_IN = 64,
	SAVE_IN = 64,
	RESTORE_IN = 64
};

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * UINT64_C(0x2545f4914f6cdd1d) >> 32;
}

struct bench {
	struct hardware *hardware;
	uint64_t calls, seed;
	std::vector<uint8_t> saved; /* empty: nothing is saved yet */
};

/* The answer of a call and the outputs. A call is followed by both outputs, as hardware.h asks. */
static void tell(struct bench *bench, const char *call, uint64_t answer)
{
	unsigned nmi = hardware_take_nmi(bench->hardware), intr = hardware_intr(bench->hardware);
	printf("%" PRIu64 " %s %" PRIx64 " intr %u nmi %u lines %x\n", bench->calls++, call, answer,
	       intr, nmi, (unsigned)hardware_lines(bench->hardware));
}

static void write_window(struct bench *bench, uint32_t offset, unsigned size, uint64_t value)
{
	hardware_window_write(bench->hardware, offset, size, value);
	tell(bench, "window written", offset);
}

/* Where INTR is low, the vector that an INTA would give, and that nothing has changed. */
static void acknowledge(struct bench *bench)
{
	struct hardware *hardware = bench->hardware;
	if (!hardware_intr(hardware))
		tell(bench, "spurious", hardware_spurious(hardware));
	for (uint32_t offset = WINDOW_STATE; offset < WINDOW_STATE + 0x80; offset += 8)
		tell(bench, "state", hardware_window_read(hardware, offset, 8));
	tell(bench, "INTA", hardware_acknowledge(hardware));
}

static void play(struct bench *bench, const struct op *op)
{
	struct hardware *hardware = bench->hardware;
	switch (op->kind) {
	case OP_LINE:
		hardware_set_line(hardware, op->a, op->high);
		return tell(bench, "line", op->a);
	case OP_EXTERNAL:
		hardware_press(hardware);
		return tell(bench, "pressed", 0);
	case OP_RAISE_EXTERNAL:
		return write_window(bench, WINDOW_EXTERNAL, 1, 1);
	case OP_ACKNOWLEDGE:
		return acknowledge(bench);
	case OP_TAKE_NMI:
		return tell(bench, "nothing", 0);
	case OP_RESET:
		hardware_reset(hardware);
		return tell(bench, "reset", 0);
	case OP_READ:
		return tell(bench, "port", hardware_port_read(hardware, (uint16_t)op->a));
	case OP_WRITE:
		hardware_port_write(hardware, (uint16_t)op->a, (uint8_t)op->value);
		return tell(bench, "port written", op->a);
	case OP_SELECT:
		return write_window(bench, WINDOW_SELECT, 8, op->value);
	case OP_CLEAR_STATUS:
		return write_window(bench, WINDOW_STATUS, 4,
		                    op->a | (op->high ? WINDOW_STATUS_EXTERNAL : 0));
	case OP_INPUTS:
		write_window(bench, WINDOW_CONTROLLER_INPUT, 8, op->value);
		return write_window(bench, WINDOW_BLOCK_INPUT, 8, op->other);
	case OP_LEVEL:
		return write_window(bench, WINDOW_LEVEL, 2, op->a);
	case OP_WINDOW_READ:
		return tell(bench, "window", hardware_window_read(hardware, op->a, op->size));
	case OP_WINDOW_WRITE:
		return write_window(bench, op->a, op->size, op->value);
	}
}

/* What no guest and no VMM does: lines that do not exist, and accesses of any size anywhere. */
static void stray(struct bench *bench)
{
	struct hardware *hardware = bench->hardware;
	uint64_t random = next_random(&bench->seed);
	/* half of the accesses are at registers */
	uint32_t offset = (uint32_t)(random >> 9 & (random >> 8 & 1 ? 0x3f : 0x1fff));
	unsigned size = (unsigned)(random & 31);

	hardware_set_line(hardware, (unsigned)(random >> 3 & 63), random & 1);
	tell(bench, "any line", random >> 3 & 63);
	tell(bench, "any window", hardware_window_read(hardware, offset, size));
	if (offset < WINDOW_STATE || offset >= WINDOW_BYTES)
		write_window(bench, offset, size, next_random(&bench->seed));
}

/* The connected bank gets a state in which INTR is low and an INTA changes the bank: the master has
 * a slave at IR7, where a spurious INTA goes, and the slave has a request. */
static void prepare_spurious(struct bench *bench)
{
	enum { ICW1 = 0x11, ICW4 = 0x01, READY = 1, LOWEST = 7 };
	const uint64_t modes = (uint64_t)READY << 24 | LOWEST << 16 | ICW4 << 8 | ICW1;
	uint32_t bank = (uint32_t)hardware_window_read(bench->hardware, WINDOW_BANK, 2);
	uint32_t state = WINDOW_STATE + WINDOW_STATE_STRIDE * bank;

	/* ICW3 | ICW2 | IMR; of the slave, the held request of input 3 */
	write_window(bench, state, 8, UINT64_C(0x8008000000ff0000));
	write_window(bench, state + 8, 8, UINT64_C(0x0770000800000000));
	write_window(bench, state + 16, 8, modes << 32 | modes);
	tell(bench, "spurious", hardware_spurious(bench->hardware));
	for (uint32_t word = 0; word < 3; word++)
		tell(bench, "state", hardware_window_read(bench->hardware, state + 8 * word, 8));
}

/* Both makes have states of their own, so only the state's effects are told. */
static void save(struct bench *bench)
{
	std::vector<uint8_t> room(ROOM, 0xa5);
	size_t bytes = hardware_save(bench->hardware, room.data(), room.size());
	std::vector<uint8_t> small(bytes, 0xa5);
	bool kept = hardware_save(bench->hardware, small.data(), bytes - 1) == bytes;

	for (uint8_t byte : small)
		kept = kept && byte == 0xa5;
	room.resize(bytes);
	bench->saved = room;
	tell(bench, "saved", kept);
}

/* A state that is too short, or that another make or build of the block has made, is refused. */
static void restore(struct bench *bench)
{
	std::vector<uint8_t> other = bench->saved;
	if (other.empty())
		return;
	other[0] ^= 1;
	tell(bench, "another state", hardware_restore(bench->hardware, other.data(), other.size()));
	tell(bench, "a short state",
	     hardware_restore(bench->hardware, bench->saved.data(), bench->saved.size() - 1));
	tell(bench, "restored",
	     hardware_restore(bench->hardware, bench->saved.data(), bench->saved.size()));
}

static void play_program(struct bench *bench, uint64_t calls)
{
	uint8_t bytes[PROGRAM_BYTES];
	for (uint8_t &byte : bytes)
		byte = (uint8_t)next_random(&bench->seed);
	struct op_stream stream = { bytes, bytes + sizeof bytes };
	struct op op;

	while (bench->calls < calls && op_next(&stream, &op)) {
		uint64_t random = next_random(&bench->seed);
		play(bench, &op);
		if (random % STRAY_IN == 0)
			stray(bench);
		if ((random >> 4) % PREPARE_IN == 0)
			prepare_spurious(bench);
		if ((random >> 8) % SAVE_IN == 0)
			save(bench);
		if ((random >> 16) % RESTORE_IN == 0)
			restore(bench);
	}
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: hardware CALLS SEED\n");
		return 2;
	}
	struct bench bench = { hardware_new(), 0, strtoull(argv[2], nullptr, 0), {} };
	uint64_t calls = strtoull(argv[1], nullptr, 0);
	char text[100];

	if (!bench.hardware || bench.seed == 0) {
		fprintf(stderr, "hardware: no memory, or a seed of 0\n");
		return 2;
	}
	while (bench.calls < calls)
		play_program(&bench, calls);
	hardware_describe(bench.hardware, text, sizeof text);
	fprintf(stderr, "%s\n", text);
	hardware_free(bench.hardware);
	return 0;
}
