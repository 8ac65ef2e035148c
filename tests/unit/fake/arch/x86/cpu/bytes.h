/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host tests' stand-in for arch/x86/cpu/bytes.h: the library's functions, which the sanitizer
 * watches.
 *
 * Rule: this directory comes first in the include path, so the sources that are tested do not know.
 */
#ifndef ARCH_X86_CPU_BYTES_H
#define ARCH_X86_CPU_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A test that counts what is copied has this function. */
void fake_bytes_copied(const void *to, size_t bytes) __attribute__((weak));

static inline void bytes_copy(void *to, const void *from, size_t bytes)
{
	if (fake_bytes_copied != NULL)
		fake_bytes_copied(to, bytes);
	memcpy(to, from, bytes);
}

static inline void bytes_fill(void *to, uint64_t word, size_t words)
{
	for (size_t i = 0; i < words; i++)
		memcpy((char *)to + 8 * i, &word, 8);
}

static inline void bytes_clear(void *to, size_t bytes)
{
	memset(to, 0, bytes);
}

#endif
