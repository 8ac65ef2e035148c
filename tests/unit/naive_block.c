/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/naive_block.h"

#include <string.h>

/* ---- Questions ---- */

static struct naive_pair *controller(struct naive_block *block)
{
	return &block->bank[block->connected];
}

/* Line 2 does not exist, and input 2 of the controller is the cascade: no way leads there. */
static bool reaches_controller(const struct naive_block *block, unsigned line)
{
	return line != 2 && block->to_controller[line] && block->controller_input[line] != 2;
}

static bool is_latched(const struct naive_block *block, unsigned line)
{
	return line != 2 && (!reaches_controller(block, line) || block->shared[line]);
}

/* Rule 1, second half: a level-triggered line's latch cannot be cleared while the line is high. */
static bool stands_by_level(const struct naive_block *block, unsigned line)
{
	return block->level[line] && block->line[line] && is_latched(block, line);
}

static bool status_bit(const struct naive_block *block, unsigned input)
{
	for (unsigned line = 0; line < 16; line++)
		if (block->latch[line] && block->block_input[line] == input)
			return true;
	return false;
}

static bool unmasked_status(const struct naive_block *block)
{
	for (unsigned input = 0; input < 16; input++)
		if (status_bit(block, input) && !block->masked[input])
			return true;
	return false;
}

static bool input_level(const struct naive_block *block, unsigned input, bool *has_line)
{
	bool high = false;

	*has_line = false;
	for (unsigned line = 0; line < 16; line++)
		if (reaches_controller(block, line) && block->controller_input[line] == input) {
			*has_line = true;
			high = high || block->line[line];
		}
	return high;
}

/* ---- What follows from any change ---- */

static void pulse(struct naive_block *block)
{
	block->nmi = true;
	if (block->pulses < 255)
		block->pulses++;
}

/* An input that a line leads to has its level; one with none keeps what it had (rule 4). All in one
 * step. */
static void follow(struct naive_block *block)
{
	for (unsigned input = 0; input < 16; input++) {
		bool has_line;
		bool high = input_level(block, input, &has_line);

		if (has_line)
			naive_pair_set_input(controller(block), input, high);
	}
	naive_pair_cascade(controller(block));
}

/* Rule 3. told: the VMM wrote mask or status, and what stands is told again. */
static void tell(struct naive_block *block, bool told)
{
	bool out;

	out = unmasked_status(block);
	if ((out && !block->out) || (told && (out || block->external)))
		pulse(block);
	block->out = out;
}

/* ---- Devices, processor, guest ---- */

void naive_reset(struct naive_block *block)
{
	memset(block, 0, sizeof(*block));
	for (unsigned i = 0; i < 16; i++) {
		naive_pair_reset(&block->bank[i]);
		block->to_controller[i] = true; /* a plain PC until a driver comes */
		block->masked[i] = true;
		block->controller_input[i] = i;
		block->block_input[i] = i;
	}
}

/* Another edge at an input that is high. */
static void edge_at(struct naive_block *block, unsigned input)
{
	struct naive_chip *chip = input < 8 ? &controller(block)->master
	                                    : &controller(block)->slave;

	if (chip->pin[input % 8])
		chip->edge[input % 8] = true;
}

void naive_set_line(struct naive_block *block, unsigned line, bool high)
{
	if (line >= 16 || line == 2 || high == block->line[line])
		return; /* a level that stays is no event */
	block->line[line] = high;
	if (high && is_latched(block, line))
		block->latch[line] = true;
	if (reaches_controller(block, line)) {
		/* Each line has an edge of its own, though another line holds the input high. */
		if (high)
			edge_at(block, block->controller_input[line]);
		follow(block);
	}
	tell(block, false);
}

void naive_raise_external(struct naive_block *block)
{
	block->external = true;
	pulse(block);
}

void naive_set_external(struct naive_block *block, bool high)
{
	if (high && !block->external_pin)
		naive_raise_external(block);
	block->external_pin = high;
}

bool naive_intr(const struct naive_block *block)
{
	return naive_pair_intr(&block->bank[block->connected]);
}

bool naive_take_nmi(struct naive_block *block)
{
	bool nmi = block->nmi;

	block->nmi = false;
	return nmi;
}

uint8_t naive_acknowledge(struct naive_block *block)
{
	return naive_pair_acknowledge(controller(block));
}

uint8_t naive_port_read(struct naive_block *block, uint16_t port)
{
	return naive_pair_read(controller(block), port);
}

void naive_port_write(struct naive_block *block, uint16_t port, uint8_t value)
{
	naive_pair_write(controller(block), port, value);
}

/* ---- The VMM ---- */

/* A latch becomes a request where its line reaches the controller of another bank than before, or
 * reaches one at all: held where the line is low again, else the edge that it was, once the inputs
 * have followed. */
static void hand_over(struct naive_block *block, const bool reached[16], bool other_bank)
{
	bool rises[16];

	for (unsigned line = 0; line < 16; line++) {
		bool comes = reaches_controller(block, line) && (!reached[line] || other_bank);

		rises[line] = block->latch[line] && comes && block->line[line];
		if (block->latch[line] && comes && !block->line[line])
			naive_pair_hold(controller(block), block->controller_input[line]);
		if (comes && !block->shared[line])
			block->latch[line] = false;
	}
	follow(block);
	for (unsigned line = 0; line < 16; line++)
		if (rises[line])
			edge_at(block, block->controller_input[line]);
	follow(block);
}

void naive_select(struct naive_block *block, uint16_t route, uint16_t mask, uint16_t share,
                  uint16_t bank, bool told)
{
	bool reached[16], other_bank = false;

	for (unsigned line = 0; line < 16; line++)
		reached[line] = reaches_controller(block, line);
	if (bank < 16) {
		other_bank = bank != block->connected;
		block->connected = bank;
	} else {
		route = 0;
	}
	for (unsigned i = 0; i < 16; i++) {
		block->to_controller[i] = route >> i & 1;
		block->masked[i] = mask >> i & 1;
		block->shared[i] = share >> i & 1;
	}
	hand_over(block, reached, other_bank);
	tell(block, told);
}

uint16_t naive_status(const struct naive_block *block)
{
	unsigned status = 0;

	for (unsigned input = 0; input < 16; input++)
		if (status_bit(block, input))
			status += 1u << input;
	return (uint16_t)status;
}

void naive_clear_status(struct naive_block *block, uint16_t inputs, bool external)
{
	for (unsigned line = 0; line < 16; line++)
		if ((inputs >> block->block_input[line] & 1) && !stands_by_level(block, line))
			block->latch[line] = false;
	if (external)
		block->external = false;
	tell(block, true);
}

void naive_set_inputs(struct naive_block *block, uint64_t controller_input, uint64_t block_input)
{
	bool reached[16];

	for (unsigned line = 0; line < 16; line++)
		reached[line] = reaches_controller(block, line);
	for (unsigned line = 0; line < 16; line++) {
		block->controller_input[line] = controller_input >> (4 * line) & 15;
		block->block_input[line] = block_input >> (4 * line) & 15;
	}
	hand_over(block, reached, false);
	tell(block, false);
}

void naive_set_level(struct naive_block *block, uint16_t level)
{
	for (unsigned line = 0; line < 16; line++)
		block->level[line] = level >> line & 1;
	tell(block, false);
}

/* ---- The register window (window.h) ---- */

static uint64_t bits(const bool array[16])
{
	uint64_t word = 0;

	for (unsigned i = 16; i-- > 0;)
		word = word * 2 + array[i];
	return word;
}

static uint64_t nibbles(const unsigned array[16])
{
	uint64_t word = 0;

	for (unsigned i = 16; i-- > 0;)
		word = word * 16 + array[i];
	return word;
}

static uint64_t view(const struct naive_pair *pair)
{
	uint64_t word = naive_pair_intr(pair);

	for (unsigned i = 16; i-- > 0;)
		word = word * 2 + naive_pair_enabled(pair, i);
	for (unsigned i = 16; i-- > 0;)
		word = word * 2 + naive_pair_requests(pair, i);
	return word;
}

/* The eight bytes at an offset that is a multiple of eight. */
static uint64_t window_word(const struct naive_block *block, uint32_t offset)
{
	const struct naive_pair *pair;

	switch (offset) {
	case 0x00:
		return UINT64_C(0x00010000) << 32 |
		       ('S' + 'B' * 0x100 + 'O' * 0x10000 + 'X' * 0x1000000);
	case 0x08:
		return 16 + 16 * 0x100 + 3 * 0x10000;
	case 0x10:
		return (uint64_t)block->connected << 48 | bits(block->shared) << 32 |
		       bits(block->masked) << 16 | bits(block->to_controller);
	case 0x18:
		return bits(block->line) << 48 | bits(block->level) << 32 |
		       (uint64_t)block->pulses << 24 | (uint64_t)naive_intr(block) << 17 |
		       (uint64_t)block->external << 16 | naive_status(block);
	case 0x20:
		return nibbles(block->controller_input);
	case 0x28:
		return nibbles(block->block_input);
	}
	if (offset < 0x100 || offset >= 0x100 + 16 * 0x20)
		return 0;
	pair = &block->bank[(offset - 0x100) / 0x20];
	return offset % 0x20 == 0x18 ? view(pair) : naive_pair_word(pair, offset % 0x20 / 8);
}

static bool is_proper(uint32_t offset, unsigned size)
{
	return (size == 1 || size == 2 || size == 4 || size == 8) && offset % size == 0 &&
	       offset < 4096;
}

uint64_t naive_window_read(struct naive_block *block, uint32_t offset, unsigned size)
{
	uint64_t value;

	if (!is_proper(offset, size))
		return 0;
	value = window_word(block, offset / 8 * 8) >> (8 * (offset % 8));
	if (size < 8)
		value &= (UINT64_C(1) << (8 * size)) - 1;
	if (offset <= 0x1b && 0x1b < offset + size)
		block->pulses = 0;
	return value;
}

static bool covers(uint32_t offset, unsigned size, uint32_t first, unsigned bytes)
{
	return offset < first + bytes && first < offset + size;
}

void naive_window_write(struct naive_block *block, uint32_t offset, unsigned size, uint64_t value)
{
	uint64_t word, written = 0; /* the eight bytes as they are to be, and those written alone */

	if (!is_proper(offset, size))
		return;
	word = window_word(block, offset / 8 * 8);
	for (unsigned i = 0; i < size; i++) {
		unsigned place = 8 * (offset % 8 + i);

		word &= ~(UINT64_C(255) << place);
		word |= (value >> (8 * i) & 255) << place;
		written |= (value >> (8 * i) & 255) << place;
	}
	switch (offset / 8 * 8) {
	case 0x10:
		naive_select(block, (uint16_t)word, (uint16_t)(word >> 16), (uint16_t)(word >> 32),
		             (uint16_t)(word >> 48), covers(offset, size, 0x12, 2));
		return;
	case 0x18:
		if (covers(offset, size, 0x18, 3))
			naive_clear_status(block, (uint16_t)written, written >> 16 & 1);
		if (covers(offset, size, 0x1c, 2))
			naive_set_level(block, (uint16_t)(word >> 32));
		return;
	case 0x20:
		naive_set_inputs(block, word, nibbles(block->block_input));
		return;
	case 0x28:
		naive_set_inputs(block, nibbles(block->controller_input), word);
		return;
	case 0x30:
		if (written & 1)
			naive_raise_external(block);
		return;
	}
	if (offset < 0x100 || offset >= 0x100 + 16 * 0x20 || offset % 0x20 >= 0x18)
		return;
	naive_pair_set_word(&block->bank[(offset - 0x100) / 0x20], offset % 0x20 / 8, word);
}
