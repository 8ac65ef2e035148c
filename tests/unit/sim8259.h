/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cascaded pair of 8259As with its edge/level control registers, as a PC has them: a plain model
 * after Intel's datasheet (231468-003).
 *
 * Rule: written from the datasheet alone and without regard to speed, so that it can judge code
 * that was not.
 */
#ifndef TESTS_UNIT_SIM8259_H
#define TESTS_UNIT_SIM8259_H

#include <stdbool.h>
#include <stdint.h>

struct sim_chip {
	uint8_t level; /* the inputs now */
	uint8_t irr, isr, imr;
	uint8_t icw1, icw2, icw3, icw4;
	unsigned expects; /* the ICW (2-4) that comes next, 0: operational */
	bool special_mask, read_isr, poll, rotate_auto;
	unsigned lowest; /* the input of lowest priority */
	/* inputs that are level triggered (ports 4D0h, 4D1h); their requests are what the lines
	 * are */
	uint8_t elcr;
};

enum { SIM_MASTER, SIM_SLAVE };

struct sim_pic {
	struct sim_chip chip[2];
	/* Where chips and emulators differ: does an edge stay latched when its line falls before
	 * the acknowledge, and is the output silent between ICW1 and the last ICW? */
	bool keeps_fallen_edges, silent_in_initialisation;
	/* Bochs: once up, INTR stays until it is acknowledged or a port of the master is
	 * written. */
	bool intr_stays, intr;
	/* Bochs: the acknowledge serves the level of the master that raised INTR, unless no open
	 * level had a request meanwhile. */
	bool level_stays;
	int level; /* or -1 */
};

extern struct sim_pic sim_pic;

/* Power-on: nothing initialised, nothing latched, inputs low. */
void sim_pic_reset(void);
/* An input of the pair by its line number; 2 is the cascade and not an input. */
void sim_pic_set_line(unsigned line, bool high);
/* Ports 20h, 21h, A0h, A1h, 4D0h, 4D1h. */
uint8_t sim_pic_read(uint16_t port);
void sim_pic_write(uint16_t port, uint8_t value);
/* INTR, and the acknowledge cycle that answers with the vector. */
bool sim_pic_interrupt(void);
uint8_t sim_pic_acknowledge(void);

#endif
