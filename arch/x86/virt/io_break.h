/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breakpoints on I/O ports, where the VMM carries out the access: the processor exits before the
 * access, and so before the breakpoint.
 *
 * Rule: as SDM 3B 17.2.4 has the breakpoints: CR4.DE, an enabled breakpoint of type 2, and a port
 * of the access within the breakpoint's range.
 */
#ifndef ARCH_X86_VIRT_IO_BREAK_H
#define ARCH_X86_VIRT_IO_BREAK_H

#include <stdint.h>

enum { IO_BREAK_ENABLES = 0xff, IO_BREAK_DE = 1 << 3, IO_BREAK_TYPE = 2, IO_BREAKS = 4 };

/* Returns bits 3:0 of DR6 for an access of size bytes. dr: DR0 to DR3. Length codes of DR7 are
 * bytes minus 1. */
static inline uint32_t io_break_hits(const uint64_t dr[IO_BREAKS], uint64_t dr7, uint64_t cr4,
                                     uint32_t port, uint32_t size)
{
	uint32_t hits = 0;
	for (unsigned i = 0; i < IO_BREAKS && cr4 & IO_BREAK_DE; i++) {
		const uint32_t type = dr7 >> (16 + 4 * i) & 3, length = dr7 >> (18 + 4 * i) & 3;
		const uint64_t first = dr[i] & ~(uint64_t)length;
		if (dr7 >> 2 * i & 3 && type == IO_BREAK_TYPE && port <= first + length &&
		    port + size > first)
			hits |= 1u << i;
	}
	return hits;
}

/* Does io_break_hits() with DR0 to DR3 of the processor. Call when the guest's registers are
 * there. */
static inline uint32_t io_break_hits_now(uint64_t dr7, uint64_t cr4, uint32_t port, uint32_t size)
{
	uint64_t dr[IO_BREAKS];
	__asm__ volatile("mov %%dr0, %0; mov %%dr1, %1; mov %%dr2, %2; mov %%dr3, %3"
	                 : "=r"(dr[0]), "=r"(dr[1]), "=r"(dr[2]), "=r"(dr[3]));
	return io_break_hits(dr, dr7, cr4, port, size);
}

#endif
