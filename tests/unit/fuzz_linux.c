/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a Linux kernel with an initrd: libFuzzer where clang is, else a good kernel with
 * random bytes in its header.
 *
 * Rule: the sanitizers see every byte read or written out of bounds; an error has a message, and a
 * loaded kernel, its initrd and its parameters lie in memory, side by side.
 */
#include "tests/unit/fuzz.h"
#include "tests/unit/linux_image.h"
#include "tests/unit/load_kit.h"
#include "vmm/load/elf.h"
#include "vmm/load/handover.h"
#include "vmm/load/linux.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { MEMORY = 2 << 20 };

static void load_whole(struct load *l, const uint8_t *memory)
{
	load_kit_load(l, memory, 2 * MEMORY / LOAD_PIECE + 20);
	require(memory[l->handover] == 0, "the place of the parameters is left clear");
	uint32_t start = linux_hand_over(l, "console=ttyS0", 19998);
	require(start >= l->handover && start < l->handover + LINUX_HANDOVER_BYTES,
	        "the first instructions lie with the parameters");
	require(memory[HOLE_FIRST] == 0 && memory[HOLE_END - 1] == 0, "the hole is left clear");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t *memory;
	static const uint8_t initrd[100];
	uint8_t *image = load_kit_copy(data, size);
	const struct load_source source = { .image = image,
		                            .bytes = size,
		                            .kind = LOAD_LINUX,
		                            .file_count = 1,
		                            .file = { { initrd, sizeof(initrd), "" } } };
	struct load l;

	if (!memory)
		memory = malloc(MEMORY);
	bool good = load_kit_check(&l, &source, memory, MEMORY);
	require(!good || (l.entry >= HOLE_END && l.entry < l.image_end), "the entry is in it");
	require(!good || (l.file_at[0] >= l.image_end && l.file_at[0] + sizeof(initrd) <= MEMORY),
	        "the initrd lies behind the kernel, in memory");
	if (good && load_kit_chooses(data, size))
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
		seed = load_kit_next(seed);
		uint32_t value = load_kit_near(seed, numbers, sizeof(numbers) / sizeof(numbers[0]));
		size_t at = BZ_SETUP_SECTS + (seed >> 8) % (BZ_HEADER_END - BZ_SETUP_SECTS - 4);

		memcpy(b->bytes + at, &value, (seed & 1) ? 4 : 2);
	}
	return seed % 16 == 0 ? (seed >> 8) % sizeof(*b) : sizeof(*b);
}

void tries(void)
{
	enum { TRIES = 50000 };

	for (uint32_t n = 0; n < TRIES; n++) {
		struct bz b = bz_image();
		size_t size = mutate(&b, n * 2654435761u);

		LLVMFuzzerTestOneInput(b.bytes, size);
	}
	printf("linux: %d broken kernels ... ok\n", TRIES);
}
