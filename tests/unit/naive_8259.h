/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The oracle's 8259A and pair: the datasheet (Intel 231468-003) once more, as slow and as plain as
 * it can be said.
 *
 * Rule: arrays of bools and a loop for each question; nothing is shared with chipset/block, names
 * and numbers of its headers included. Where the datasheet is silent, a comment says what was
 * decided.
 */
#ifndef TESTS_UNIT_NAIVE_8259_H
#define TESTS_UNIT_NAIVE_8259_H

#include <stdbool.h>
#include <stdint.h>

struct naive_chip {
	bool edge[8], held[8], pin[8], service[8], masked[8], elcr[8];
	bool ltim, adi, single, icw4_needed;
	bool icw1_written; /* D4 as the state words show it */
	unsigned a7_a5;    /* ICW1 D7-D5 */
	unsigned icw2, icw3, icw4;
	unsigned lowest;
	/* the number of the ICW that the data port expects; 0: ready; 1: nothing was ever
	 * written */
	unsigned expects;
	bool read_isr, poll, special_mask, rotate_auto;
	bool master; /* SP/EN pin */
};

struct naive_pair {
	struct naive_chip master, slave;
};

void naive_pair_reset(struct naive_pair *pair);
/* input: 0-15, 2 is not one. Several may change in one step; the cascade is looked at when all
 * have. */
void naive_pair_set_input(struct naive_pair *pair, unsigned input, bool high);
void naive_pair_hold(struct naive_pair *pair, unsigned input);
/* The slave's INT is wired to the master's IR2. */
void naive_pair_cascade(struct naive_pair *pair);
bool naive_pair_requests(const struct naive_pair *pair, unsigned input);
/* A request at this input would come through to INTR, were nothing in service. */
bool naive_pair_enabled(const struct naive_pair *pair, unsigned input);
bool naive_pair_intr(const struct naive_pair *pair);
uint8_t naive_pair_acknowledge(struct naive_pair *pair);
uint8_t naive_pair_read(struct naive_pair *pair, uint16_t port);
void naive_pair_write(struct naive_pair *pair, uint16_t port, uint8_t value);
/* word: 0 master, 1 slave, 2 modes. */
uint64_t naive_pair_word(const struct naive_pair *pair, unsigned word);
void naive_pair_set_word(struct naive_pair *pair, unsigned word, uint64_t value);

#endif
