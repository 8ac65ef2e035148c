/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace: the VMM's last events, stamped by the TSC. vmm/core/trace_ring.h has the events.
 *
 * Rule: recording is a handful of stores: no lock, no formatting, no branch. A single processor
 * writes, with interrupts off; the NMI handler does not write.
 */
#ifndef VMM_TRACE_H
#define VMM_TRACE_H

#include "vmm/core/processor.h"
#include "vmm/core/trace_ring.h"

#include <stdint.h>

/* Records an event. a and b: see TRACE_EVENTS. Returns the low half of the number of entries before
 * this entry. */
static inline uint32_t trace_record(enum trace_event event, unsigned vm, unsigned a, uint32_t b)
{
	uint64_t count = processor.trace.count++;
	struct trace_entry *e = &processor.trace.entry[count % TRACE_ENTRIES];
	uint32_t low, high; /* stored as the two halves that RDTSC gives */

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	__builtin_memcpy(&e->tsc, &low, sizeof(low));
	__builtin_memcpy((char *)&e->tsc + sizeof(low), &high, sizeof(high));
	/* A single store writes the event and b. The stores of vm and a go into the same eight
	 * bytes. */
	if (__builtin_constant_p(b)) {
		uint64_t both = (uint64_t)b << 32 | event;
		__builtin_memcpy(&e->event, &both, sizeof(both));
	} else {
		e->event = (uint8_t)event;
		e->b = b;
	}
	e->vm = (uint8_t)vm;
	e->a = (uint16_t)a;
	return (uint32_t)count;
}

/* Records an event where the caller has just read the TSC (now). */
static inline void trace_record_at(uint64_t now, enum trace_event event, unsigned vm, unsigned a,
                                   uint32_t b)
{
	struct trace_entry *e = &processor.trace.entry[processor.trace.count++ % TRACE_ENTRIES];

	*e = (struct trace_entry){ now, (uint8_t)event, (uint8_t)vm, (uint16_t)a, b };
}

#endif
