/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines that a program of the guest raises and lowers by real devices, at any time.
 *
 * Rule: when a lever returns, the lever's line has moved. The line stays until the lever moves
 * again. Line 0 is the exception: the PIT takes the line back after some time (LEVER_HOLD_MS), so a
 * program has to end by then.
 */
#ifndef GUESTS_PICPROBE_LEVERS_H
#define GUESTS_PICPROBE_LEVERS_H

#include <stdbool.h>
#include <stdint.h>

enum { LEVER_HOLD_MS = 25 };

/* Sets up the devices of these lines. The lines are low afterwards. */
void levers_init(uint16_t lines);
/* Raises or lowers a line. */
void lever_move(unsigned line, bool high);
/* Makes the lines low again, whatever has happened meanwhile. */
void levers_low(uint16_t lines);
/* Returns the name of the device that drives a line, for messages; NULL: no device does. */
const char *lever_name(unsigned line);

#endif
