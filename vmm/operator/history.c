/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines that were typed before. See the header for the rule.
 */
#include "vmm/operator/history.h"

#include <string.h>

/* Returns a line; back: 1 is the newest. */
static char *line_at(struct history *h, unsigned back)
{
	return h->line[(h->added - back) % HISTORY_LINES];
}

static void copy(char *to, const char *from)
{
	size_t length = strlen(from);

	if (length > HISTORY_LINE_MAX - 1)
		length = HISTORY_LINE_MAX - 1;
	memcpy(to, from, length);
	to[length] = '\0';
}

void history_leave(struct history *h)
{
	h->back = 0;
}

void history_add(struct history *h, const char *line)
{
	history_leave(h);
	if (line[0] == '\0' || (h->kept > 0 && strcmp(line_at(h, 1), line) == 0))
		return;
	copy(h->line[h->added++ % HISTORY_LINES], line);
	if (h->kept < HISTORY_LINES)
		h->kept++;
}

const char *history_older(struct history *h, const char *now)
{
	if (h->back == h->kept)
		return NULL;
	if (h->back++ == 0)
		copy(h->typing, now);
	return line_at(h, h->back);
}

const char *history_newer(struct history *h)
{
	if (h->back == 0)
		return NULL;
	return --h->back == 0 ? h->typing : line_at(h, h->back);
}
