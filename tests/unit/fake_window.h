/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A register window of version 2 for what only reads the window: the model with its keeper.
 *
 * Rule: the test is the clock, and makes the events by the calls of times.h.
 */
#ifndef TESTS_UNIT_FAKE_WINDOW_H
#define TESTS_UNIT_FAKE_WINDOW_H

#include "chipset/chipset.h"
#include "chipset/times/times.h"

struct fake_window {
	struct block block;
	struct times times;
	uint64_t now;
	bool untimed; /* the block is of version 1 */
	bool stuck;   /* a write does nothing */
};

extern struct fake_window fake_window;

/* The machine has a block whose firmware has initialised bank 0. */
void fake_window_attach(bool untimed);
/* The machine has no block. */
void fake_window_detach(void);

#endif
