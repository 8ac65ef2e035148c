/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a Linux kernel with an initrd: libFuzzer where clang is, else a good kernel with
 * random bytes in its header.
 *
 * Rule: the sanitizers see every byte read or written out of bounds; an error has a message, and a
 * loaded kernel, its initrd and its parameters lie in memory, side by side.
 */
#include "tests/unit/linux_image.h"
#include "vmm/load/elf.h"
#include "vmm/load/handover.h"
#include "vmm/load/linux.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { MEMORY = 2 << 20 };

static void require(int condition, const char *text)
{
	if (condition)
		return;
	fprintf(stderr, "not so: %s\n", text);
	abort();
}

/* Clearing the memory takes the time, so an eighth of the images is loaded. */
static bool whole(const uint8_t *data, size_t size)
{
	unsigned sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += data[i];
	return sum % 8 == 0;
}

static void load_whole(struct load *l, const uint8_t *memory)
{
	enum { STEPS_MAX = 2 * MEMORY / LOAD_PIECE + 20 };
	unsigned steps = 0;
	int error;

	while ((error = load_step(l)) > 0)
		require(++steps < STEPS_MAX, "the number of steps is bounded");
	require(error == 0, "what was checked is loaded");
	require(memory[l->handover] == 0, "the place of the parameters is left clear");
	uint32_t start = linux_hand_over(l, "console=ttyS0", 19998);
	require(start >= l->handover && start < l->handover + LINUX_HANDOVER_BYTES,
	        "the first instructions lie with the parameters");
	require(memory[HOLE_FIRST] == 0 && memory[HOLE_END - 1] == 0, "the hole is left clear");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t *memory;
	static const uint8_t initrd[100];
	uint8_t *image = malloc(size + 1); /* The sanitizer watches both ends. */
	const struct load_source source = { .image = image,
		                            .bytes = size,
		                            .kind = LOAD_LINUX,
		                            .file_count = 1,
		                            .file = { { initrd, sizeof(initrd), "" } } };
	struct load l;
	char err[160];
	int error;

	if (!memory)
		memory = malloc(MEMORY);
	memcpy(image, data, size);
	load_begin(&l, &source, memory, MEMORY);
	memory[MEMORY - 1] = 0xcc;
	error = load_check(&l);
	load_describe(&l, err, sizeof(err));
	require((error == 0) == (err[0] == '\0'), "an error has a message, success has none");
	require(memory[MEMORY - 1] == 0xcc, "the check writes nothing");
	require(error != 0 || (l.entry >= HOLE_END && l.entry < l.image_end), "the entry is in it");
	require(error != 0 ||
	                (l.file_at[0] >= l.image_end && l.file_at[0] + sizeof(initrd) <= MEMORY),
	        "the initrd lies behind the kernel, in memory");
	if (error == 0 && whole(data, size))
		load_whole(&l, memory);
	free(image);
	return 0;
}

/* Breaks fields of the header, mostly by numbers near the limits. */
static size_t mutate(struct bz *b, uint32_t seed)
{
	static const uint32_t numbers[] = {
		0,        1,        2,        0x100,    0x209,      0xffff,     0xfffff,   0x100000,
		0x1e0000, 0x1fffff, 0x200000, 0x7fffff, 0x7fffffff, 0x80000000, 0xffffffff
	};
	unsigned changes = 1 + seed % 3;

	for (; changes > 0; changes--) {
		seed = seed * 1664525 + 1013904223;
		uint32_t value = numbers[(seed >> 20) % (sizeof(numbers) / sizeof(numbers[0]))] +
		                 (seed >> 30) - 1;
		size_t at = BZ_SETUP_SECTS + (seed >> 8) % (BZ_HEADER_END - BZ_SETUP_SECTS - 4);

		memcpy(b->bytes + at, &value, (seed & 1) ? 4 : 2);
	}
	return seed % 16 == 0 ? (seed >> 8) % sizeof(*b) : sizeof(*b);
}

#ifdef WITH_LIBFUZZER
int LLVMFuzzerInitialize(int *count, char ***arguments);

/* libFuzzer has no corpus here, so each run first tries mutations of a good kernel. */
int LLVMFuzzerInitialize(int *count, char ***arguments)
#else
static int tries(int *count, char ***arguments)
#endif
{
	enum { TRIES = 50000 };

	(void)count;
	(void)arguments;
	for (uint32_t n = 0; n < TRIES; n++) {
		struct bz b = bz_image();
		size_t size = mutate(&b, n * 2654435761u);

		LLVMFuzzerTestOneInput(b.bytes, size);
	}
	printf("linux: %d broken kernels ... ok\n", TRIES);
	return 0;
}

#ifndef WITH_LIBFUZZER
int main(void)
{
	return tries(NULL, NULL);
}
#endif
