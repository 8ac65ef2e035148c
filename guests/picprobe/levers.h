/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines that a program of the guest raises and lowers by real devices, whenever it wants.
 *
 * Rule: when a lever returns its line has moved, and it stays until the lever moves again. Line 0
 * is the exception: the PIT takes it back after some time (LEVER_HOLD_MS), so a program has to be
 * over by then.
 */
#ifndef GUESTS_PICPROBE_LEVERS_H
#define GUESTS_PICPROBE_LEVERS_H

#include <stdbool.h>
#include <stdint.h>

enum { LEVER_HOLD_MS = 25 };

/* Set the devices of these lines up; the lines are low. */
void levers_init(uint16_t lines);
void lever_move(unsigned line, bool high);
/* Low again, whatever has happened meanwhile. */
void levers_low(uint16_t lines);
/* What drives a line, for messages; NULL: nothing does. */
const char *lever_name(unsigned line);

#endif
