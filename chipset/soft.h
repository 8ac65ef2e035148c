/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the two files of soft share: the physical lines (soft_lines.c) and the block in memory that
 * they feed (soft.c).
 *
 * Rule: nobody outside chipset/ includes this.
 */
#ifndef CHIPSET_SOFT_H
#define CHIPSET_SOFT_H

#include "arch/x86/lines.h"

extern const struct chipset chipset_soft;

/* The machine's own 8259 pair becomes the VMM's: all its inputs masked, interrupts at vectors of
 * the VMM's. Returns the lines that the firmware has set to level (ELCR). */
line_set soft_lines_init(void);
/* Listen to these lines as well. */
void soft_lines_open(line_set lines);
/* Of these lines, all of which can be set so or are, those in level are level triggered from now
 * on, the others edge. */
void soft_lines_set_level(line_set lines, line_set level);
/* What the lines did since the last call: fallen, then risen. A line that has risen is up until it
 * falls or is taken; of one that was taken nobody sees the fall, only the next edge. */
struct soft_changes {
	line_set risen, fallen;
};
struct soft_changes soft_lines_look(void);
line_set soft_lines_up(void);
/* The edges of these have done their duty: more of them can be told apart from now on. */
void soft_lines_taken(line_set lines);
/* INTR, and nothing to be seen: let it go. */
void soft_lines_clear(void);

#endif
