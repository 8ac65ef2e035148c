/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a VM prints, on its way to the console.
 *
 * Rule: a print is copied and no more; the VMM's background work makes lines of the text. Each VM
 * has a ring of its own, so a VM that prints too much loses its own text and nobody else's.
 */
#ifndef VMM_OUTPUT_H
#define VMM_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

/* OUTPUT_BYTES is what a VM may have under way: a power of two. OUTPUT_LINE_MAX is where a long
 * line is broken. */
enum { OUTPUT_BYTES = 4096, OUTPUT_LINE_MAX = 224 };
/* So many dropped bytes are told of at once, fewer when the VM has stopped printing. */
enum { OUTPUT_SAID = 16 << 20 };

struct output {
	volatile uint32_t head, tail; /* next to write, next to print; both only grow */
	volatile uint64_t dropped;    /* bytes that found no room */
	uint64_t dropped_said;        /* of them: those that a line has told of */
	unsigned length;              /* of the line that has no end yet */
	char line[OUTPUT_LINE_MAX];
	char bytes[OUTPUT_BYTES];
};

/* Takes bytes of text from a VM: all of them, or none and -EAGAIN where there is no room. Takes
 * less than 700 instructions for 512 bytes. For the exit of a call. */
int output_put(struct output *o, const char *text, uint32_t bytes);
/* Prints the next line, which begins with the VM's name; what has no newline yet stays. A part
 * of that, where a call would have to look at much before the newline. Where everything is printed,
 * says how much was dropped. False: there was nothing to do. Call it from the background work, or
 * when no VM runs. */
bool output_print(struct output *o, const char *name);
/* Prints the line that has no end yet, when no more will come. */
void output_end(struct output *o, const char *name);

static inline bool output_waits(const struct output *o)
{
	return o->head != o->tail || o->dropped != o->dropped_said;
}

#endif
