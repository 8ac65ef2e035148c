/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text that a VM prints. See the header for the rule.
 */
#include "vmm/core/output.h"
#include "arch/x86/log/log.h"
#include "vmm/config/config.h"
#include "vmm/core/ring.h"

#include <errno.h>
#include <string.h>

/* A step looks at so many bytes at most: carriage returns alone never make a line. */
enum { STEP_BYTES = 256 };
_Static_assert((int)STEP_BYTES > (int)OUTPUT_LINE_MAX, "a step is enough for a line");

int output_put(struct output *o, const char *text, uint32_t bytes)
{
	uint32_t head = o->head, at = head % OUTPUT_BYTES, first = OUTPUT_BYTES - at;

	if (output_room(o) < bytes) {
		o->dropped += bytes;
		return -EAGAIN;
	}
	if (first > bytes)
		first = bytes;
	memcpy(o->bytes + at, text, first);
	memcpy(o->bytes, text + first, bytes - first);
	ring_order();
	o->head = head + bytes;
	return 0;
}

/* Prints the line, put together by copies: formatting takes some fifty instructions for each
 * character. */
static void print_line(struct output *o, const char *name)
{
	char text[CONFIG_NAME_MAX + OUTPUT_LINE_MAX + sizeof("[] \n")];
	size_t used = strlen(name) + 1, mark = used + 2;

	text[0] = '[';
	memcpy(text + 1, name, used - 1);
	memcpy(text + used, "] ", 2);
	memcpy(text + used + 2, o->line, o->length);
	used += 2 + o->length;
	text[used++] = '\n';
	o->length = 0;
	log_bytes(text, used);
	o->logged += (uint32_t)used;
	if (o->logged >= OUTPUT_LOGGED) {
		o->logged = 0;
		log_thin(text, mark, OUTPUT_LOGGED);
	}
}

/* Moves a character to the line. Returns true when the line is whole. A character that finds the
 * line full stays in the ring. */
static bool take(struct output *o)
{
	char c = o->bytes[o->tail % OUTPUT_BYTES];

	if (c != '\n' && o->length == OUTPUT_LINE_MAX)
		return true;
	ring_order(); /* the character is read before its place is free */
	o->tail++;
	if (c == '\n')
		return true;
	if (c != '\r')
		o->line[o->length++] = c >= ' ' && c <= '~' ? c : '?';
	return false;
}

bool output_print(struct output *o, const char *name)
{
	uint32_t tail = o->tail;
	uint64_t dropped = o->dropped;

	while (o->tail != o->head && dropped - o->dropped_said < OUTPUT_SAID) {
		if (take(o)) {
			print_line(o, name);
			return true;
		}
		if (o->tail - tail == STEP_BYTES)
			return true;
	}
	if (dropped == o->dropped_said)
		return o->tail != tail;
	log_line("vm %s: %lu bytes of its output were dropped: "
	         "it prints faster than the console takes",
	         name, (unsigned long)(dropped - o->dropped_said));
	o->dropped_said = dropped;
	return true;
}

void output_end(struct output *o, const char *name)
{
	if (o->length > 0)
		print_line(o, name);
}
