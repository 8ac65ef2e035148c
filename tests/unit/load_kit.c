/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checking and loading broken images. See the header for the rule.
 */
#include "tests/unit/load_kit.h"

#include "tests/unit/fuzz.h"
#include "tests/unit/ram_kit.h"
#include "vmm/load/handover.h"

#include <string.h>

enum { WATCHED = 0xcc };

uint8_t *load_kit_copy(const uint8_t *data, size_t size)
{
	uint8_t *image = malloc(size + 1);

	require(image != NULL, "there is memory for the image");
	memcpy(image, data, size);
	return image;
}

bool load_kit_check(struct load *l, const struct load_source *source, uint8_t *memory, size_t bytes)
{
	const struct guest_ram ram = ram_at(memory, bytes);
	char err[160];

	load_begin(l, source, &ram);
	memory[bytes - 1] = WATCHED;
	int error = load_check(l);
	load_describe(l, err, sizeof(err));
	require((error == 0) == (err[0] == '\0'), "an error has a message, success has none");
	require(memory[bytes - 1] == WATCHED, "the check writes nothing");
	return error == 0;
}

bool load_kit_chooses(const uint8_t *data, size_t size)
{
	unsigned sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += data[i];
	return sum % 8 == 0;
}

void load_kit_load(struct load *l, const uint8_t *memory, unsigned steps_max)
{
	unsigned steps = 0;
	int error;

	while ((error = load_step(l)) > 0)
		require(++steps < steps_max, "the number of steps is bounded");
	require(error == 0, "what was checked is loaded");
	require(memory[HOLE_FIRST] == 0 && memory[HOLE_END - 1] == 0, "the hole is left clear");
}

uint32_t load_kit_next(uint32_t seed)
{
	return seed * 1664525 + 1013904223;
}

uint32_t load_kit_near(uint32_t seed, const uint32_t *numbers, size_t count)
{
	return numbers[(seed >> 20) % count] + (seed >> 30) - 1;
}
