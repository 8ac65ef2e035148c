/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two quirks of QEMU's PIT: channel 0 in mode 4 and in mode 2.
 *
 * On the chip, OUT is high in mode 4 but for a single count, at the end of the counting (8254
 * datasheet, mode 4). The line rises at the end of that count and stays high. QEMU raises the line
 * for that single count instead.
 *
 * On the chip, a control word of mode 2 makes OUT high, and OUT is low for the last count of each
 * period alone (8254 datasheet, mode 2). QEMU lowers the line when the count is loaded, and keeps
 * the line low until the first period ends.
 *
 * A controller that samples levels loses a request whose line falls before the acknowledge. The
 * guest's interrupts are off, or the guest does not run: a tick is lost for ever.
 *
 * Rule: in mode 4, and at a load in mode 2, a high line 0 is kept high, as the chip keeps the line.
 * In all other cases the line is QEMU's.
 */
#ifndef EMULATORS_QEMU_PIT_PULSE_H
#define EMULATORS_QEMU_PIT_PULSE_H

#include "emulators/hardware.h"

#include "hw/timer/i8254.h"
#include "hw/timer/i8254_internal.h"

/* PIT_LINE: the line of channel 0. */
enum { PIT_LINE = 0, PIT_RATE_MODE = 2, PIT_STROBE_MODE = 4 };

/* In mode 2 the line falls at the load of a count, and then one count before the end of each
 * period. The first half of the first period tells the load from the end: without -icount the
 * machine's time goes on between the load and the fall. */
static inline bool pit_is_loaded_now(const PITChannelState *c)
{
	uint64_t ns = (uint64_t)(qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) - c->count_load_time);

	return muldiv64(ns, PIT_FREQ, NANOSECONDS_PER_SECOND) < (uint64_t)c->count / 2;
}

/* Returns true where QEMU lowers the line and the chip does not. */
static inline bool pit_falls_alone(void)
{
	/* The search through the machine takes longer than a tick of a fast counter. */
	static Object *pit;

	if (pit == NULL)
		pit = object_resolve_path_type("", TYPE_PIT_COMMON, NULL);
	if (pit == NULL)
		return false;
	const PITChannelState *c = &PIT_COMMON(pit)->channels[0];
	return c->mode == PIT_STROBE_MODE || (c->mode == PIT_RATE_MODE && pit_is_loaded_now(c));
}

/* Takes a new level of line 0 from QEMU, before the block gets the level. Returns false where the
 * block must not get the level: the line stays high. A rise of QEMU's line while the block's line
 * is high is a new edge, and the function lets the block's line fall first. level: QEMU's level so
 * far; QEMU gives the same level twice now and then. */
static inline bool pit_pulse_passes(struct hardware *block, bool *level, bool high)
{
	bool rises = high && !*level;

	*level = high;
	if (!(hardware_lines(block) >> PIT_LINE & 1))
		return true;
	if (rises)
		hardware_set_line(block, PIT_LINE, false);
	return high || !pit_falls_alone();
}

#endif
