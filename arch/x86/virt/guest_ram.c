/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layout of a VM's RAM. See the header for the rule.
 */
#include "arch/x86/virt/guest_ram.h"

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

struct guest_ram guest_ram_plan(uint64_t bytes, uint64_t low_most)
{
	const uint64_t low = least(bytes, least(low_most, GUEST_RAM_LOW_END));

	return (struct guest_ram){ { { 0, 0, low }, { GUEST_RAM_HIGH, 0, bytes - low } } };
}

static struct guest_ram_part cut(struct guest_ram_part part, uint64_t from, uint64_t end)
{
	return (struct guest_ram_part){ part.guest + from, part.host + from, end - from };
}

unsigned guest_ram_pieces(const struct guest_ram *ram, uint64_t hole_end,
                          struct guest_ram_part out[GUEST_RAM_PIECES])
{
	const struct guest_ram_part low = ram->part[GUEST_RAM_LOW_PART];
	unsigned count = 0;

	out[count++] = cut(low, 0, HOLE_FIRST);
	if (low.bytes > hole_end)
		out[count++] = cut(low, hole_end, low.bytes);
	if (ram->part[GUEST_RAM_HIGH_PART].bytes != 0)
		out[count++] = ram->part[GUEST_RAM_HIGH_PART];
	return count;
}

bool guest_ram_overlaps(const struct guest_ram *ram, uint64_t first, uint64_t last)
{
	for (unsigned i = 0; i < GUEST_RAM_PARTS; i++) {
		const struct guest_ram_part *p = &ram->part[i];
		if (p->bytes != 0 && first < p->guest + p->bytes && last >= p->guest)
			return true;
	}
	return false;
}
