/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timeline of a run: each moment that the emulator sees, and the entries of the VMM's trace,
 * drained while the machine runs.
 *
 * Rule: this file knows no emulator, and takes none of the machine's time. The emulator tells each
 * moment with the machine's time, in the unit of the TSC, and reads the machine's memory.
 */
#ifndef EMULATORS_TIMELINE_H
#define EMULATORS_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The kinds of a record. scripts/signalbox/moments.py has the same list. */
enum timeline_kind {
	TIMELINE_TRACE, /* an entry of the trace, as it lies in memory */
	TIMELINE_LOST,  /* number: entries that nobody read before they were overwritten */
	TIMELINE_HIGH,  /* number: the line */
	TIMELINE_LOW,
	TIMELINE_DELIVERED,
	TIMELINE_EOI,
	TIMELINE_ENTRY, /* vm: the address of the VM's VMCB */
	TIMELINE_EXIT,  /* number: the exit's code */
};

/* The VMM's trace in the machine's memory (vmm/core/trace.h): the count, and behind the count so
 * many entries of TIMELINE_ENTRY_BYTES. address 0: there is none. */
struct timeline_ring {
	uint64_t address;
	uint64_t entries;
};
enum { TIMELINE_ENTRY_BYTES = 16 };

/* Begins a timeline in the file at path. read: reads the machine's memory. Returns false where the
 * file cannot be written. */
bool timeline_begin(const char *path, const struct timeline_ring *ring,
                    void (*read)(uint64_t address, void *to, uint64_t bytes));
/* Adds a record to the timeline, where a timeline has begun. */
void timeline_add(enum timeline_kind kind, uint64_t vm, uint64_t number, int64_t now);
/* Takes the new entries over from the VMM's trace, but for the last `unwritten`. The VMM counts an
 * entry before the VMM writes the entry: where the caller may have stopped the VMM in between, the
 * last entry may not be whole yet. Call from the first exit on, at least once in so many entries as
 * the trace holds. */
void timeline_drain(unsigned unwritten);
/* Writes what is not written yet. Returns false where the file is not whole. */
bool timeline_end(void);

#ifdef __cplusplus
}
#endif

#endif
