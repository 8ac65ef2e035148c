/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a guest's image: libFuzzer where clang is, else good images with random bytes in
 * random places.
 *
 * Rule: the sanitizers see every byte read or written out of bounds; an error has a message and
 * success an entry in memory.
 */
#include "tests/unit/elf_image.h"
#include "tests/unit/fuzz.h"
#include "tests/unit/load_kit.h"
#include "vmm/load/elf.h"
#include "vmm/load/handover.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { MEMORY = 0x110000 };

/* ---- Images with the addresses in the multiboot header (3.1.3) ---- */

static unsigned flats; /* such images that were loaded */

enum { ADDRESSES = 1 << 16, FLAT_TEXT = 0x100000, FLAT_BSS = 0x1000 };

/* A raw image of IMAGE_BYTES: as an a.out kernel has it, the header's own address and the ends of
 * text, data and BSS are in the multiboot header. */
static struct image image_flat(void)
{
	struct image i = { .bytes = { 0 } };
	const uint32_t addresses[] = { FLAT_TEXT + IMAGE_HEADER_AT, FLAT_TEXT,
		                       FLAT_TEXT + IMAGE_BYTES, FLAT_TEXT + FLAT_BSS,
		                       FLAT_TEXT + IMAGE_HEADER_AT + 0x20 };

	image_contents(&i);
	image_multiboot(&i, MULTIBOOT_PAGE_ALIGN | MULTIBOOT_MEMORY_INFO | ADDRESSES);
	memcpy(i.bytes + IMAGE_HEADER_AT + 12, addresses, sizeof(addresses));
	return i;
}

/* The image lies in memory as the header says, and clear memory follows up to the end of BSS. The
 * sums have 64 bits, unlike those of the code that is tested. */
static void require_flat(const struct load *l, const uint8_t *image, size_t size,
                         const uint8_t *memory)
{
	uint32_t address[5];
	uint64_t at;

	memcpy(address, image + l->at + 12, sizeof(address));
	const uint64_t header = address[0], first = address[1], data_end = address[2],
		       bss_end = address[3];
	const uint64_t offset = l->at + first - header;
	const uint64_t end = data_end != 0 ? data_end : first + size - offset;

	require(offset <= size && end - first <= size - offset, "the image has the bytes");
	require(l->entry == address[4], "the entry is an address");
	for (at = first; at < end; at++)
		if (at < HOLE_FIRST || at >= HOLE_END)
			require(memory[at] == image[offset + at - first],
			        "the image is where its header says");
	for (; at < bss_end; at++)
		require(memory[at] == 0, "BSS is clear");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { STEPS_MAX = 2 * MEMORY / LOAD_PIECE + 3 * LOAD_HEADERS_MAX + 2 };
	static uint8_t *memory;
	uint8_t *image = load_kit_copy(data, size);
	const struct load_source source = { .image = image, .bytes = size };
	struct load l;

	if (!memory)
		memory = malloc(MEMORY);
	bool good = load_kit_check(&l, &source, memory, MEMORY);
	require(!good || l.entry < MEMORY, "the entry is in memory");
	if (good && load_kit_chooses(data, size)) {
		load_kit_load(&l, memory, STEPS_MAX);
		require(memory[l.handover] == 0 && memory[l.handover + HANDOVER_BYTES - 1] == 0,
		        "the handover's place is left clear");
		if (l.flat) {
			require_flat(&l, image, size, memory);
			flats++;
		}
	}
	free(image);
	return 0;
}

/* Fields of a header are where the chances are; numbers near the limits are what breaks them. */
static size_t mutate(struct image *i, uint32_t seed, bool flat)
{
	static const uint32_t numbers[] = { 0,          1,          0x40,       0x7fff,    0x8000,
		                            0xffff,     0xfffff,    0x100000,   0x10ffff,  0x110000,
		                            0x7fffffff, 0x80000000, 0xffffff00, 0xffffffff };
	unsigned changes = 1 + seed % 4;

	for (; changes > 0; changes--) {
		seed = load_kit_next(seed);
		uint32_t value = load_kit_near(seed, numbers, sizeof(numbers) / sizeof(numbers[0]));
		/* up to the end of the program headers, and the multiboot header */
		size_t at = flat                   ? IMAGE_HEADER_AT + 12 + (seed >> 11) % 20
		            : (seed >> 8) % 8 == 0 ? IMAGE_HEADER_AT + (seed >> 11) % 12
		                                   : (seed >> 11) % 0xb4;

		if (flat && seed & 6) { /* most addresses are a little off */
			at &= ~(size_t)3;
			memcpy(&value, i->bytes + at, sizeof(value));
			value += (seed >> 24) % 64 - 32;
		}
		memcpy(i->bytes + (at & ~(size_t)1), &value, (seed & 1) || flat ? 4 : 2);
	}
	return seed % 16 == 0 ? (seed >> 8) % sizeof(*i) : sizeof(*i);
}

void tries(void)
{
	enum { TRIES = 100000 };

	for (uint32_t n = 0; n < TRIES; n++) {
		const bool flat = n % 3 == 2;
		struct image i = flat ? image_flat() : n & 1 ? image_elf32() : image_elf64();
		size_t size = mutate(&i, n * 2654435761u, flat);

		LLVMFuzzerTestOneInput(i.bytes, size);
	}
	require(flats > TRIES / 1000, "images of addresses are loaded too");
	printf("elf: %d broken images ... ok\n", TRIES);
}
