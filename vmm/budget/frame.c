/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arithmetic of a frame. See the header for the rule.
 */
#include "vmm/budget/frame.h"

#include <stdbool.h>

void frame_add(struct frame *f, uint64_t ticks, uint32_t owner)
{
	uint64_t begin = f->count > 0 ? f->part[f->count - 1].end : 0;

	f->part[f->count++] = (struct frame_part){ begin + ticks, owner };
}

uint32_t frame_owner(struct frame *f, uint64_t now, uint64_t *until)
{
	if (now - f->begin >= f->length)
		f->begin = now - (now - f->begin) % f->length;
	for (unsigned i = 0; i < f->count; i++) {
		*until = f->begin + f->part[i].end;
		if (now < *until)
			return f->part[i].owner;
	}
	*until = f->begin + f->length;
	return FRAME_REST;
}

uint64_t frame_longest_gap(const struct frame *f, uint32_t owner)
{
	uint64_t longest = 0, gap = 0, from = 0;

	/* twice, so that a gap goes on over the frame's end */
	for (unsigned i = 0; i < 2 * (f->count + 1); i++) {
		unsigned n = i % (f->count + 1);
		bool rest = n == f->count;
		uint64_t end = rest ? f->length : f->part[n].end;
		bool own = (rest ? FRAME_REST : f->part[n].owner) == owner;
		/* an empty rest ends no gap */
		gap = own && end > from ? 0 : gap + end - from;
		from = rest ? 0 : end;
		if (gap > longest)
			longest = gap;
	}
	return longest < f->length ? longest : f->length;
}
