/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Declarations for the files of soft: the physical lines (soft_lines.c), the model in memory
 * (soft_block.c), and the realisation, where the lines feed the model (soft.c).
 *
 * Rule: outside chipset/ only tests include this header.
 */
#ifndef CHIPSET_SOFT_H
#define CHIPSET_SOFT_H

#include "arch/x86/machine/lines.h"
#include "chipset/block/block.h"

#include <stdbool.h>

extern const struct chipset chipset_soft;

/* The VMM's notes about the model's outputs. */
struct soft_outputs {
	bool moved; /* the block was touched since the last look at INTR */
};
extern struct soft_outputs soft_outputs;
/* The model itself, in the VMM's memory. */
extern struct block soft_block;
/* Counts the model's NMI like an NMI of the processor. Call after a change of the model that may
 * raise NMI. */
void soft_relay_nmi(void);

/* Makes the machine's own 8259 pair the VMM's: all inputs masked, interrupts at vectors of the
 * VMM's. Returns the lines that the firmware has set to level (ELCR). Call once, in probe(). */
line_set soft_lines_init(void);
/* Listens to these lines as well. Call when the lines have an owner. */
void soft_lines_open(line_set lines);
/* Sets the trigger mode of lines: lines in level are level triggered from now on, the other lines
 * edge triggered. Lines whose mode cannot be set stay as they are. Call when the guest changes the
 * mode. */
void soft_lines_set_level(line_set lines, line_set level);
/* Changes of the lines since the last call: first the falls, then the rises. A line that has risen
 * is up until the line falls or is taken. The VMM does not see the fall of a line that was taken,
 * but only the line's next edge. */
struct soft_changes {
	line_set risen, fallen;
};
/* Returns the changes since the last call. Call before the model is asked, and before every
 * entry. */
struct soft_changes soft_lines_look(void);
/* Returns the lines that are up. */
line_set soft_lines_up(void);
/* Ends the edges of these lines: from now on the VMM can tell further edges apart. Call when the
 * model has taken the edges. */
void soft_lines_taken(line_set lines);
/* Takes a pending INTR without a visible request. Call when INTR came and soft_lines_look() shows
 * no change. */
void soft_lines_clear(void);

#endif
