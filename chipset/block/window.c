/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register window: the values that an access reads, and the effects of an access. window.h has
 * the offsets and bits.
 *
 * Rule: a register file of 8-byte slots. An access names some bytes of a single slot and touches no
 * other slot. chipset/rtl/window.sv has the same functions in the same order.
 */
#include "chipset/block/window.h"
#include "chipset/block/block.h"

enum { SLOT_BYTES = 8, STATUS_CLEARS_PULSES = 3 /* byte of the slot */ };

struct access {
	uint32_t slot;  /* offset of the slot's first byte */
	unsigned shift; /* bits from the slot's start */
	uint64_t bytes; /* all ones where the access reaches */
};

/* An access is 1, 2, 4 or 8 bytes, naturally aligned. */
static bool decode(struct access *access, uint32_t offset, unsigned size)
{
	bool power = size == 1 || size == 2 || size == 4 || size == 8;

	if (!power || offset & (size - 1) || offset >= WINDOW_BYTES)
		return false;
	access->slot = offset & ~(uint32_t)(SLOT_BYTES - 1);
	access->shift = 8 * (offset & (SLOT_BYTES - 1));
	access->bytes = (size == 8 ? UINT64_MAX : (1ull << 8 * size) - 1) << access->shift;
	return true;
}

static uint64_t read_select(const struct block *block)
{
	return block->route | (uint64_t)block->mask << 16 | (uint64_t)block->share << 32 |
	       (uint64_t)block->connected << 48;
}

static uint64_t read_status(struct block *block, uint64_t bytes)
{
	uint64_t value = block_status(block) | (block->external ? WINDOW_STATUS_EXTERNAL : 0) |
	                 (block_intr(block) ? WINDOW_STATUS_INTR : 0) |
	                 (uint64_t)block->pulses << WINDOW_STATUS_PULSES_SHIFT |
	                 (uint64_t)block->level << 32 | (uint64_t)block->lines << 48;

	if (bytes >> 8 * STATUS_CLEARS_PULSES & 1)
		block->pulses = 0;
	return value;
}

/* Finds the bank's number and the word of the bank's state. Returns whether the slot is in a bank's
 * state. */
static bool in_state(uint32_t slot, unsigned *bank, unsigned *word)
{
	*bank = (slot - WINDOW_STATE) / WINDOW_STATE_STRIDE;
	*word = (slot - WINDOW_STATE) % WINDOW_STATE_STRIDE / SLOT_BYTES;
	return slot >= WINDOW_STATE && *bank < BLOCK_BANKS;
}

static uint64_t read_state(const struct pair *pair, unsigned word)
{
	if (word < PAIR_WORDS)
		return pair_word(pair, word);
	return pair_irr(pair) | (uint64_t)pair_enabled(pair) << VIEW_ENABLED_SHIFT |
	       (uint64_t)pair_intr(pair) << VIEW_INT_BIT;
}

static uint64_t read_slot(struct block *block, const struct access *access)
{
	unsigned bank, word;

	switch (access->slot) {
	case WINDOW_ID:
		return WINDOW_ID_VALUE | (uint64_t)WINDOW_VERSION_VALUE << 32;
	case WINDOW_CAPABILITY:
		return BLOCK_BANKS | BLOCK_LINES << 8 | PAIR_WORDS << 16;
	case WINDOW_SELECT:
		return read_select(block);
	case WINDOW_STATUS:
		return read_status(block, access->bytes);
	case WINDOW_CONTROLLER_INPUT:
		return block->controller_input;
	case WINDOW_BLOCK_INPUT:
		return block->block_input;
	default:
		return in_state(access->slot, &bank, &word) ? read_state(&block->bank[bank], word)
		                                            : 0;
	}
}

uint64_t block_window_read(struct block *block, uint32_t offset, unsigned size)
{
	struct access access;

	if (!decode(&access, offset, size))
		return 0;
	return (read_slot(block, &access) & access.bytes) >> access.shift;
}

static uint64_t merge(uint64_t old, uint64_t value, uint64_t bytes)
{
	return (old & ~bytes) | (value & bytes);
}

static void write_select(struct block *block, uint64_t value, uint64_t bytes)
{
	uint64_t all = merge(read_select(block), value, bytes);

	block_select(block, (uint16_t)all, (uint16_t)(all >> 16), (uint16_t)(all >> 32),
	             (uint16_t)(all >> 48), bytes & 0xffff0000);
}

static void write_status(struct block *block, uint64_t value, uint64_t bytes)
{
	uint64_t ones = value & bytes;

	if (bytes & 0x00ffffff)
		block_clear_status(block, (uint16_t)ones, ones & WINDOW_STATUS_EXTERNAL);
	if (bytes & 0xffffull << 32)
		block_set_level(block, (uint16_t)merge(block->level, value >> 32, bytes >> 32));
}

static void write_state(struct pair *pair, unsigned word, uint64_t value, uint64_t bytes)
{
	if (word < PAIR_WORDS)
		pair_set_word(pair, word, merge(pair_word(pair, word), value, bytes));
}

void block_window_write(struct block *block, uint32_t offset, unsigned size, uint64_t value)
{
	struct access access;
	unsigned bank, word;

	if (!decode(&access, offset, size))
		return;
	uint64_t bytes = access.bytes, placed = value << access.shift;
	switch (access.slot) {
	case WINDOW_SELECT:
		write_select(block, placed, bytes);
		break;
	case WINDOW_STATUS:
		write_status(block, placed, bytes);
		break;
	case WINDOW_CONTROLLER_INPUT:
		block_set_inputs(block, merge(block->controller_input, placed, bytes),
		                 block->block_input);
		break;
	case WINDOW_BLOCK_INPUT:
		block_set_inputs(block, block->controller_input,
		                 merge(block->block_input, placed, bytes));
		break;
	case WINDOW_EXTERNAL:
		if (placed & bytes & 1)
			block_raise_external(block);
		break;
	default:
		if (in_state(access.slot, &bank, &word))
			write_state(&block->bank[bank], word, placed, bytes);
	}
}
