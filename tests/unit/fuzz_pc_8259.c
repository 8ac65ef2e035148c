/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any program of a guest at its 8259 pair on pc, beside a pair that the guest has alone: libFuzzer
 * where clang is, else random programs.
 *
 * A step is an access by the guest, an interrupt that the guest takes, a change of a line, or a
 * turn of the other VM. Lines of the other VM and lines without an owner change too. pc_8259_kit.h
 * says what is compared after each step.
 *
 * A program may use the modes that software cannot read back: rotation, special mask mode, and
 * automatic EOI beside another VM.
 *
 * Not played, as docs/limits.md says: another ICW1 or ICW3 than a PC's; a read without a select
 * before the read; an exit between a poll command and the read, or a read at the data port; a poll
 * of the master that names the slave, without a poll of the slave behind; a change of a foreign
 * line between an ICW1 and the next ICW. A line of the guest's falls when the request has been
 * taken, as a device does until the device is served: a request stays a request once the VMM has
 * seen the request.
 *
 * Rule: no foreign line is ever open in the chips while the guest runs, and none is acknowledged
 * for the guest.
 */
#include "arch/x86/virt/virt.h"
#include "chipset/chipset.h"
#include "tests/unit/pc_8259_kit.h"
#include "tests/unit/sim8259.h"
#include "tests/unit/sim_board.h"

#include <stdio.h>
#include <stdlib.h>

enum { ICW1 = 0x11, ICW4 = 1, EOI = 0x20, SPECIFIC = 0x60, NOTHING = 0x40 };
enum { ROTATE = 0x80, SET_PRIORITY = 0xc0 };
enum { STEPS = 18 }; /* kinds of steps */
enum { SPECIAL_MASK_ON = 0x68, SPECIAL_MASK_OFF = 0x48 };
enum { OTHER_BASE = 0x60, BYTES = 3 };
enum { OTHERS = LINE(0) | LINE(4) | LINE(8) | LINE(14) };
enum { NOBODYS = 0xffff & ~(OWN | OTHERS | LINE(LINE_CASCADE)) };

uint64_t fake_tsc;

static struct kit kit;
static struct controller other;

static void initialise(uint16_t port, uint8_t value)
{
	kit_write(&kit, port, ICW1);
	/* the vector then tells the chip */
	kit_write(&kit, port + 1,
	          !kit.modes ? value & 0xf8 : (value & 0xf0) | (port < SLAVE ? 0 : 8));
	kit_write(&kit, port + 1, port < SLAVE ? LINE(LINE_CASCADE) : LINE_CASCADE);
	kit_write(&kit, port + 1, ICW4 | (kit.automatic && value & 1 ? AEOI : 0));
}

/* A line goes up, or down where nobody waits for its request. */
static void turn_line(unsigned line)
{
	if (!line_in(board.high, line))
		kit_set_line(&kit, line, true);
	else if (!line_in(OWN, line) || !naive_pair_requests(&kit.model, line))
		kit_set_line(&kit, line, false);
}

static unsigned pick(line_set lines, unsigned n)
{
	unsigned count = 0;

	for (line_set rest = lines; rest; rest &= rest - 1)
		count++;
	for (n %= count; n != 0; n--)
		lines &= lines - 1;
	return line_first(lines);
}

/* ---- The other VM ---- */

/* No mode of the guest reaches the other VM. */
static void expect_no_modes(void)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct sim_chip *real = &sim_pic.chip[i];

		kit_expect(&kit, "the other VM's special mask mode", real->special_mask, false);
		kit_expect(&kit, "the other VM's lowest priority", real->lowest, 7);
		kit_expect(&kit, "the other VM's poll command", real->poll, false);
	}
}

static void other_turn(unsigned events, unsigned seed)
{
	kit_leave();
	/* something is in service: at its end, or now */
	if (chipset->controller.save(&kit.guest, seed & 1) != 0) {
		if (seed & 2) {
			kit_enter(&kit);
			kit_adopt(&kit, false);
			return;
		}
		(void)chipset->controller.save(&kit.guest, true);
	}
	chipset->controller.restore(&other);
	chipset_mask(0);
	expect_no_modes();
	for (unsigned i = 0; i < events; i++) {
		unsigned line;
		int vector;

		seed = seed * 1103515245 + 12345;
		line = pick(OWN | OTHERS, seed >> 16);
		if (!line_in(OWN, line) || !line_in(board.high, line))
			turn_line(line);
		kit_dispatch();
		vector = chipset->controller.pending_vector(&other);
		if (vector >= 0)
			(void)chipset->controller.injected(&other);
		else if (sim_pic_interrupt())
			vector = sim_pic_acknowledge();
		if (vector >= 0 && vector / 16 != OTHER_BASE / 16)
			kit_differ(&kit, "a vector of the other VM", (unsigned)vector, OTHER_BASE);
		if (vector >= 0)
			for (unsigned chip = 0; chip < 2; chip++)
				(void)chipset->controller.port_write(&other, chip ? MASTER : SLAVE,
				                                     EOI);
	}
	(void)chipset->controller.save(&other, true);
	chipset->controller.restore(&kit.guest);
	kit.guest.changed = true;
	kit_dispatch();
	kit_enter(&kit);
	kit_adopt(&kit, true);
}

/* ---- One program ---- */

/* Sets a mode. */
static void do_mode(unsigned kind, uint16_t port, uint8_t y)
{
	switch (kind % 5) {
	case 0:
		kit_write(&kit, port, ROTATE | EOI);
		break;
	case 1:
		kit_write(&kit, port, ROTATE | SPECIFIC | (y & 7));
		break;
	case 2:
		kit_write(&kit, port, SET_PRIORITY | (y & 7));
		break;
	case 3:
		kit_write(&kit, port, y & 1 ? SPECIAL_MASK_ON : SPECIAL_MASK_OFF);
		break;
	case 4:
		kit_write(&kit, port, y & 1 ? ROTATE : 0);
		break;
	}
}

static void do_step(unsigned kind, uint8_t x, uint8_t y)
{
	const uint16_t port = x & 1 ? SLAVE : MASTER;

	switch (kind % STEPS) {
	case 0:
	case 1:
	case 2:
		turn_line(pick(OWN, x));
		break;
	case 3:
		turn_line(pick(OTHERS | NOBODYS, x));
		break;
	case 4:
	case 5:
		kit_take(&kit);
		break;
	case 6:
		kit_write(&kit, port + 1, x & 2 ? y : 0);
		break;
	case 7:
	case 8:
		kit_write(&kit, port, EOI);
		break;
	case 9:
		kit_write(&kit, port, SPECIFIC | (y & 7));
		break;
	case 10:
		kit_write(&kit, port, NOTHING | (y & 7));
		break;
	case 11:
		kit_read(&kit, port + 1, 0xff, "IMR");
		break;
	case 12:
		kit_read_register(&kit, port, READ_IRR);
		break;
	case 13:
		kit_read_register(&kit, port, READ_ISR);
		break;
	case 14:
		if (port == MASTER)
			initialise(MASTER, y);
		initialise(SLAVE, y ^ x);
		break;
	case 15:
		if (kit.modes || !kit.automatic)
			other_turn(x % 8, y * 77u + x);
		break;
	case 16:
		kit_poll(&kit, port);
		break;
	case 17:
		if (kit.modes)
			do_mode(x >> 1, port, y);
		break;
	}
	kit_take_exit(&kit);
}

static void begin(void)
{
	board_reset();
	sim_pic.keeps_fallen_edges = false;
	sim_pic.silent_in_initialisation = true;
	naive_pair_reset(&kit.model);
	kit.pending = -1;
	kit_leave();
	if (chipset_init("pc", 0) != 0)
		abort();
	chipset->controller.reset(&kit.guest, OWN, 0);
	chipset->controller.reset(&other, OTHERS, 0);
	chipset->block.claim(OWN, false);
	chipset->block.claim(OTHERS, false);
	chipset_route(&other);
	for (unsigned chip = 0; chip < 2; chip++) {
		uint16_t port = chip ? SLAVE : MASTER;
		const uint8_t icw[] = { OTHER_BASE + 8 * chip,
			                chip ? LINE_CASCADE : LINE(LINE_CASCADE), ICW4, 0 };

		(void)chipset->controller.port_write(&other, port, ICW1);
		for (unsigned i = 0; i < sizeof(icw); i++)
			(void)chipset->controller.port_write(&other, port + 1, icw[i]);
	}
	kit.guest.changed = true;
	kit_enter(&kit);
	initialise(MASTER, 0x20);
	initialise(SLAVE, 0x28);
}

/* What is left must not reach the next program: the realisation has state of its own. */
static void end(void)
{
	kit_leave();
	for (unsigned line = 0; line < LINES; line++)
		if (line != LINE_CASCADE)
			board_set_line(line, false);
	chipset->block.acknowledge(0xffff);
	chipset_route(NULL);
	kit_dispatch();
	(void)chipset->block.read_status(0);
	chipset->block.acknowledge(0xffff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	kit.automatic = size != 0 && data[0] & 0x80;
	kit.modes = size != 0 && data[0] & 0x40;
	kit.was_loose = false;
	begin();
	kit.step = 0;
	kit_check(&kit);
	for (; size >= BYTES; data += BYTES, size -= BYTES) {
		kit.step++;
		if (getenv("FUZZ_SAY") != NULL)
			fprintf(stderr, "%u: %u %x %x\n", kit.step, data[0] % STEPS, data[1],
			        data[2]);
		kit.was_loose = kit_loose(&kit);
		do_step(data[0], data[1], data[2]);
		kit_check(&kit);
	}
	end();
	return 0;
}

#ifndef WITH_LIBFUZZER
/* Random programs, the same at each call. */
static void play_random(unsigned programs)
{
	enum { LENGTH = 300 };
	uint8_t data[LENGTH * BYTES];
	uint32_t seed = 1;

	for (unsigned n = 0; n < programs; n++) {
		for (size_t at = 0; at < sizeof(data); at++) {
			seed = seed * 1664525 + 1013904223;
			data[at] = (uint8_t)(seed >> 24);
		}
		LLVMFuzzerTestOneInput(data, sizeof(data));
	}
	printf("pc_8259: %u programs of %d steps ... ok\n", programs, LENGTH);
}

#ifndef FUZZ_IN_A_TEST
int main(void)
{
	play_random(3000);
	return 0;
}
#endif
#endif
