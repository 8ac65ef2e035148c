/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last moments of a run: a worst sample keeps those from its beginning on.
 *
 * Rule: this file knows no emulator. The memory has a fixed size, however long a run is.
 */
#ifndef EMULATORS_QEMU_RECENT_H
#define EMULATORS_QEMU_RECENT_H

#include "emulators/timeline.h"

#include <stdint.h>

/* How many moments are kept. */
enum { RECENT = 32 };

/* A moment, as a record of the timeline: kind is an enum timeline_kind. */
struct recent_moment {
	int64_t time;
	unsigned kind;
	uint64_t vm, number;
};

/* Forgets all moments. */
void recent_begin(void);
/* Keeps a moment here, and adds the moment to the timeline, where a timeline has begun. */
void moment_add(enum timeline_kind kind, uint64_t vm, uint64_t number, int64_t now);
/* Copies the moments from a time on, oldest first. to: RECENT of them. Returns how many. *all is
 * false where older moments of that time are no longer kept. */
unsigned recent_copy(int64_t since, struct recent_moment *to, _Bool *all);

#endif
