/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks of memory, copied and cleared by the processor's string instructions.
 *
 * Rule: the number of instructions is known: a REP iteration for each 8 bytes, one for each byte of
 * the rest, and about six more. So a caller can bound its work. A library's function makes no such
 * promise.
 */
#ifndef ARCH_X86_CPU_BYTES_H
#define ARCH_X86_CPU_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Copies bytes from one block to another. The blocks must not overlap. The blocks may lie at any
 * address. */
static inline void bytes_copy(void *to, const void *from, size_t bytes)
{
	size_t words = bytes / 8, rest = bytes % 8;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	if (rest > 0)
		__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
}

/* Fills a block with words of 8 bytes. words: their number. */
static inline void bytes_fill(void *to, uint64_t word, size_t words)
{
	__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(word) : "memory");
}

/* Fills a block with zeros. */
static inline void bytes_clear(void *to, size_t bytes)
{
	char *end = (char *)to + (bytes & ~(size_t)7);
	size_t rest = bytes % 8;

	bytes_fill(to, 0, bytes / 8);
	if (rest > 0)
		__asm__ volatile("rep stosb" : "+D"(end), "+c"(rest) : "a"(0) : "memory");
}

#endif
