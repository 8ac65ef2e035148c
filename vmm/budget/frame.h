/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frame: a cyclic table of parts, each with an owner. After the parts comes the rest.
 *
 * Rule: frames follow each other without a gap, so that each part begins at a moment that the first
 * frame has fixed (the major frame and the partition windows of ARINC 653). Pure arithmetic, as in
 * budget.h.
 */
#ifndef VMM_BUDGET_FRAME_H
#define VMM_BUDGET_FRAME_H

#include <stdint.h>

enum { FRAME_PARTS = 16 };
/* The owner of the rest. */
#define FRAME_REST UINT32_MAX

/* A part. The part begins where the part before ends, or with the frame. */
struct frame_part {
	uint64_t end; /* ticks since the frame's begin */
	uint32_t owner;
};

struct frame {
	uint64_t length; /* ticks; 0: there is no frame */
	uint64_t begin;  /* the time at which the present frame began */
	uint32_t count;
	struct frame_part part[FRAME_PARTS];
};

/* Adds a part at the end of the table. */
void frame_add(struct frame *f, uint64_t ticks, uint32_t owner);
/* Goes on to the frame in which now lies. Returns the owner of the time, and in *until the time at
 * which the part or the rest ends. */
uint32_t frame_owner(struct frame *f, uint64_t now, uint64_t *until);
/* Returns the longest time between two parts of an owner, in ticks. Returns the frame's length
 * where the owner has no part. */
uint64_t frame_longest_gap(const struct frame *f, uint32_t owner);

#endif
