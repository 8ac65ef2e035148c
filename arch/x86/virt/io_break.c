/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breakpoints of an access that the VMM carries out. See the header for the rule.
 */
#include "arch/x86/virt/io_break.h"

#include <stddef.h>

uint32_t access_break_hits(uint64_t dr7, uint64_t cr4, const struct vcpu_io *io,
                           const struct vcpu_string *string)
{
	uint32_t hits = break_hits_now(dr7, io_break_types(cr4), io->port, io->size);

	if (string != NULL)
		hits |= break_hits_now(dr7, data_break_types(io->kind & IO_IN), string->linear,
		                       io->size);
	return hits;
}
