/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions that newlib needs from the system below: a heap, and words without use here.
 *
 * Rule: the heap is small and static; formatted output does not use the heap.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

enum { HEAP_BYTES = 8192 };

void *sbrk(ptrdiff_t increment);

static char heap[HEAP_BYTES] __attribute__((aligned(16)));
static size_t used;

void *sbrk(ptrdiff_t increment)
{
	size_t after = used + (size_t)increment;

	if (after > sizeof(heap)) {
		errno = ENOMEM;
		return (void *)(uintptr_t)-1;
	}
	void *start = heap + used;
	used = after;
	return start;
}
