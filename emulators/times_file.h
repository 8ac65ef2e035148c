/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The times that the block keeps, as a file at the emulator's end: the same lines as the VMM prints
 * (vmm/operator/report_times.c), for any guest and any VMM.
 *
 * Rule: the file is read from the register window, and the guest has ended by then.
 */
#ifndef EMULATORS_TIMES_FILE_H
#define EMULATORS_TIMES_FILE_H

#include "emulators/hardware.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the lines of a block that keeps time to the file. Returns false where the file cannot be
 * written. Call at the emulator's end. */
bool times_file_write(struct hardware *hardware, const char *path);

#ifdef __cplusplus
}
#endif

#endif
