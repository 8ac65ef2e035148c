/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The oracle: the chipset block once more, from the five rules of its design and from the seed, as
 * plain as it can be said.
 *
 * Rule: as naive_8259.h: arrays of bools, a loop for each question, nothing shared with
 * chipset/block. The fuzzer lays the two side by side.
 */
#ifndef TESTS_UNIT_NAIVE_BLOCK_H
#define TESTS_UNIT_NAIVE_BLOCK_H

#include "tests/unit/naive_8259.h"

struct naive_block {
	struct naive_pair bank[16];
	bool line[16], latch[16], to_controller[16], shared[16], level[16];
	bool masked[16]; /* by VMM block input */
	unsigned controller_input[16], block_input[16];
	unsigned connected;
	bool external, external_pin;
	bool out; /* an unmasked status bit stood after the last call */
	unsigned pulses;
	bool nmi;
};

void naive_reset(struct naive_block *block);
void naive_set_line(struct naive_block *block, unsigned line, bool high);
void naive_set_external(struct naive_block *block, bool high);
void naive_raise_external(struct naive_block *block);
bool naive_intr(const struct naive_block *block);
bool naive_take_nmi(struct naive_block *block);
uint8_t naive_acknowledge(struct naive_block *block);
uint8_t naive_port_read(struct naive_block *block, uint16_t port);
void naive_port_write(struct naive_block *block, uint16_t port, uint8_t value);
uint64_t naive_window_read(struct naive_block *block, uint32_t offset, unsigned size);
void naive_window_write(struct naive_block *block, uint32_t offset, unsigned size, uint64_t value);
void naive_select(struct naive_block *block, uint16_t route, uint16_t mask, uint16_t share,
                  uint16_t bank, bool told);
uint16_t naive_status(const struct naive_block *block);
void naive_clear_status(struct naive_block *block, uint16_t inputs, bool external);
void naive_set_inputs(struct naive_block *block, uint64_t controller_input, uint64_t block_input);
void naive_set_level(struct naive_block *block, uint16_t level);

#endif
