/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzzers share.
 *
 * Rule: a fuzzer has LLVMFuzzerTestOneInput(), and mostly tries(): the inputs that its author
 * thinks of. libFuzzer starts from nothing, so each run first tries those; a program without
 * libFuzzer tries those alone (tests/unit/tries.c).
 */
#ifndef TESTS_UNIT_FUZZ_H
#define TESTS_UNIT_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Plays one input. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Plays inputs of the fuzzer's own, and prints how many. */
void tries(void);

/* Ends the program where condition does not hold. text: what has to hold. */
static inline void require(int condition, const char *text)
{
	if (condition)
		return;
	fprintf(stderr, "not so: %s\n", text);
	abort();
}

#endif
