/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs of a guest at its 8259 pair on pc, beside another VM. See the header for the rule.
 */
#include "tests/unit/pc_8259_program.h"
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

/* A program under way: the guest beside its model, and the other VM. */
struct program {
	struct kit kit;
	struct controller other;
};

static void initialise(struct program *p, uint16_t port, uint8_t value)
{
	kit_write(&p->kit, port, ICW1);
	/* the vector then tells the chip */
	kit_write(&p->kit, port + 1,
	          !p->kit.modes ? value & 0xf8 : (value & 0xf0) | (port < SLAVE ? 0 : 8));
	kit_write(&p->kit, port + 1, port < SLAVE ? LINE(LINE_CASCADE) : LINE_CASCADE);
	kit_write(&p->kit, port + 1, ICW4 | (p->kit.automatic && value & 1 ? AEOI : 0));
}

/* A line goes up, or down where nobody waits for its request. */
static void turn_line(struct program *p, unsigned line)
{
	if (!line_in(board.high, line))
		kit_set_line(&p->kit, line, true);
	else if (!line_in(OWN, line) || !naive_pair_requests(&p->kit.model, line))
		kit_set_line(&p->kit, line, false);
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
static void expect_no_modes(struct program *p)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct sim_chip *real = &sim_pic.chip[i];

		kit_expect(&p->kit, "the other VM's special mask mode", real->special_mask, false);
		kit_expect(&p->kit, "the other VM's lowest priority", real->lowest, 7);
		kit_expect(&p->kit, "the other VM's poll command", real->poll, false);
	}
}

static void other_turn(struct program *p, unsigned events, unsigned seed)
{
	kit_leave();
	/* something is in service: at its end, or now */
	if (chipset->controller.save(&p->kit.guest, seed & 1) != 0) {
		if (seed & 2) {
			kit_enter(&p->kit);
			kit_adopt(&p->kit, false);
			return;
		}
		(void)chipset->controller.save(&p->kit.guest, true);
	}
	chipset->controller.restore(&p->other);
	chipset_mask(0);
	expect_no_modes(p);
	for (unsigned i = 0; i < events; i++) {
		unsigned line;
		int vector;

		seed = seed * 1103515245 + 12345;
		line = pick(OWN | OTHERS, seed >> 16);
		if (!line_in(OWN, line) || !line_in(board.high, line))
			turn_line(p, line);
		kit_dispatch();
		vector = chipset->controller.pending_vector(&p->other);
		if (vector >= 0)
			(void)chipset->controller.injected(&p->other);
		else if (sim_pic_interrupt())
			vector = sim_pic_acknowledge();
		if (vector >= 0 && vector / 16 != OTHER_BASE / 16)
			kit_differ(&p->kit, "a vector of the other VM", (unsigned)vector,
			           OTHER_BASE);
		if (vector >= 0)
			for (unsigned chip = 0; chip < 2; chip++)
				(void)chipset->controller.port_write(&p->other,
				                                     chip ? MASTER : SLAVE, EOI);
	}
	(void)chipset->controller.save(&p->other, true);
	chipset->controller.restore(&p->kit.guest);
	p->kit.guest.changed = true;
	kit_dispatch();
	kit_enter(&p->kit);
	kit_adopt(&p->kit, true);
}

/* ---- One program ---- */

/* Sets a mode. */
static void do_mode(struct program *p, unsigned kind, uint16_t port, uint8_t y)
{
	switch (kind % 5) {
	case 0:
		kit_write(&p->kit, port, ROTATE | EOI);
		break;
	case 1:
		kit_write(&p->kit, port, ROTATE | SPECIFIC | (y & 7));
		break;
	case 2:
		kit_write(&p->kit, port, SET_PRIORITY | (y & 7));
		break;
	case 3:
		kit_write(&p->kit, port, y & 1 ? SPECIAL_MASK_ON : SPECIAL_MASK_OFF);
		break;
	case 4:
		kit_write(&p->kit, port, y & 1 ? ROTATE : 0);
		break;
	}
}

static void do_step(struct program *p, unsigned kind, uint8_t x, uint8_t y)
{
	const uint16_t port = x & 1 ? SLAVE : MASTER;

	switch (kind % STEPS) {
	case 0:
	case 1:
	case 2:
		turn_line(p, pick(OWN, x));
		break;
	case 3:
		turn_line(p, pick(OTHERS | NOBODYS, x));
		break;
	case 4:
	case 5:
		kit_take(&p->kit);
		break;
	case 6:
		kit_write(&p->kit, port + 1, x & 2 ? y : 0);
		break;
	case 7:
	case 8:
		kit_write(&p->kit, port, EOI);
		break;
	case 9:
		kit_write(&p->kit, port, SPECIFIC | (y & 7));
		break;
	case 10:
		kit_write(&p->kit, port, NOTHING | (y & 7));
		break;
	case 11:
		kit_read(&p->kit, port + 1, 0xff, "IMR");
		break;
	case 12:
		kit_read_register(&p->kit, port, READ_IRR);
		break;
	case 13:
		kit_read_register(&p->kit, port, READ_ISR);
		break;
	case 14:
		if (port == MASTER)
			initialise(p, MASTER, y);
		initialise(p, SLAVE, y ^ x);
		break;
	case 15:
		if (p->kit.modes || !p->kit.automatic)
			other_turn(p, x % 8, y * 77u + x);
		break;
	case 16:
		kit_poll(&p->kit, port);
		break;
	case 17:
		if (p->kit.modes)
			do_mode(p, x >> 1, port, y);
		break;
	}
	kit_take_exit(&p->kit);
}

static void begin(struct program *p)
{
	board_reset();
	sim_pic.keeps_fallen_edges = false;
	sim_pic.silent_in_initialisation = true;
	naive_pair_reset(&p->kit.model);
	p->kit.pending = -1;
	kit_leave();
	if (chipset_init("pc", 0) != 0)
		abort();
	p->kit.guest.counters = p->kit.exits;
	chipset->controller.reset(&p->kit.guest, OWN, 0);
	chipset->controller.reset(&p->other, OTHERS, 0);
	chipset->block.claim(OWN, false);
	chipset->block.claim(OTHERS, false);
	chipset_route(&p->other);
	for (unsigned chip = 0; chip < 2; chip++) {
		uint16_t port = chip ? SLAVE : MASTER;
		const uint8_t icw[] = { OTHER_BASE + 8 * chip,
			                chip ? LINE_CASCADE : LINE(LINE_CASCADE), ICW4, 0 };

		(void)chipset->controller.port_write(&p->other, port, ICW1);
		for (unsigned i = 0; i < sizeof(icw); i++)
			(void)chipset->controller.port_write(&p->other, port + 1, icw[i]);
	}
	p->kit.guest.changed = true;
	kit_enter(&p->kit);
	initialise(p, MASTER, 0x20);
	initialise(p, SLAVE, 0x28);
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

unsigned pc_8259_play(const uint8_t *data, size_t size)
{
	struct program p = {
		.kit.automatic = size != 0 && data[0] & 0x80,
		.kit.modes = size != 0 && data[0] & 0x40,
	};

	begin(&p);
	kit_check(&p.kit);
	for (; size >= BYTES; data += BYTES, size -= BYTES) {
		p.kit.step++;
		if (getenv("FUZZ_SAY") != NULL)
			fprintf(stderr, "%u: %u %x %x\n", p.kit.step, data[0] % STEPS, data[1],
			        data[2]);
		p.kit.was_loose = kit_loose(&p.kit);
		do_step(&p, data[0], data[1], data[2]);
		kit_check(&p.kit);
	}
	end();
	return (unsigned)p.kit.exits[VM_EXIT_IO];
}

void pc_8259_play_random(unsigned programs)
{
	enum { LENGTH = 300 };
	uint8_t data[LENGTH * BYTES];
	uint32_t seed = 1;
	unsigned quick = 0;

	for (unsigned n = 0; n < programs; n++) {
		for (size_t at = 0; at < sizeof(data); at++) {
			seed = seed * 1664525 + 1013904223;
			data[at] = (uint8_t)(seed >> 24);
		}
		quick += pc_8259_play(data, sizeof(data));
	}
	if (quick == 0)
		abort(); /* no access was carried out by the back end */
	printf("pc_8259: %u programs of %d steps, %u quick accesses ... ok\n", programs, LENGTH,
	       quick);
}
