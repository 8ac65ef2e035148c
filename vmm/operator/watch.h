/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The watch over the VMs' exits and entries (trace=on): the trace gets both ends of each stay in
 * the VMM, accesses to ports, calls, and lines that were reported.
 *
 * Rule: a VM that is not watched pays nothing for the watch.
 */
#ifndef VMM_WATCH_H
#define VMM_WATCH_H

#include "vmm/core/trace_ring.h"

#include <stdbool.h>

/* Begins or ends the watch over all VMs. Call it from the background work, or before the first
 * entry of a VM. */
void watch_set(bool on);
/* Returns true while the watch is on. */
bool watch_is_on(void);
/* Lets the trace stop behind the next event of the kind whose b is `least` or more: the events
 * before are kept in processor.kept, and a note tells the person. Begins the watch, and forgets
 * what was kept before. TRACE_NONE: the trace does not stop. Call it as watch_set(). */
void watch_stop_on(enum trace_event event, uint64_t least);

#endif
