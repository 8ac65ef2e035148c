/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor's door for physical interrupts, where those exit: the pair is the VMM's, and the
 * guests' controllers are the model's, in the VMM's memory.
 *
 * Rule: interrupts come to the VMM only while it opens the door, and as long as there are any.
 */
#ifndef TESTS_UNIT_SIM_DOOR_H
#define TESTS_UNIT_SIM_DOOR_H

/* The board as chipset=soft drives it; board_reset() comes first. */
void sim_door_attach(void);
/* For whoever reads a violation. */
void sim_door_print(void);

#endif
