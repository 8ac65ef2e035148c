/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a guest's instructions as bytes. See the header for the rule.
 */
#include "arch/x86/virt/guest_code.h"

#include "arch/x86/virt/nested_map.h"

#include <string.h>

#define EFER_LMA (1ull << 10)
enum { PAGE_SHIFT = 12 };

bool guest_in_long_mode(const struct guest_mode *m)
{
	return m->paging.efer & EFER_LMA && m->cs_long;
}

unsigned guest_fetch(const struct guest_mode *m, uint64_t rip, uint8_t *bytes, unsigned count)
{
	const uint64_t page = 1ull << PAGE_SHIFT;
	unsigned done = 0;

	while (done < count) {
		uint64_t linear = guest_in_long_mode(m) ? rip + done
		                                        : (uint32_t)(m->cs_base + rip + done);
		const uint8_t *at = nested_translate(m->paging.nested,
		                                     guest_translate(&m->paging, linear));
		uint64_t here = page - (linear & (page - 1));
		if (at == NULL)
			break;
		if (here > count - done)
			here = count - done;
		memcpy(bytes + done, at, here);
		done += (unsigned)here;
	}
	return done;
}
