/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading the image anew. See the header for the rule. The linker gathers the variables
 * (tests/unit/sim_image.ld).
 */
#include "tests/unit/sim_image.h"

#include "tests/unit/sim_internal.h"

#include <stdint.h>
#include <stdlib.h>

extern uint64_t sim_image_begin[], sim_image_end[];

/* The sanitizer keeps variables apart by forbidden bytes. The bytes are copied like all others, and
 * never change. A call of memcpy() would be looked at, so the words are volatile. */
static __attribute__((no_sanitize_address)) void copy(volatile uint64_t *to,
                                                      const volatile uint64_t *from, size_t words)
{
	for (size_t i = 0; i < words; i++)
		to[i] = from[i];
}

void sim_image_load(void)
{
	static uint64_t *first; /* the image before the first machine */
	size_t words = (size_t)(sim_image_end - sim_image_begin);

	sim_power_off();
	if (first != NULL) {
		copy(sim_image_begin, first, words);
		return;
	}
	first = malloc(words * sizeof(*first));
	if (first == NULL)
		abort();
	copy(first, sim_image_begin, words);
}
