/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A histogram with logarithmic buckets, of fixed size.
 *
 * Rule: the number of samples, their sum, the least and the greatest value are exact. A value below
 * 32 has a bucket of its own. Above, 16 buckets share each doubling, so that a bucket is at most a
 * 16th of its value wide. A bucket is named by its least value.
 */
#ifndef CHIPSET_TIMES_HISTOGRAM_H
#define CHIPSET_TIMES_HISTOGRAM_H

#include <stdint.h>

enum {
	HISTOGRAM_SHARE = 16,                          /* buckets of a doubling */
	HISTOGRAM_BUCKETS = (64 - 3) * HISTOGRAM_SHARE /* for any value of 64 bits */
};
#define HISTOGRAM_NONE UINT64_MAX

/* All zeros is a histogram without a sample. */
struct histogram {
	uint64_t samples, sum, least, greatest;
	uint64_t count[HISTOGRAM_BUCKETS];
};

/* Counts a sample. */
void histogram_add(struct histogram *histogram, uint64_t value);
/* Returns the least value of the first bucket that has a sample and whose least value is not below
 * from, or HISTOGRAM_NONE. *count gets the bucket's samples, or 0. Call it to read a histogram:
 * from 0 on, and then from the answer plus 1 on. */
uint64_t histogram_next(const struct histogram *histogram, uint64_t from, uint64_t *count);

#endif
