/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a guest's image: libFuzzer where clang is, else good images with random bytes in
 * random places.
 *
 * Rule: the sanitizers see every byte read or written out of bounds; an error has a message and
 * success an entry in memory.
 */
#include "tests/unit/elf_image.h"
#include "vmm/load/elf.h"
#include "vmm/load/handover.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { MEMORY = 0x110000 };

static void require(int condition, const char *text)
{
	if (condition)
		return;
	fprintf(stderr, "not so: %s\n", text);
	abort();
}

/* Clearing the memory is what takes time: one image in 8 is loaded, whichever they are. */
static bool whole(const uint8_t *data, size_t size)
{
	unsigned sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += data[i];
	return sum % 8 == 0;
}

/* A checked image loads, in a number of steps that its size does not decide. */
static void load_whole(struct load *l, const uint8_t *memory)
{
	enum { STEPS_MAX = 2 * MEMORY / LOAD_PIECE + 3 * LOAD_HEADERS_MAX + 2 };
	unsigned steps = 0;
	int error;

	while ((error = load_step(l)) > 0)
		require(++steps < STEPS_MAX, "the number of steps is bounded");
	require(error == 0, "what was checked is loaded");
	require(memory[l->handover] == 0 && memory[l->handover + HANDOVER_BYTES - 1] == 0,
	        "the handover's place is left clear");
	require(memory[HOLE_FIRST] == 0 && memory[HOLE_END - 1] == 0, "the hole is left clear");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t *memory;
	uint8_t *image = malloc(size + 1); /* of its own, so that its ends are watched */
	struct load l;
	char err[160];
	int error;

	if (!memory)
		memory = malloc(MEMORY);
	memcpy(image, data, size);
	image_begin(&l, image, size, memory, MEMORY);
	memory[MEMORY - 1] = 0xcc;
	error = load_check(&l);
	load_describe(&l, err, sizeof(err));
	require((error == 0) == (err[0] == '\0'), "an error has a message, success has none");
	require(error != 0 || l.entry < MEMORY, "the entry is in memory");
	require(memory[MEMORY - 1] == 0xcc, "the check writes nothing");
	if (error == 0 && whole(data, size))
		load_whole(&l, memory);
	free(image);
	return 0;
}

/* Fields of a header are where the chances are; numbers near the limits are what breaks them. */
static size_t mutate(struct image *i, uint32_t seed)
{
	static const uint32_t numbers[] = { 0,          1,          0x40,       0x7fff,    0x8000,
		                            0xffff,     0xfffff,    0x100000,   0x10ffff,  0x110000,
		                            0x7fffffff, 0x80000000, 0xffffff00, 0xffffffff };
	unsigned changes = 1 + seed % 4;

	for (; changes > 0; changes--) {
		seed = seed * 1664525 + 1013904223;
		uint32_t value = numbers[(seed >> 20) % (sizeof(numbers) / sizeof(numbers[0]))] +
		                 (seed >> 30) - 1;
		/* up to the end of the program headers, and the multiboot header */
		size_t at = (seed >> 8) % 8 == 0 ? IMAGE_HEADER_AT + (seed >> 11) % 12
		                                 : (seed >> 11) % 0xb4;

		memcpy(i->bytes + (at & ~(size_t)1), &value, (seed & 1) ? 4 : 2);
	}
	return seed % 16 == 0 ? (seed >> 8) % sizeof(*i) : sizeof(*i);
}

#ifdef WITH_LIBFUZZER
int LLVMFuzzerInitialize(int *count, char ***arguments);

/* libFuzzer starts from nothing here, so each run first tries the mutations that we think of. */
int LLVMFuzzerInitialize(int *count, char ***arguments)
#else
static int tries(int *count, char ***arguments)
#endif
{
	enum { TRIES = 100000 };

	(void)count;
	(void)arguments;
	for (uint32_t n = 0; n < TRIES; n++) {
		struct image i = n & 1 ? image_elf32() : image_elf64();
		size_t size = mutate(&i, n * 2654435761u);

		LLVMFuzzerTestOneInput(i.bytes, size);
	}
	printf("elf: %d broken images ... ok\n", TRIES);
	return 0;
}

#ifndef WITH_LIBFUZZER
int main(void)
{
	return tries(NULL, NULL);
}
#endif
