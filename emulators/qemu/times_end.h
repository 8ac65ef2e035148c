/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block's clock is the machine's, and what the block has kept becomes a file when QEMU ends.
 *
 * Rule: the file is written when the guest has ended, from the register window.
 */
#ifndef EMULATORS_QEMU_TIMES_END_H
#define EMULATORS_QEMU_TIMES_END_H

#include "qemu/notify.h"

#include "emulators/hardware.h"

struct times_end {
	struct hardware *block;
	char *path; /* NULL: no file */
	Notifier end;
};

/* Gives the block its clock. Call when the device is made, before any event. */
void times_begin(struct times_end *times);

#endif
