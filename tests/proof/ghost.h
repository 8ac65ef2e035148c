/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the search knows of each assertion, kept outside the model: who owes it to whom. A third
 * statement of the rules, for a few lines, edge or level triggered, and guests that use their
 * controllers fully nested.
 *
 * Rule: an assertion is pending from its edge on until it is delivered, withdrawn as the 8259A's
 * datasheet has it, acknowledged by the VMM, or forgotten by the guest's own ICW1; nothing else may
 * end it.
 */
#ifndef TESTS_PROOF_GHOST_H
#define TESTS_PROOF_GHOST_H

#include <stdbool.h>
#include <stdint.h>

enum { GHOST_BANKS = 2 };

/* Sets of lines are bits by line; each line has the input of its number. Everything is zero or a
 * full set at the start. */
struct ghost_bank {
	uint16_t pins;   /* levels as the inputs saw them last */
	uint16_t soft;   /* pending as long as the input stays high */
	uint16_t hard;   /* pending whatever the line does */
	uint16_t imr;    /* inputs that the guest masks; bit 2: the cascade */
	uint16_t isr;    /* in service; bit 2: the cascade */
	bool slave_int;  /* the slave's output */
	bool slave_edge; /* its edge, not acknowledged */
};

struct ghost {
	struct ghost_bank bank[GHOST_BANKS];
	uint16_t lines, route, share, mask;
	uint16_t pending; /* by the VMM block: an assertion that nobody took */
	uint16_t level;   /* level-triggered lines: constant */
	uint8_t connected;
	bool external;
	/* what stands unmasked has been told by NMI since the VMM last wrote mask or status */
	bool told;
};

void ghost_line(struct ghost *ghost, unsigned line, bool high);
void ghost_select(struct ghost *ghost, uint16_t route, uint16_t mask, uint16_t share, uint8_t bank);
void ghost_clear(struct ghost *ghost, uint16_t lines, bool external);
/* The guest, on the connected bank. */
void ghost_initialise(struct ghost *ghost);
void ghost_imr(struct ghost *ghost, uint16_t imr);
void ghost_eoi(struct ghost *ghost, bool slave);
/* The line that an INTA must bring; -1: INTR must be low. */
int ghost_next(const struct ghost *ghost);
void ghost_inta(struct ghost *ghost);

/* What the bank's IRR must show. */
uint16_t ghost_requests(const struct ghost *ghost, unsigned bank);
/* Something stands that the VMM must have been told of. */
bool ghost_stands(const struct ghost *ghost);

#endif
