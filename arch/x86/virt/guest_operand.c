/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory operand of a guest's instruction. See the header for the rule.
 */
#include "arch/x86/virt/guest_operand.h"

enum { SEGMENT_D = 1 << 10, SEGMENT_P = 1 << 7 };
enum { TYPE_CODE = 1 << 3, TYPE_DOWN = 1 << 2, TYPE_OPEN = 1 << 1 };

/* Checks type and limit, outside of 64-bit code (APM 2 4.8.2, 4.12). */
static bool allows(const struct guest_operand *o, uint64_t offset, unsigned bytes, bool write)
{
	const uint64_t last = offset + bytes - 1;
	bool code = o->attributes & TYPE_CODE, open = o->attributes & TYPE_OPEN;

	if (o->typed) {
		if (!(o->attributes & SEGMENT_P) || (write ? code || !open : code && !open))
			return false;
		if (!code && o->attributes & TYPE_DOWN)
			return offset > o->limit &&
			       last <= (o->attributes & SEGMENT_D ? UINT32_MAX : 0xffff);
	}
	return last <= o->limit;
}

static bool is_canonical(const struct guest_operand *o, uint64_t linear)
{
	unsigned above = o->la57 ? 7 : 16;

	return (uint64_t)((int64_t)(linear << above) >> above) == linear;
}

bool guest_operand_linear(const struct guest_operand *o, uint64_t offset, unsigned bytes,
                          bool write, uint64_t *linear)
{
	*linear = o->base + offset;
	if (o->wide)
		return is_canonical(o, *linear) && is_canonical(o, *linear + bytes - 1);
	*linear = (uint32_t)*linear;
	return allows(o, offset, bytes, write);
}
