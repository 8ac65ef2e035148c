/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text that a VM prints, on the way to the console.
 *
 * Rule: a print is copied and no more; the VMM's background work makes lines of the text. Each VM
 * has a ring of its own, so a VM that prints too much loses only its own text.
 */
#ifndef VMM_OUTPUT_H
#define VMM_OUTPUT_H

#include "arch/x86/log/log.h"

#include <stdbool.h>
#include <stdint.h>

/* OUTPUT_BYTES: the most bytes of a VM under way, a power of two. OUTPUT_LINE_MAX: a longer line is
 * broken there. */
enum { OUTPUT_BYTES = 4096, OUTPUT_LINE_MAX = 224 };
/* A VM's share of the memory log: after so many bytes of text the VM's older lines go. So a VM has
 * at most twice as many bytes there, and other lines stay. */
enum { OUTPUT_LOGGED = LOG_BYTES / 4 };
/* After so many dropped bytes a message tells of the loss at once. A smaller loss is told when the
 * VM has stopped printing. */
enum { OUTPUT_SAID = 16 << 20 };

/* A VM's output. All zeroes is an empty output. */
struct output {
	volatile uint32_t head, tail; /* Next to write, next to print; both only grow. */
	volatile uint64_t dropped;    /* Bytes that found no room. */
	uint64_t dropped_said;        /* Dropped bytes that a line has told of. */
	uint32_t logged;              /* Bytes of text since the log was thinned. */
	unsigned length;              /* Length of the line without an end yet. */
	/* The line without an end yet. */
	char line[OUTPUT_LINE_MAX];
	/* The ring of bytes. */
	char bytes[OUTPUT_BYTES];
};

/* Takes bytes of text from a VM. Returns 0, or -EAGAIN where there is no room for all of the text;
 * then no byte is taken. Takes less than 700 instructions for 512 bytes. For the exit of a call. */
int output_put(struct output *o, const char *text, uint32_t bytes);
/* Prints the next line with the VM's name before it; text without a newline stays. Where the
 * newline is far away, the call only does a part of the work. Where all text is printed, the call
 * tells how much was dropped. Returns false when there was no work. Call it from the background
 * work, or when no VM runs. */
bool output_print(struct output *o, const char *name);
/* Prints the line without an end, when no more text will come. */
void output_end(struct output *o, const char *name);

/* Returns how many bytes of text the output has room for. */
static inline uint32_t output_room(const struct output *o)
{
	return OUTPUT_BYTES - (o->head - o->tail);
}

/* Returns true while there is text to print, or a loss to tell of. */
static inline bool output_waits(const struct output *o)
{
	return o->head != o->tail || o->dropped != o->dropped_said;
}

#endif
