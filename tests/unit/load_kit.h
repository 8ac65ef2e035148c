/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzzers of guest images share (fuzz_elf.c, fuzz_linux.c).
 *
 * Rule: an image is checked in memory of the fuzzer's, whose last byte is watched. An image that
 * passes the check loads, in a bounded number of steps, and leaves the PC's hole clear.
 */
#ifndef TESTS_UNIT_LOAD_KIT_H
#define TESTS_UNIT_LOAD_KIT_H

#include "vmm/load/elf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An image in memory of its own, so that the sanitizer watches both ends. Free the result. */
uint8_t *load_kit_copy(const uint8_t *data, size_t size);
/* Checks the image of source. Returns true where the image may be loaded. */
bool load_kit_check(struct load *l, const struct load_source *source, uint8_t *memory,
                    size_t bytes);
/* Clearing the memory takes the time, so an eighth of the images is loaded. Returns true for the
 * images of that eighth. */
bool load_kit_chooses(const uint8_t *data, size_t size);
/* Loads an image that passed the check. Call it once behind load_kit_check(). */
void load_kit_load(struct load *l, const uint8_t *memory, unsigned steps_max);
/* The next random number. */
uint32_t load_kit_next(uint32_t seed);
/* Returns a number at most one off from one of the numbers, by the high bits of seed. */
uint32_t load_kit_near(uint32_t seed, const uint32_t *numbers, size_t count);

#endif
