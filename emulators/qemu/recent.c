/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring of moments. See the header for the rule.
 */
#include "emulators/qemu/recent.h"

static struct {
	uint64_t count; /* moments so far; the next one goes to count % RECENT */
	struct recent_moment moment[RECENT];
} recent;

void recent_begin(void)
{
	recent.count = 0;
}

void moment_add(enum timeline_kind kind, uint64_t vm, uint64_t number, int64_t now)
{
	recent.moment[recent.count++ % RECENT] = (struct recent_moment){ now, kind, vm, number };
	timeline_add(kind, vm, number, now);
}

unsigned recent_copy(int64_t since, struct recent_moment *to, _Bool *all)
{
	uint64_t first = recent.count > RECENT ? recent.count - RECENT : 0;
	unsigned n = 0;

	*all = first == 0 || recent.moment[first % RECENT].time < since;
	for (uint64_t i = first; i < recent.count; i++)
		if (recent.moment[i % RECENT].time >= since)
			to[n++] = recent.moment[i % RECENT];
	return n;
}
