/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines that were typed before, and the line that is being typed while the user looks at older
 * lines.
 *
 * Rule: the last HISTORY_LINES lines are kept. A line equal to the line before is kept once.
 */
#ifndef VMM_HISTORY_H
#define VMM_HISTORY_H

#include <stddef.h>

/* HISTORY_LINES is a power of two. HISTORY_LINE_MAX includes the NUL. */
enum { HISTORY_LINES = 16, HISTORY_LINE_MAX = 78 };

/* All zeroes is an empty history. */
struct history {
	/* The ring of lines. */
	char line[HISTORY_LINES][HISTORY_LINE_MAX];
	/* Number of lines ever added. The newest line is at added - 1, modulo HISTORY_LINES. */
	unsigned added;
	/* Number of lines in the ring. */
	unsigned kept;
	/* Distance from the typed line to the shown line; 0: the typed line is shown. */
	unsigned back;
	char typing[HISTORY_LINE_MAX]; /* The typed line, while back is not 0. */
};

/* Adds a line that was typed to its end. An empty line is not kept. The next look begins at the
 * newest line. */
void history_add(struct history *h, const char *line);
/* Returns the line before the shown line, or NULL. now: the text that is shown at present. */
const char *history_older(struct history *h, const char *now);
/* Returns the line after the shown line, or NULL. */
const char *history_newer(struct history *h);
/* Gives up the line that was being typed. */
void history_leave(struct history *h);

#endif
