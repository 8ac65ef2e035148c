/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * R07, R11: what a guest reads at its controller's ports and which vectors it gets are the same,
 * whether it has a machine of its own or is switched away at random moments, while other guests use
 * the controller and lines of theirs speak.
 *
 * Rule: any bytes at any of the six ports; the guest's own lines move as they like while it runs.
 * While it does not they may fall and rise, but none that has risen falls: that request is held,
 * where a machine of its own would have lost it.
 */
#include "tests/unit/sim_flows.h"

#include "arch/x86/cpu/nmi.h"
#include "chipset/block/window.h"
#include "tests/unit/sim_board.h"
#include "tests/unit/sim_window.h"
#include "vmm/core/flows.h"
#include "vmm/core/sched.h"

#include <stdlib.h>

enum { SEEDS = 40, STEPS = 6000, AWAY_MAX = 12, OTHERS = 3 };

static struct block alone; /* the machine of its own */
static struct vm *guest, *other[OTHERS];
static uint64_t generator;
static line_set other_lines;
static line_set risen; /* while the guest is away */
static bool slave_moved;
static unsigned acknowledged, reads, turns;
static uint64_t seed;

static unsigned below(unsigned limit)
{
	return random_below(&generator, limit);
}

static const uint16_t ports[] = { 0x20, 0x21, 0xa0, 0xa1, PORT_ELCR1, PORT_ELCR2 };

/* Programs that are likely, and anything. */
static uint8_t value_for(uint16_t port)
{
	static const uint8_t commands[] = { 0x11, 0x11, 0x13, 0x19, 0x10, 0x20, 0x20,
		                            0x20, 0x60, 0x63, 0xa0, 0xc5, 0x80, 0x00,
		                            0x0a, 0x0b, 0x0c, 0x68, 0x48, 0xe2 };
	static const uint8_t data[] = { 0x20, 0x28, 0x04, 0x02, 0x01, 0x03,
		                        0x11, 0x00, 0x00, 0xfb, 0x1d };

	if (below(4) == 0)
		return (uint8_t)below(256);
	return port & 1 ? data[below(sizeof(data))] : commands[below(sizeof(commands))];
}

/* A whole initialisation, or the chips would be in the middle of one most of the time. */
static void initialise(void (*out)(uint16_t port, uint8_t value))
{
	bool auto_eoi = below(4) == 0, special = below(3) == 0;

	for (unsigned chip = 0; chip < 2; chip++) {
		uint16_t port = chip ? 0xa0 : 0x20;

		out(port, below(8) ? 0x11 : 0x19);
		out(port + 1, chip ? 0x28 : 0x20);
		out(port + 1, chip ? 2 : 4);
		out(port + 1, (uint8_t)(1 | auto_eoi << 1 | special << 4));
		out(port + 1, (uint8_t)(below(2) ? 0 : below(256) & ~4u));
	}
}

/* ---- The guest, on both machines ---- */

static void out_both(uint16_t port, uint8_t value)
{
	flow_out(port, value);
	block_port_write(&alone, port, value);
}

static void in_both(uint16_t port)
{
	uint8_t value = flow_in(port), expected = block_port_read(&alone, port);

	reads++;
	if (value != expected)
		fail_msg("seed %lu: port %x reads %02x, on a machine of its own %02x",
		         (unsigned long)seed, port, value, expected);
}

static void acknowledge_both(void)
{
	bool asked = board.controller->interrupt(), expected = block_intr(&alone);

	if (asked != expected)
		fail_msg("seed %lu: INTR is %d, on a machine of its own %d", (unsigned long)seed,
		         asked, expected);
	if (!asked || below(3) == 0)
		return;
	uint8_t vector = board.controller->acknowledge(),
		vector_expected = block_acknowledge(&alone);

	acknowledged++;
	if (vector != vector_expected)
		fail_msg("seed %lu: vector %02x, on a machine of its own %02x", (unsigned long)seed,
		         vector, vector_expected);
	if (below(2))
		out_both(0xa0, 0x20);
	if (below(4))
		out_both(0x20, 0x20);
}

static unsigned line_of(line_set lines)
{
	unsigned line = below(LINES);

	while (!line_in(lines, line))
		line = (line + 1) % LINES;
	return line;
}

static void set_both(unsigned line, bool high)
{
	board_set_line(line, high);
	block_set_line(&alone, line, high);
}

static void live(void)
{
	unsigned line = line_of(guest->controller.lines);

	switch (below(8)) {
	case 0:
		if (below(6) == 0)
			initialise(out_both);
		break;
	case 1: {
		uint16_t port = ports[below(6)];

		out_both(port, value_for(port));
		break;
	}
	case 2:
		in_both(ports[below(6)]);
		break;
	case 3:
	case 4:
		set_both(line, below(2));
		break;
	default:
		acknowledge_both();
	}
}

/* ---- The others ---- */

/* A line of the guest that is away. Of the slave's one: its output may fall and rise between two of
 * them, which the master takes for an edge; of inputs that change together it sees nothing. */
static void move_away(void)
{
	unsigned line = line_of(guest->controller.lines);

	bool of_slave = line_input(alone.controller_input, line) >= 8;

	if (line_in(board.high & risen, line) || (of_slave && slave_moved))
		return;
	slave_moved |= of_slave;
	set_both(line, !line_in(board.high, line));
	risen |= board.high & LINE(line);
}

static void live_elsewhere(void)
{
	uint16_t port = ports[below(6)];

	if (below(4) == 0)
		move_away();

	switch (below(8)) {
	case 0:
		initialise(flow_out);
		break;
	case 1:
		flow_out(port, value_for(port));
		break;
	case 2:
		(void)flow_in(port);
		break;
	case 3:
		if (board.controller->interrupt())
			(void)board.controller->acknowledge();
		break;
	case 4:
		board_external_nmi();
		break;
	default:
		board_set_line(line_of(other_lines), below(2));
	}
}

/* Whatever it takes to enter vm. */
static void enter(struct vm *vm)
{
	board.in_guest = false;
	if (board.nmi_exit) {
		board.nmi_exit = false;
		board_take_nmi();
	}
	for (unsigned tries = 0; !flow_turn(vm); tries++)
		assert_true(tries < 40);
}

static void go_away(void)
{
	unsigned how = below(8);

	turns++;
	risen = 0;
	slave_moved = false;
	board.in_guest = false;
	if (how == 0) { /* an exit, and back */
		vm_leave();
		board_set_line(line_of(other_lines), below(2));
	} else {
		for (unsigned n = 1 + below(3); n > 0; n--) {
			enter(other[below(OTHERS)]);
			for (unsigned steps = below(AWAY_MAX); steps > 0; steps--)
				live_elsewhere();
		}
	}
	enter(guest);
}

/* The VMM's device is content when it is served. */
static void lower(void)
{
	board_set_line(FLOW_VMM_LINE, false);
}

static void build(void)
{
	static const unsigned counts[] = { 0, 1, 2, 3 };
	line_set level = below(2) ? (line_set)below(0x10000) & 0xdef8 : 0;
	uint64_t inputs = LINE_INPUTS_OWN;

	if (below(2)) /* its lines change places */
		inputs ^= (3ull ^ 9ull) << 12 ^ (3ull ^ 9ull) << 36;
	flow_begin(counts[below(4)], level);
	if (below(2))
		flow_claim();
	flow_on_serve = lower;
	guest = flow_add_wired(LINE(0) | LINE(3) | LINE(9) | LINE(15), below(3), inputs,
	                       LINE_INPUTS_OWN);
	other[0] = flow_add(LINE(8) | LINE(5), 1);
	other[1] = flow_add(LINE(1) | LINE(12), 2);
	other[2] = flow_add(LINE(6) | LINE(14), 0);
	other_lines = LINE(8) | LINE(5) | LINE(1) | LINE(12) | LINE(6) | LINE(14) | LINE(10) |
	              LINE(FLOW_VMM_LINE);
	block_reset(&alone);
	block_set_inputs(&alone, inputs, LINE_INPUTS_OWN);
	pair_port_write(&alone.bank[0], PORT_ELCR1, (uint8_t)level);
	pair_port_write(&alone.bank[0], PORT_ELCR2, (uint8_t)(level >> 8));
	enter(guest);
	/* Both start from the guest's own setting of edge and level, which goes with its lines. */
	out_both(PORT_ELCR1, (uint8_t)level);
	out_both(PORT_ELCR2, (uint8_t)(level >> 8));
	initialise(out_both);
}

static void play(void)
{
	generator = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	acknowledged = reads = turns = 0;
	(void)flow_power_on(NULL);
	build();
	for (unsigned step = 0; step < STEPS; step++) {
		live();
		if (board.nmi_exit || below(10) == 0)
			go_away();
	}
	assert_in_range(acknowledged, STEPS / 40, STEPS);
	assert_in_range(reads, STEPS / 40, STEPS);
	assert_in_range(turns, STEPS / 20, STEPS);
}

static void R07_R11_a_guest_s_transcript_is_that_of_a_machine_of_its_own(void **state)
{
	const char *many = getenv("SEEDS"), *one = getenv("SEED");
	uint64_t seeds = many ? strtoull(many, NULL, 0) : SEEDS;

	(void)state;
	if (one) {
		seed = strtoull(one, NULL, 0);
		play();
		return;
	}
	for (seed = 1; seed <= seeds; seed++)
		play();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R07_R11_a_guest_s_transcript_is_that_of_a_machine_of_its_own),
	};

	return cmocka_run_group_tests_name("transcript", tests, NULL, NULL);
}
