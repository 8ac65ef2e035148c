/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block's part of a snapshot of the machine (savevm, migrate).
 *
 * Rule: a snapshot of another make or build of the block is refused, and QEMU then says that the
 * machine was not loaded.
 */
#ifndef EMULATORS_QEMU_SNAPSHOT_H
#define EMULATORS_QEMU_SNAPSHOT_H

#include "emulators/hardware.h"

#include "migration/vmstate.h"

struct snapshot {
	struct hardware *block;
	uint8_t *bytes; /* while the machine is saved or loaded */
	uint32_t count;
};

extern const VMStateDescription snapshot_vmstate;

#endif
