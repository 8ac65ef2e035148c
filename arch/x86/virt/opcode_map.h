/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A map of opcodes with few forms, as a list of ranges: a table of 256 bytes would be nine tenths
 * empty.
 *
 * Rule: a map ends with OPCODE_REST, whose form all other bytes have.
 */
#ifndef ARCH_X86_VIRT_OPCODE_MAP_H
#define ARCH_X86_VIRT_OPCODE_MAP_H

#include <stdint.h>

/* The opcodes from first to last have the form. */
struct opcode_range {
	uint8_t first, last, form;
};
#define OPCODE(opcode, form)         \
	{                            \
		opcode, opcode, form \
	}
#define OPCODE_REST(form)        \
	{                        \
		0x00, 0xff, form \
	}

/* Returns the form of the byte. Takes five instructions for each range before the byte's. */
static inline uint8_t opcode_form(const struct opcode_range *map, uint8_t byte)
{
	while (byte < map->first || byte > map->last)
		map++;
	return map->form;
}

#endif
