/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt request lines as a set: the sixteen lines IRQ0 to IRQ15, and room for lines of other
 * kinds (pins 16 to 23 of an I/O APIC, messages).
 *
 * Rule: all code above the chipset names a line by its IRQ number. Pins, GSIs and controller inputs
 * appear below the chipset only. A realisation whose controller has sixteen inputs narrows a set to
 * uint16_t, where the set comes from a register or goes to a register.
 */
#ifndef ARCH_X86_MACHINE_LINES_H
#define ARCH_X86_MACHINE_LINES_H

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t line_set; /* bit n = line n; n below 16 is IRQ n */

/* LINE_ROOM: so many lines a set, and the table of their owners, can hold. */
enum { LINES = 16, LINE_ROOM = 64, LINE_CASCADE = 2 };

#define LINE(n) ((line_set)1 << (n))

static inline bool line_in(line_set set, unsigned line)
{
	return (set >> line) & 1;
}

/* Returns the lowest line of a set. The set must not be empty. */
static inline unsigned line_first(line_set set)
{
	return (unsigned)__builtin_ctzll(set);
}

/* The input of an interrupt controller that each line enters: four bits per line. */
#define LINE_INPUTS_OWN 0xfedcba9876543210ull

static inline unsigned line_input(uint64_t inputs, unsigned line)
{
	return inputs >> 4 * line & 15;
}

static inline uint64_t line_set_input(uint64_t inputs, unsigned line, unsigned input)
{
	return (inputs & ~(15ull << 4 * line)) | (uint64_t)input << 4 * line;
}

#endif
