/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breakpoints on I/O ports and on data, where the VMM carries out the access: the processor exits
 * before the access, and so before the breakpoint.
 *
 * Rule: as SDM 3B 17.2.4 has the breakpoints: an enabled breakpoint of a type that fits, and an
 * address of the access within the breakpoint's range. Breakpoints on ports need CR4.DE.
 */
#ifndef ARCH_X86_VIRT_IO_BREAK_H
#define ARCH_X86_VIRT_IO_BREAK_H

#include "arch/x86/virt/virt.h"

#include <stdbool.h>
#include <stdint.h>

enum { IO_BREAK_ENABLES = 0xff, IO_BREAK_DE = 1 << 3, IO_BREAKS = 4 };
/* Types of breakpoints in DR7. */
enum { BREAK_ON_WRITE = 1, BREAK_ON_PORT = 2, BREAK_ON_DATA = 3 };

/* Returns the types that an access to a port hits, a bit each. */
static inline uint32_t io_break_types(uint64_t cr4)
{
	return cr4 & IO_BREAK_DE ? 1u << BREAK_ON_PORT : 0;
}

/* Returns the types that an access to memory hits, a bit each. */
static inline uint32_t data_break_types(bool write)
{
	return 1u << BREAK_ON_DATA | (write ? 1u << BREAK_ON_WRITE : 0);
}

/* Returns bits 3:0 of DR6 for an access of size bytes at a port or a linear address. dr: DR0 to
 * DR3. Length codes of DR7 are bytes minus 1, and 2 for 8 bytes. */
static inline uint32_t break_hits(const uint64_t dr[IO_BREAKS], uint64_t dr7, uint32_t types,
                                  uint64_t address, uint32_t size)
{
	enum { EIGHT = 2 };
	uint32_t hits = 0;
	for (unsigned i = 0; i < IO_BREAKS; i++) {
		const uint32_t type = dr7 >> (16 + 4 * i) & 3, code = dr7 >> (18 + 4 * i) & 3;
		const uint32_t length = code == EIGHT ? 7 : code;
		const uint64_t first = dr[i] & ~(uint64_t)length;
		if (dr7 >> 2 * i & 3 && types >> type & 1 && address <= first + length &&
		    address + size > first)
			hits |= 1u << i;
	}
	return hits;
}

/* Does break_hits() with DR0 to DR3 of the processor. Call when the guest's registers are there. */
static inline uint32_t break_hits_now(uint64_t dr7, uint32_t types, uint64_t address, uint32_t size)
{
	uint64_t dr[IO_BREAKS];
	__asm__ volatile("mov %%dr0, %0; mov %%dr1, %1; mov %%dr2, %2; mov %%dr3, %3"
	                 : "=r"(dr[0]), "=r"(dr[1]), "=r"(dr[2]), "=r"(dr[3]));
	return break_hits(dr, dr7, types, address, size);
}

/* Returns the hits of an access: at the ports of io, and at the memory operand of string, or NULL.
 * Call when the guest's registers are there. */
uint32_t access_break_hits(uint64_t dr7, uint64_t cr4, const struct vcpu_io *io,
                           const struct vcpu_string *string);

#endif
