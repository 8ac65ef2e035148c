/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory operand of a guest's instruction: from an offset in a segment to a linear address.
 *
 * Rule: type, limit and canonical form are checked as the processor does. The guest may write any
 * value to segments and offsets.
 */
#ifndef ARCH_X86_VIRT_GUEST_OPERAND_H
#define ARCH_X86_VIRT_GUEST_OPERAND_H

#include <stdbool.h>
#include <stdint.h>

/* A segment. attributes: a descriptor's bits without the hole (APM 2 appendix B): 10 D | 7 P |
 * 3 code | 2 expand-down | 1 writable, or readable. A segment that is not usable has P clear. */
struct guest_operand {
	uint64_t base;
	uint32_t limit;
	uint16_t attributes;
	bool wide;  /* 64-bit code: no limit, and a base for FS and GS alone */
	bool typed; /* protected mode without virtual-8086 mode: the type counts */
	bool la57;  /* 64-bit code: linear addresses have 57 bits, else 48 */
};

/* Finds the linear address of so many bytes at offset. Returns false where the segment forbids the
 * access: then the instruction raises #GP, or #SS for SS. */
bool guest_operand_linear(const struct guest_operand *o, uint64_t offset, unsigned bytes,
                          bool write, uint64_t *linear);

/* Returns the part of a register that an address of so many bytes uses. */
static inline uint64_t address_part(uint64_t value, unsigned bytes)
{
	return bytes == 8 ? value : value & ((1ull << 8 * bytes) - 1);
}

/* Adds to a register as an address of so many bytes. 4 bytes clear the upper half, 2 bytes leave
 * the rest (APM 3 1.2.3). */
static inline void address_advance(uint64_t *reg, uint64_t by, unsigned bytes)
{
	uint64_t value = address_part(*reg + by, bytes);

	*reg = bytes == 2 ? (*reg & ~0xffffull) | value : value;
}

#endif
