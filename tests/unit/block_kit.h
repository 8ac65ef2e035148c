/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the chipset block say again and again: a pair set up as a PC's firmware does
 * it, short names for its ports, the registers of the window by name.
 *
 * Rule: everything goes through the calls that a device, a processor, a guest or a VMM has; nothing
 * looks inside.
 */
#ifndef TESTS_UNIT_BLOCK_KIT_H
#define TESTS_UNIT_BLOCK_KIT_H

#include "chipset/block/block.h"
#include "chipset/block/window.h"

enum { MASTER = 0x20, MASTER_DATA = 0x21, SLAVE = 0xa0, SLAVE_DATA = 0xa1, EOI = 0x20 };
enum { READ_IRR = 0x0a, READ_ISR = 0x0b };
/* Vectors of kit_initialise(). */
enum { BASE_MASTER = 0x20, BASE_SLAVE = 0x28 };

static inline void kit_initialise(struct block *block, uint8_t icw4)
{
	const struct {
		uint16_t port;
		uint8_t value;
	} rows[] = {
		{ MASTER, 0x11 },   { MASTER_DATA, BASE_MASTER },
		{ MASTER_DATA, 4 }, { MASTER_DATA, icw4 },
		{ SLAVE, 0x11 },    { SLAVE_DATA, BASE_SLAVE },
		{ SLAVE_DATA, 2 },  { SLAVE_DATA, icw4 },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		block_port_write(block, rows[i].port, rows[i].value);
}

static inline void kit_raise(struct block *block, unsigned line)
{
	block_set_line(block, line, false);
	block_set_line(block, line, true);
}

static inline uint8_t kit_command_read(struct block *block, uint16_t port, uint8_t select)
{
	block_port_write(block, port, select);
	return block_port_read(block, port);
}

/* By input 0-15. */
static inline uint16_t kit_irr(struct block *block)
{
	return (uint16_t)(kit_command_read(block, MASTER, READ_IRR) |
	                  kit_command_read(block, SLAVE, READ_IRR) << 8);
}

static inline uint16_t kit_isr(struct block *block)
{
	return (uint16_t)(kit_command_read(block, MASTER, READ_ISR) |
	                  kit_command_read(block, SLAVE, READ_ISR) << 8);
}

static inline void kit_eoi(struct block *block, unsigned input)
{
	if (input >= 8)
		block_port_write(block, SLAVE, EOI);
	block_port_write(block, MASTER, EOI);
}

/* ---- The VMM's side ---- */

static inline void kit_route(struct block *block, uint16_t lines)
{
	block_window_write(block, WINDOW_ROUTE, 2, lines);
}

static inline void kit_mask(struct block *block, uint16_t inputs)
{
	block_window_write(block, WINDOW_MASK, 2, inputs);
}

static inline void kit_select(struct block *block, uint16_t route, uint16_t mask, uint16_t share,
                              uint16_t bank)
{
	block_window_write(block, WINDOW_SELECT, 8,
	                   route | (uint64_t)mask << 16 | (uint64_t)share << 32 |
	                           (uint64_t)bank << 48);
}

static inline uint16_t kit_status(struct block *block)
{
	return (uint16_t)block_window_read(block, WINDOW_STATUS, 2);
}

static inline void kit_clear(struct block *block, uint16_t inputs)
{
	block_window_write(block, WINDOW_STATUS, 2, inputs);
}

static inline bool kit_external(struct block *block)
{
	return block_window_read(block, WINDOW_STATUS, 4) & WINDOW_STATUS_EXTERNAL;
}

static inline uint64_t kit_word(struct block *block, unsigned bank, unsigned word)
{
	return block_window_read(block, WINDOW_STATE + bank * WINDOW_STATE_STRIDE + word * 8, 8);
}

static inline void kit_set_word(struct block *block, unsigned bank, unsigned word, uint64_t value)
{
	block_window_write(block, WINDOW_STATE + bank * WINDOW_STATE_STRIDE + word * 8, 8, value);
}

#endif
