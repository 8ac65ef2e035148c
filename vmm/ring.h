/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ring of bytes.
 *
 * Rule: head and tail only grow; their difference is what is in it. The size is a power of two.
 * There is one writer and one reader, and an NMI may change from one to the other at any
 * instruction: a byte is there before head says so, and read before tail gives its place back.
 */
#ifndef VMM_RING_H
#define VMM_RING_H

#include <stdbool.h>
#include <stdint.h>

struct ring {
	char *bytes;
	uint32_t size;
	uint32_t head, tail; /* next to write, next to read */
};

/* The compiler moves no access to memory across this; the processor that runs both sees its own
 * order. */
static inline void ring_order(void)
{
	__asm__ volatile("" : : : "memory");
}

static inline uint32_t ring_used(const struct ring *r)
{
	return r->head - r->tail;
}

static inline uint32_t ring_free(const struct ring *r)
{
	return r->size - ring_used(r);
}

/* False: it is full. */
static inline bool ring_put(struct ring *r, char c)
{
	if (ring_free(r) == 0)
		return false;
	r->bytes[r->head & (r->size - 1)] = c;
	ring_order();
	r->head++;
	return true;
}

/* The bytes to read next that lie in one piece; how many. */
static inline uint32_t ring_peek(const struct ring *r, const char **bytes)
{
	uint32_t at = r->tail & (r->size - 1), used = ring_used(r);
	*bytes = &r->bytes[at];
	return used < r->size - at ? used : r->size - at;
}

/* False: it is empty. */
static inline bool ring_get(struct ring *r, char *c)
{
	if (ring_used(r) == 0)
		return false;
	*c = r->bytes[r->tail & (r->size - 1)];
	ring_order();
	r->tail++;
	return true;
}

#endif
