/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of version 2: the times and histograms of times.h, and the version itself.
 *
 * Rule: as window.c, a register file of 8-byte slots. What is no register of version 2 is the
 * block's.
 */
#include "chipset/block/window.h"
#include "chipset/times/times.h"

enum { SLOT_BYTES = 8, HALF_BITS = 32 };

static uint64_t read_stamp(const struct times *times, uint32_t slot)
{
	unsigned line = (slot - WINDOW_STAMPS) / WINDOW_STAMPS_STRIDE;

	if (line >= BLOCK_LINES)
		return 0;
	switch ((slot - WINDOW_STAMPS) % WINDOW_STAMPS_STRIDE) {
	case WINDOW_STAMPS_EDGE:
		return times->line[line].edge;
	case WINDOW_STAMPS_INTA:
		return times->line[line].inta;
	case WINDOW_STAMPS_EOI:
		return times->line[line].eoi;
	default:
		return 0;
	}
}

static uint64_t read_slot(const struct times *times, uint32_t slot, const struct times_clock *clock)
{
	const struct times_line *line = &times->line[times->select % BLOCK_LINES];
	const struct histogram *probe = &line->probe[!!(times->select & WINDOW_PROBE_SERVICE)];
	uint64_t count, bucket = histogram_next(probe, times->from, &count);

	switch (slot) {
	case WINDOW_PROBE:
		return times->select;
	case WINDOW_FROM:
		return times->from;
	case WINDOW_BUCKET:
		return bucket;
	case WINDOW_COUNT:
		return count;
	case WINDOW_SAMPLES:
		return probe->samples;
	case WINDOW_SUM:
		return probe->sum;
	case WINDOW_LEAST:
		return probe->least;
	case WINDOW_GREATEST:
		return probe->greatest;
	case WINDOW_MERGED:
		return line->merged;
	case WINDOW_UNMATCHED:
		return line->unmatched;
	case WINDOW_FREQUENCY:
		return clock->frequency;
	case WINDOW_TIME:
		return clock->now(clock->owner);
	default:
		return slot >= WINDOW_STAMPS ? read_stamp(times, slot) : 0;
	}
}

/* Returns whether the access is 1, 2, 4 or 8 bytes, naturally aligned, and within the bytes from
 * first to end. */
static bool within(uint32_t offset, unsigned size, uint32_t first, uint32_t end)
{
	bool power = size == 1 || size == 2 || size == 4 || size == 8;

	return power && !(offset & (size - 1)) && offset >= first && offset < end;
}

static bool is_ours(uint32_t offset, unsigned size)
{
	return within(offset, size, WINDOW_PROBE,
	              WINDOW_STAMPS + BLOCK_LINES * WINDOW_STAMPS_STRIDE);
}

/* Returns the bytes of a slot that an access at the offset has. */
static uint64_t part_of(uint64_t slot, uint32_t offset, unsigned size)
{
	slot >>= 8 * (offset % SLOT_BYTES);
	return size == SLOT_BYTES ? slot : slot & ((UINT64_C(1) << 8 * size) - 1);
}

/* The two slots of version 1 that read otherwise in version 2. */
static uint64_t read_head(struct block *block, uint32_t slot)
{
	uint64_t value = block_window_read(block, slot, SLOT_BYTES);

	if (slot == WINDOW_CAPABILITY)
		return value | WINDOW_CAPABILITY_TIMES;
	return (uint32_t)value | (uint64_t)WINDOW_VERSION_TIMES_VALUE << HALF_BITS;
}

uint64_t times_window_read(struct times *times, struct block *block, uint32_t offset, unsigned size,
                           const struct times_clock *clock)
{
	uint32_t slot = offset - offset % SLOT_BYTES;

	if (within(offset, size, WINDOW_ID, WINDOW_SELECT))
		return part_of(read_head(block, slot), offset, size);
	if (!is_ours(offset, size))
		return block_window_read(block, offset, size);
	bool high = offset % SLOT_BYTES >= SLOT_BYTES / 2;
	uint64_t value = high ? times->latch : read_slot(times, slot, clock);
	if (offset == slot)
		times->latch = value;
	return part_of(value, offset, size);
}

static uint64_t merge(uint64_t old, uint64_t value, uint32_t offset, unsigned size)
{
	unsigned shift = 8 * (offset % SLOT_BYTES);
	uint64_t bytes = size == SLOT_BYTES ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;

	return (old & ~(bytes << shift)) | (value & bytes) << shift;
}

void times_window_write(struct times *times, struct block *block, uint32_t offset, unsigned size,
                        uint64_t value)
{
	uint32_t slot = offset - offset % SLOT_BYTES;

	if (!is_ours(offset, size))
		block_window_write(block, offset, size, value);
	else if (slot == WINDOW_PROBE)
		times->select = merge(times->select, value, offset, size) & WINDOW_PROBE_BITS;
	else if (slot == WINDOW_FROM)
		times->from = merge(times->from, value, offset, size);
	times_settle(times, block);
}
