/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of a timeline: records of 32 bytes, little-endian. See the header for the rule.
 */
#include "emulators/timeline.h"

#include <stdio.h>
#include <string.h>

/* A record in the file. */
struct record {
	uint64_t time; /* TIMELINE_TRACE: the TSC */
	uint32_t kind; /* enum timeline_kind */
	uint32_t zero;
	uint64_t vm;     /* TIMELINE_TRACE: event, VM, a and b of the entry */
	uint64_t number; /* TIMELINE_TRACE: the entry's number */
};

static struct {
	FILE *out;
	struct timeline_ring ring;
	void (*read)(uint64_t address, void *to, uint64_t bytes);
	bool drains;
	uint64_t next; /* the first entry that is not drained */
} timeline;

bool timeline_begin(const char *path, const struct timeline_ring *ring,
                    void (*read)(uint64_t address, void *to, uint64_t bytes))
{
	timeline.out = fopen(path, "wb");
	timeline.ring = *ring;
	timeline.read = read;
	return timeline.out != NULL;
}

static void write_record(struct record record)
{
	fwrite(&record, sizeof(record), 1, timeline.out);
}

void timeline_add(enum timeline_kind kind, uint64_t vm, uint64_t number, int64_t now)
{
	if (timeline.out != NULL)
		write_record((struct record){ (uint64_t)now, kind, 0, vm, number });
}

static void drain_entry(uint64_t number)
{
	uint64_t entry[2];
	uint64_t at = number % timeline.ring.entries * TIMELINE_ENTRY_BYTES;

	_Static_assert(sizeof(entry) == TIMELINE_ENTRY_BYTES, "TSC, and the rest");
	timeline.read(timeline.ring.address + sizeof(uint64_t) + at, entry, sizeof(entry));
	write_record((struct record){ entry[0], TIMELINE_TRACE, 0, entry[1], number });
}

void timeline_drain(unsigned unwritten)
{
	uint64_t count = 0;

	if (timeline.out == NULL || timeline.ring.address == 0)
		return;
	timeline.read(timeline.ring.address, &count, sizeof(count));
	if (count - timeline.next > timeline.ring.entries) {
		uint64_t first = count - timeline.ring.entries;
		if (timeline.drains)
			write_record(
				(struct record){ 0, TIMELINE_LOST, 0, 0, first - timeline.next });
		timeline.next = first;
	}
	timeline.drains = true;
	while (timeline.next + unwritten < count)
		drain_entry(timeline.next++);
}

bool timeline_end(void)
{
	if (timeline.out == NULL)
		return true;
	timeline_drain(0);
	bool whole = ferror(timeline.out) == 0;
	return fclose(timeline.out) == 0 && whole;
}
