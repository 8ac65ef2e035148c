/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the keeper sees at the block. See the header for the rule. times_window.c has the registers.
 *
 * The keeper knows an event by the block's state before and after a call: a level that has come
 * into service is an INTA, and a level that has gone from service is an EOI.
 */
#include "chipset/times/times.h"

static const struct pair *connected(const struct block *block)
{
	return &block->bank[block->connected];
}

/* Returns the routed lines that enter one of the controller's inputs. */
static uint16_t lines_at(const struct block *block, uint16_t inputs)
{
	uint16_t lines = 0;

	for (unsigned rest = block->routed; rest; rest &= rest - 1) {
		unsigned line = (unsigned)__builtin_ctz(rest);
		unsigned input = block->controller_input >> 4 * line & 15;
		lines |= (uint16_t)((inputs >> input & 1u) << line);
	}
	return lines;
}

static uint16_t in_service(const struct pair *pair)
{
	uint16_t both = (uint16_t)(pair->chip[PAIR_MASTER].isr | pair->chip[PAIR_SLAVE].isr << 8);

	return both & (uint16_t) ~(1u << PAIR_CASCADE);
}

/* A request of a line that is not routed may stand in the bank of a VM that does not run, and
 * waits. */
void times_settle(struct times *times, const struct block *block)
{
	uint16_t standing = block->latch | lines_at(block, pair_irr(connected(block)));

	times->waiting &= (uint16_t) ~(block->routed & ~standing);
}

void times_set_line(struct times *times, struct block *block, unsigned line, bool high,
                    uint64_t now)
{
	uint16_t risen = (uint16_t)~block->lines;

	block_set_line(block, line, high);
	risen &= block->lines;
	times_settle(times, block);
	if (!risen)
		return;
	struct times_line *kept = &times->line[line];
	kept->edge = now;
	if (times->waiting & risen)
		kept->merged++;
	else
		kept->since = now;
	times->waiting |= risen;
}

/* ---- INTA ---- */

static void begin_service(struct times *times, uint16_t lines, uint64_t now)
{
	/* several lines at an input: the edges that wait are acknowledged together */
	if (lines & times->waiting)
		lines &= times->waiting;
	for (unsigned rest = lines; rest; rest &= rest - 1) {
		unsigned line = (unsigned)__builtin_ctz(rest);
		struct times_line *kept = &times->line[line];
		if (times->waiting >> line & 1)
			histogram_add(&kept->probe[TIMES_EDGE_TO_INTA], now - kept->since);
		else
			kept->unmatched++;
		kept->inta = now;
	}
	times->waiting &= (uint16_t)~lines;
	times->serving |= lines;
}

static void end_service(struct times *times, uint16_t lines, uint64_t now)
{
	for (unsigned rest = lines; rest; rest &= rest - 1) {
		unsigned line = (unsigned)__builtin_ctz(rest);
		struct times_line *kept = &times->line[line];
		kept->eoi = now;
		if (times->serving >> line & 1)
			histogram_add(&kept->probe[TIMES_INTA_TO_EOI], now - kept->inta);
	}
	times->serving &= (uint16_t)~lines;
}

/* The same pair without automatic EOI: a level that an INTA takes goes into service there. */
static struct pair without_automatic_eoi(const struct pair *pair)
{
	struct pair copy = *pair;

	copy.chip[PAIR_MASTER].icw4 &= (uint8_t)~ICW4_AEOI;
	copy.chip[PAIR_SLAVE].icw4 &= (uint8_t)~ICW4_AEOI;
	return copy;
}

/* taken: inputs whose request INTA or a poll has taken. In automatic EOI mode the EOI is a part of
 * INTA. */
static void take(struct times *times, const struct block *block, uint16_t taken, uint64_t now)
{
	begin_service(times, lines_at(block, taken), now);
	end_service(times, lines_at(block, taken & (uint16_t)~in_service(connected(block))), now);
	times_settle(times, block);
}

uint8_t times_acknowledge(struct times *times, struct block *block, uint64_t now)
{
	struct pair copy = without_automatic_eoi(connected(block));
	uint16_t before = in_service(&copy);

	pair_acknowledge(&copy);
	uint8_t vector = block_acknowledge(block);
	take(times, block, in_service(&copy) & (uint16_t)~before, now);
	return vector;
}

/* A read behind a poll command takes a request as an INTA does. */
uint8_t times_port_read(struct times *times, struct block *block, uint16_t port, uint64_t now)
{
	struct pair copy = without_automatic_eoi(connected(block));
	uint16_t before = in_service(&copy);

	pair_port_read(&copy, port);
	uint8_t value = block_port_read(block, port);
	take(times, block, in_service(&copy) & (uint16_t)~before, now);
	return value;
}

/* ---- EOI, masks, ICW1 and ICW2 ---- */

/* Drops the figures of the firmware and of the boot loader. A line that waits waits anew. */
static void begin_anew(struct times *times, uint64_t now)
{
	for (unsigned line = 0; line < BLOCK_LINES; line++)
		times->line[line] = (struct times_line){ .edge = times->line[line].edge,
			                                 .since = now };
	times->serving = 0;
	times->begun = true;
}

/* Returns whether a write of this value to the port gives the master other vectors than the
 * firmware of a PC does: a system takes the controller over. */
static bool takes_over(const struct block *block, uint16_t port, uint8_t value)
{
	enum { FIRMWARE_VECTORS = 0x08, VECTORS = 0xf8 };

	return port == PORT_MASTER + 1 && connected(block)->chip[PAIR_MASTER].step == I8259_ICW2 &&
	       (value & VECTORS) != FIRMWARE_VECTORS;
}

/* Lines that wait behind a mask begin to wait anew when the mask opens: before, the guest wanted
 * nothing of the line. */
static void open_masks(struct times *times, uint16_t lines, uint64_t now)
{
	for (unsigned rest = lines & times->waiting; rest; rest &= rest - 1)
		times->line[__builtin_ctz(rest)].since = now;
}

void times_port_write(struct times *times, struct block *block, uint16_t port, uint8_t value,
                      uint64_t now)
{
	uint16_t serving = in_service(connected(block)), enabled = pair_enabled(connected(block));
	bool icw1 = !(port & 1) && value & ICW1_SELECT;

	if (!times->begun && takes_over(block, port, value))
		begin_anew(times, now);
	block_port_write(block, port, value);
	uint16_t ended = lines_at(block, serving & (uint16_t)~in_service(connected(block)));
	if (icw1)
		times->serving &= (uint16_t)~ended; /* no EOI */
	else
		end_service(times, ended, now);
	open_masks(times, lines_at(block, pair_enabled(connected(block)) & (uint16_t)~enabled),
	           now);
	times_settle(times, block);
}
