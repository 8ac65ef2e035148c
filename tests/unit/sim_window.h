/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block as a PCI function of the simulated board: the model, with its registers in
 * memory, its lines, INTR and NMI wired up.
 *
 * Rule: the world goes on before each access (board.between); what the block's output does reaches
 * the processor right after.
 */
#ifndef TESTS_UNIT_SIM_WINDOW_H
#define TESTS_UNIT_SIM_WINDOW_H

#include "chipset/block/block.h"

#include <stdbool.h>
#include <stdint.h>

/* What configuration space shows, and what the window is made to say; sim_window_attach() sets what
 * is right. */
struct sim_window {
	struct block block;
	bool present;
	unsigned function; /* device << 3 | function, on bus 0 */
	uint32_t ids, bar, command, id, version;
	uint8_t header; /* of function 0 of each device that is there; 80h: it has others */
	unsigned banks; /* as the capability register has it */
	uint64_t reads, writes;
	/* Other functions: their registers, NULL: there is none; and told of each write. NULL:
	 * there are no others. */
	uint32_t *(*others)(unsigned function, unsigned offset);
	void (*others_written)(unsigned function, unsigned offset);
	bool logs; /* each access is printed, for whoever looks for a fault */
};

extern struct sim_window sim_window;

/* A board without the function; board_reset() comes first. */
void sim_window_detach(void);
/* Put the block between lines and processor: it is what firmware leaves, a plain pair of 8259As. */
void sim_window_attach(void);
/* Accesses since the last call. */
unsigned sim_window_accesses(void);
/* For whoever reads a violation. */
void sim_window_print(void);
/* An NMI that reaches the processor and that the block knows nothing of. */
void sim_window_direct_nmi(void);

#endif
