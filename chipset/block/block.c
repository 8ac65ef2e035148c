/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiplexers and VMM block. See the header for the rules; (n) in a comment is the rule's number.
 * chipset/rtl/mux.sv and vmm_block.sv have the same functions in the same order.
 */
#include "chipset/block/block.h"
#include "chipset/block/window.h"

void block_reset(struct block *block)
{
	*block = (struct block){ .route = 0xffff, .mask = 0xffff };
	for (unsigned i = 0; i < BLOCK_BANKS; i++)
		pair_reset(&block->bank[i]);
	block_set_inputs(block, WINDOW_INPUTS_IDENTITY, WINDOW_INPUTS_IDENTITY);
}

static unsigned input_of(uint64_t inputs, unsigned line)
{
	return inputs >> 4 * line & 15;
}

/* Returns the set of inputs that a set of lines enters. */
static uint16_t to_inputs(const struct block *block, uint64_t inputs, uint16_t lines)
{
	if (block->trivial)
		return lines;
	uint16_t set = 0;
	for (unsigned rest = lines; rest; rest &= rest - 1)
		set |= (uint16_t)(1u << input_of(inputs, (unsigned)__builtin_ctz(rest)));
	return set;
}

static struct pair *connected(struct block *block)
{
	return &block->bank[block->connected];
}

/* Lines that the VMM block hears. */
static uint16_t heard(const struct block *block)
{
	return (uint16_t)~block->routed | block->share;
}

uint16_t block_status(const struct block *block)
{
	return to_inputs(block, block->block_input, block->latch);
}

/* The count stays at 255. */
static void pulse(struct block *block)
{
	block->nmi = true;
	block->pulses += block->pulses != 0xff;
}

/* (3) told: mask or status was written. */
static void drive_nmi(struct block *block, bool told)
{
	bool out = block_status(block) & (uint16_t)~block->mask;

	if ((out && !block->out) || (told && (out || block->external)))
		pulse(block);
	block->out = out;
}

/* Inputs with a line show the line's level; the other inputs stay as they are (4). risen: lines
 * that have just gone high. Each risen line is an edge, whatever the input's level was. */
static void follow(struct block *block, uint16_t risen)
{
	struct pair *pair = connected(block);
	uint16_t driven = to_inputs(block, block->controller_input, block->routed);
	uint16_t high = to_inputs(block, block->controller_input, block->routed & block->lines);

	pair_set_pins(pair, (pair_pins(pair) & (uint16_t)~driven) | high);
	if (risen)
		pair_pulse(pair, to_inputs(block, block->controller_input, risen));
}

void block_set_line(struct block *block, unsigned line, bool high)
{
	uint16_t bit = (uint16_t)(1u << (line & 15));

	if (line >= BLOCK_LINES || line == BLOCK_LINE_ABSENT || high == !!(block->lines & bit))
		return;
	block->lines ^= bit;
	if (high && heard(block) & bit)
		block->latch |= bit; /* (1) */
	if (block->routed & bit)
		follow(block, high ? bit : 0);
	drive_nmi(block, false);
}

void block_raise_external(struct block *block)
{
	block->external = true;
	pulse(block);
}

void block_set_external(struct block *block, bool high)
{
	if (high && !block->external_pin)
		block_raise_external(block);
	block->external_pin = high;
}

/* Lines of route whose controller input exists. IRQ2 is the cascade: there is no such line, and no
 * such input. */
static uint16_t usable(const struct block *block)
{
	uint16_t lines = block->route & (uint16_t) ~(1u << BLOCK_LINE_ABSENT);

	if (block->trivial)
		return lines;
	for (unsigned line = 0; line < BLOCK_LINES; line++)
		if (input_of(block->controller_input, line) == PAIR_CASCADE)
			lines &= (uint16_t) ~(1u << line);
	return lines;
}

/* To be called when routes, inputs or bank have changed. A latched assertion goes with its line
 * (2). While the line is still high, the assertion is the edge. Else the assertion is a held
 * request, because the line does not show the assertion any more. before: lines that were routed
 * before to the bank that is connected now. */
static void reconnect(struct block *block, uint16_t before)
{
	block->routed = usable(block);
	uint16_t moved = block->latch & block->routed & (uint16_t)~before;
	uint16_t fallen = moved & (uint16_t)~block->lines;
	if (fallen)
		pair_hold(connected(block), to_inputs(block, block->controller_input, fallen));
	block->latch &= (uint16_t) ~(moved & ~block->share);
	follow(block, moved & block->lines);
}

void block_select(struct block *block, uint16_t route, uint16_t mask, uint16_t share, uint16_t bank,
                  bool told)
{
	bool exists = bank < BLOCK_BANKS;
	uint16_t before = exists && bank == block->connected ? block->routed : 0;

	if (exists)
		block->connected = bank;
	block->route = exists ? route : 0;
	block->mask = mask;
	block->share = share;
	reconnect(block, before);
	drive_nmi(block, told);
}

void block_clear_status(struct block *block, uint16_t inputs, bool external)
{
	uint16_t cleared = inputs;

	if (!block->trivial) {
		cleared = 0;
		for (unsigned line = 0; line < BLOCK_LINES; line++)
			cleared |= (uint16_t)((inputs >> input_of(block->block_input, line) & 1u)
			                      << line);
	}
	block->latch &= (uint16_t)~cleared | (block->level & block->lines & heard(block)); /* (1) */
	if (external)
		block->external = false;
	drive_nmi(block, true);
}

void block_set_inputs(struct block *block, uint64_t controller_input, uint64_t block_input)
{
	block->controller_input = controller_input;
	block->block_input = block_input;
	block->trivial = controller_input == WINDOW_INPUTS_IDENTITY &&
	                 block_input == WINDOW_INPUTS_IDENTITY;
	reconnect(block, block->routed);
	drive_nmi(block, false);
}

void block_set_level(struct block *block, uint16_t level)
{
	block->level = level;
}

bool block_intr(const struct block *block)
{
	return pair_intr(&block->bank[block->connected]);
}

bool block_take_nmi(struct block *block)
{
	bool nmi = block->nmi;

	block->nmi = false;
	return nmi;
}

uint8_t block_acknowledge(struct block *block)
{
	return pair_acknowledge(connected(block));
}

uint8_t block_port_read(struct block *block, uint16_t port)
{
	return pair_port_read(connected(block), port);
}

void block_port_write(struct block *block, uint16_t port, uint8_t value)
{
	pair_port_write(connected(block), port, value);
}
