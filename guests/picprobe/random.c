/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs from a seed.
 *
 * Rule: seed, number, features, lines and length decide; the program is the same on every machine.
 * Each program uses only a part of the features. So most features meet without others, and some
 * programs have all features at once.
 */
#include "guests/lib/random.h"
#include "guests/picprobe/picprobe.h"

#include <stddef.h>

static struct op ops[PROBE_OPS_MAX];
static unsigned used;
static uint64_t state;
static uint16_t may_drive;
static uint32_t has;

static unsigned below(unsigned limit)
{
	return random_below(&state, limit);
}

static bool one_in(unsigned n)
{
	return below(n) == 0;
}

static uint8_t byte(void)
{
	return (uint8_t)below(256);
}

static void add(enum op_kind kind, unsigned at, unsigned value)
{
	if (used < PROBE_OPS_MAX)
		ops[used++] = (struct op){ (uint8_t)kind, (uint8_t)at, (uint8_t)value };
}

/* Returns a chip's command port: the master's more often. */
static unsigned command(void)
{
	return below(5) < 3 ? MASTER_COMMAND : SLAVE_COMMAND;
}

static unsigned a_line(void)
{
	unsigned line;

	do
		line = below(16);
	while (!(may_drive >> line & 1));
	return line;
}

/* Returns a level of the chip behind a command port: mostly a level with a meaning. */
static unsigned a_level(unsigned port)
{
	unsigned line = a_line();

	if (one_in(4))
		return below(8);
	return port == SLAVE_COMMAND ? line % 8 : line < 8 ? line : 2;
}

/* ---- Operations ---- */

static void drive(void)
{
	add(OP_LINE, a_line(), below(2));
}

static void edge(void)
{
	unsigned line = a_line();

	add(OP_LINE, line, 0);
	add(OP_LINE, line, 1);
}

static void take(void)
{
	add(OP_TAKE, 0, 0);
}

static void read_back(void)
{
	static const uint8_t ports[] = { MASTER_COMMAND, MASTER_DATA, SLAVE_COMMAND, SLAVE_DATA };
	unsigned port = command();

	if (one_in(3)) {
		add(OP_IN, ports[below(sizeof(ports))], 0);
		return;
	}
	add(OP_OUT, port, 0x0a | below(2)); /* OCW3: IRR or ISR */
	add(OP_IN, port, 0);
}

static void mask(void)
{
	/* Few inputs masked, as on real machines, or any. */
	add(OP_OUT, command() + 1, one_in(3) ? byte() : byte() & byte() & byte());
}

static void eoi(void)
{
	add(OP_OUT, command(), 0x20);
}

static void specific_eoi(void)
{
	unsigned port = command();

	add(OP_OUT, port, 0x60 | a_level(port));
}

static void rotate(void)
{
	static const uint8_t commands[] = { 0xa0, 0xc0, 0xe0 };
	unsigned port = command(), value = commands[below(sizeof(commands))];

	add(OP_OUT, port, value == 0xa0 ? value : value | a_level(port));
}

static void rotate_auto(void)
{
	add(OP_OUT, command(), one_in(3) ? 0x00 : 0x80);
}

static void special_mask(void)
{
	add(OP_OUT, command(), one_in(3) ? 0x48 : 0x68);
}

static void poll_once(void)
{
	unsigned port = command();

	add(OP_OUT, port, 0x0c | (one_in(4) ? below(4) : 0));
	add(OP_IN, port + one_in(4), 0);
}

static void level_triggered(void)
{
	add(OP_OUT, ELCR_MASTER + below(2), byte() & byte());
	if (one_in(3))
		add(OP_IN, ELCR_MASTER + below(2), 0);
}

static void nop(void)
{
	static const uint8_t commands[] = { 0x40, 0x00, 0x20, 0x80, 0xa0 };
	unsigned value = commands[below(sizeof(commands))];

	/* R belongs to other features: without these features, no operation and non-specific EOI
	 * are left. */
	if (value == 0x00 || (value & 0x80 && !(has & FEATURE_ROTATE)))
		value = 0x40;
	if (value == 0x80 && !(has & FEATURE_AEOI))
		value = 0x20;
	add(OP_OUT, command(), value | below(8));
}

/* ---- Initialisation ---- */

/* ICW1 to ICW4. In MCS-80 mode the vector comes from ICW1. The bases avoid the processor's own
 * vectors. */
static void add_icws(unsigned port, unsigned icw1, unsigned icw3, unsigned icw4)
{
	uint8_t icws[4] = { (uint8_t)icw1, (uint8_t)(0x20 + 8 * below(25) + below(8)),
		            (uint8_t)icw3, (uint8_t)icw4 };
	unsigned left_at = has & FEATURE_PARTIAL && one_in(3) ? below(4) : 4;

	for (unsigned i = 0; i < 4; i++) {
		if ((i == 2 && icw1 & 0x02) || (i == 3 && !(icw1 & 0x01)))
			continue;
		if (i > 0 && i == left_at) {
			if (one_in(2))
				/* abandoned: the chip takes the next byte at the data port for an
				 * ICW */
				return;
			if (one_in(2))
				read_back();
			else
				drive();
			take();
		}
		add(OP_OUT, port + (i > 0), icws[i]);
	}
}

static void initialise(void)
{
	unsigned port = command(), icw1 = 0x11, icw3 = port == MASTER_COMMAND ? 0x04 : 0x02,
		 icw4 = 0x01;

	if (has & FEATURE_AEOI && one_in(2))
		icw4 |= 0x02;
	if (has & FEATURE_SFNM && port == MASTER_COMMAND && !one_in(4))
		icw4 |= 0x10;
	if (has & FEATURE_LTIM && !one_in(3))
		icw1 |= 0x08;
	if (has & FEATURE_SNGL && one_in(2))
		icw1 |= 0x02;
	if (has & FEATURE_ICW3 && one_in(2))
		icw3 = byte();
	if (has & FEATURE_MCS80 && one_in(2)) {
		icw1 |= (one_in(2) ? 0x40 : 0x80) | (one_in(2) ? 0x04 : 0);
		icw4 &= 0x1e;
		if (one_in(2))
			icw1 &= 0xfe;
	}
	if (has & FEATURE_NOP)
		icw4 |= below(4) << 2; /* buffered mode: pins that a PC does not use */
	add_icws(port, icw1, icw3, icw4);
	if (!one_in(3))
		add(OP_OUT, port + 1, byte() & byte() & byte());
}

/* ---- Programs ---- */

static const struct {
	void (*emit)(void);
	uint8_t weight;
	uint32_t features; /* at least one feature must be there; 0: always */
} choices[] = {
	{ drive, 14, 0 },
	{ edge, 12, 0 },
	{ take, 20, 0 },
	{ read_back, 16, 0 },
	{ mask, 7, 0 },
	{ eoi, 10, 0 },
	{ specific_eoi, 6, 0 },
	{ rotate, 8, FEATURE_ROTATE },
	{ rotate_auto, 5, FEATURE_AEOI },
	{ special_mask, 7, FEATURE_SMM },
	{ poll_once, 9, FEATURE_POLL },
	{ level_triggered, 6, FEATURE_ELCR },
	{ nop, 5, FEATURE_NOP },
	{ initialise, 3,
	  FEATURE_REINIT | FEATURE_PARTIAL | FEATURE_AEOI | FEATURE_SFNM | FEATURE_LTIM |
	          FEATURE_SNGL | FEATURE_ICW3 | FEATURE_MCS80 },
};
enum { CHOICES = sizeof(choices) / sizeof(choices[0]) };

static unsigned weight(unsigned choice)
{
	return choices[choice].features == 0 || choices[choice].features & has
	               ? choices[choice].weight
	               : 0;
}

static void choose(void)
{
	unsigned sum = choices[0].weight, choice = 0;

	for (unsigned i = 1; i < CHOICES; i++)
		sum += weight(i);
	unsigned left = below(sum);
	while (left >= weight(choice))
		left -= weight(choice++);
	choices[choice].emit();
}

static uint32_t part_of(uint32_t features)
{
	uint32_t part = 0;
	unsigned one_of = 1 + below(5);

	for (unsigned i = 0; i < PROBE_FEATURE_COUNT; i++)
		if (features >> i & 1 && one_in(one_of))
			part |= 1u << i;
	return part;
}

/* At the end: reads the chips' final state. */
static void look(void)
{
	for (unsigned port = MASTER_COMMAND; port <= SLAVE_COMMAND;
	     port += SLAVE_COMMAND - MASTER_COMMAND) {
		add(OP_OUT, port, 0x0a);
		add(OP_IN, port, 0);
		add(OP_OUT, port, 0x0b);
		add(OP_IN, port, 0);
		add(OP_IN, port + 1, 0);
	}
	take();
	take();
}
enum { LOOK_OPS = 12, EMIT_OPS = 16 };

struct program probe_random(uint32_t seed, uint32_t index, uint32_t features, uint16_t lines,
                            unsigned length)
{
	state = (uint64_t)seed << 32 | index;
	for (unsigned i = 0; i < 4; i++)
		below(2);
	used = 0;
	may_drive = lines;
	has = part_of(features);
	if (length > PROBE_OPS_MAX - LOOK_OPS - EMIT_OPS)
		length = PROBE_OPS_MAX - LOOK_OPS - EMIT_OPS;

	if (has & (FEATURE_AEOI | FEATURE_SFNM | FEATURE_LTIM) && one_in(2))
		initialise();
	add(OP_OUT, MASTER_DATA, byte() & byte() & byte() & 0xfb);
	add(OP_OUT, SLAVE_DATA, byte() & byte() & byte());
	while (used < length)
		choose();
	look();
	return (struct program){ .features = has, .ops = ops, .count = used };
}
