/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buckets of a histogram. See the header for the rule.
 */
#include "chipset/times/histogram.h"

/* Returns the bucket's number. The first five bits of a value, from its highest 1 on, and the
 * number of bits behind them tell the bucket. */
static unsigned bucket_of(uint64_t value)
{
	enum { TOP = 4 };
	if (value < HISTOGRAM_SHARE)
		return (unsigned)value;
	unsigned behind = 63 - (unsigned)__builtin_clzll(value) - TOP;
	return behind * HISTOGRAM_SHARE + (unsigned)(value >> behind);
}

/* Returns the bucket's least value. */
static uint64_t floor_of(unsigned bucket)
{
	if (bucket < 2 * HISTOGRAM_SHARE)
		return bucket;
	uint64_t top = HISTOGRAM_SHARE + bucket % HISTOGRAM_SHARE;
	return top << (bucket / HISTOGRAM_SHARE - 1);
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	if (histogram->samples == 0 || value < histogram->least)
		histogram->least = value;
	if (value > histogram->greatest)
		histogram->greatest = value;
	histogram->samples++;
	histogram->sum += value;
	histogram->count[bucket_of(value)]++;
}

uint64_t histogram_next(const struct histogram *histogram, uint64_t from, uint64_t *count)
{
	unsigned bucket = bucket_of(from);

	if (floor_of(bucket) < from)
		bucket++;
	while (bucket < HISTOGRAM_BUCKETS && histogram->count[bucket] == 0)
		bucket++;
	*count = bucket < HISTOGRAM_BUCKETS ? histogram->count[bucket] : 0;
	return bucket < HISTOGRAM_BUCKETS ? floor_of(bucket) : HISTOGRAM_NONE;
}
