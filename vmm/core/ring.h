/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ring of bytes.
 *
 * Rule: head and tail only grow; their difference is the number of bytes in the ring. The size is a
 * power of two. There is a single writer and a single reader, and an NMI may change between them at
 * any instruction. So a byte is in the ring before head counts it, and is read before tail frees
 * its place.
 */
#ifndef VMM_RING_H
#define VMM_RING_H

#include <stdbool.h>
#include <stdint.h>

/* A ring. head == tail is an empty ring. */
struct ring {
	/* Room for the bytes. */
	char *bytes;
	/* Size of the ring, in bytes. */
	uint32_t size;
	uint32_t head, tail; /* next to write, next to read */
};

/* Keeps the compiler from moving an access to memory across the call. The processor that runs both
 * sides sees its own order. */
static inline void ring_order(void)
{
	__asm__ volatile("" : : : "memory");
}

/* Returns the number of bytes in the ring. */
static inline uint32_t ring_used(const struct ring *r)
{
	return r->head - r->tail;
}

/* Returns the number of bytes that the ring has room for. */
static inline uint32_t ring_free(const struct ring *r)
{
	return r->size - ring_used(r);
}

/* Adds a byte. Returns false when the ring is full. */
static inline bool ring_put(struct ring *r, char c)
{
	if (ring_free(r) == 0)
		return false;
	r->bytes[r->head & (r->size - 1)] = c;
	ring_order();
	r->head++;
	return true;
}

/* Sets *bytes to the next bytes to read. Returns how many of them lie in a single piece. */
static inline uint32_t ring_peek(const struct ring *r, const char **bytes)
{
	uint32_t at = r->tail & (r->size - 1), used = ring_used(r);
	*bytes = &r->bytes[at];
	return used < r->size - at ? used : r->size - at;
}

/* Takes a byte. Returns false when the ring is empty. */
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
