/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block's part of the monitor's "info pic".
 *
 * Rule: all values come from the register window, by reads without an effect.
 */
#ifndef EMULATORS_QEMU_INFO_H
#define EMULATORS_QEMU_INFO_H

#include "emulators/hardware.h"
#include "emulators/qemu/versions.h"

/* Room for the text of hardware_describe(). */
enum { INFO_BYTES = 100 };

/* Prints a chip of the connected bank. chip: PAIR_MASTER or PAIR_SLAVE. */
void info_print_chip(Printout *out, struct hardware *block, unsigned chip);
/* Prints the routes, the mask, the status and the make of the block. */
void info_print_block(Printout *out, struct hardware *block);

#endif
