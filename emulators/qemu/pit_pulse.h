/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A quirk of QEMU's PIT: channel 0 in mode 4.
 *
 * On the chip, OUT is high in mode 4 but for a single count, at the end of the counting (8254
 * datasheet, mode 4). The line rises at the end of that count and stays high. QEMU raises the line
 * for that single count instead. A controller that samples levels loses the request of a guest
 * with its interrupts off: a one-shot tick is lost for ever.
 *
 * Rule: in mode 4 line 0 is kept high, as the chip keeps the line. In all other modes the line is
 * QEMU's.
 */
#ifndef EMULATORS_QEMU_PIT_PULSE_H
#define EMULATORS_QEMU_PIT_PULSE_H

#include "emulators/hardware.h"

#include "hw/timer/i8254.h"
#include "hw/timer/i8254_internal.h"

/* PIT_LINE: the line of channel 0. */
enum { PIT_LINE = 0, PIT_STROBE_MODE = 4 };

static inline bool pit_strobes(void)
{
	/* The search through the machine takes longer than a tick of a fast counter. */
	static Object *pit;

	if (pit == NULL)
		pit = object_resolve_path_type("", TYPE_PIT_COMMON, NULL);
	return pit != NULL && PIT_COMMON(pit)->channels[0].mode == PIT_STROBE_MODE;
}

/* Takes a new level of line 0 from QEMU, before the block gets the level. Returns false where the
 * block must not get the level: the line stays high. A strobe while the line is high is a new edge,
 * and the function lets the line fall first. level: QEMU's level so far; QEMU gives the same level
 * twice now and then. */
static inline bool pit_pulse_passes(struct hardware *block, bool *level, bool high)
{
	bool rises = high && !*level;

	*level = high;
	if (!(hardware_lines(block) >> PIT_LINE & 1) || !pit_strobes())
		return true;
	if (rises)
		hardware_set_line(block, PIT_LINE, false);
	return high;
}

#endif
