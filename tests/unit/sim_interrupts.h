/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical interrupts of the VMM, where physical interrupts exit: the pair is the VMM's, and the
 * guests' controllers are the model's, in the VMM's memory.
 *
 * Rule: interrupts come to the VMM only in interrupts_take() and interrupts_halt(), one after the
 * other until none waits.
 */
#ifndef TESTS_UNIT_SIM_INTERRUPTS_H
#define TESTS_UNIT_SIM_INTERRUPTS_H

/* The board as chipset=soft drives it; board_reset() comes first. */
void sim_interrupts_attach(void);
/* For whoever reads a violation. */
void sim_interrupts_print(void);

#endif
