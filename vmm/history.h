/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines that were typed before, and the line that is being typed while they are looked at.
 *
 * Rule: the last HISTORY_LINES lines are kept; a line that is the same as the one before it counts
 * once.
 */
#ifndef VMM_HISTORY_H
#define VMM_HISTORY_H

#include <stddef.h>

enum { HISTORY_LINES = 16, HISTORY_LINE_MAX = 78 }; /* a power of two; the NUL included */

struct history {
	char line[HISTORY_LINES][HISTORY_LINE_MAX];
	unsigned added; /* the newest is the one before this, in a ring */
	unsigned kept;
	unsigned back;                 /* so many lines before the one that is being typed */
	char typing[HISTORY_LINE_MAX]; /* while back is not 0 */
};

/* A line was typed to its end. An empty one is not kept. The next look begins at the newest. */
void history_add(struct history *h, const char *line);
/* The line before, or after, the one that is looked at; now: what stands there at present. NULL:
 * there is none. */
const char *history_older(struct history *h, const char *now);
const char *history_newer(struct history *h);
/* The line that was being typed is given up. */
void history_leave(struct history *h);

#endif
