/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A multiboot kernel of two segments, as ELF32 or ELF64, to break in tests.
 *
 * Rule: it loads as it is; each test changes one thing.
 */
#ifndef TESTS_UNIT_ELF_IMAGE_H
#define TESTS_UNIT_ELF_IMAGE_H

#include "arch/x86/machine/multiboot.h"
#include "vmm/load/elf_format.h"

#include "tests/unit/ram_kit.h"
#include "vmm/load/elf.h"

#include <stdint.h>
#include <string.h>

enum {
	IMAGE_HEADER_AT = 0x200,
	IMAGE_TEXT_AT = 0x200, /* 64 bytes, multiboot header at its head */
	IMAGE_DATA_AT = 0x240, /* 32 bytes, 96 in memory */
	IMAGE_BYTES = 0x260,
	IMAGE_TEXT = 0x100000,
	IMAGE_DATA = 0x101000,
	IMAGE_ENTRY = 0x100010,
};

struct image {
	union {
		uint8_t bytes[IMAGE_BYTES];
		struct elf32_header h32;
		struct elf64_header h64;
	};
};

/* An image alone, without files. */
static inline void image_begin(struct load *l, const void *image, size_t size, void *memory,
                               size_t memory_size)
{
	const struct load_source source = { .image = image, .bytes = size };

	const struct guest_ram ram = ram_at(memory, memory_size);

	load_begin(l, &source, &ram);
}

static inline struct elf32_program *image_program32(struct image *i, unsigned n)
{
	return (struct elf32_program *)(i->bytes + sizeof(struct elf32_header)) + n;
}

static inline struct elf64_program *image_program64(struct image *i, unsigned n)
{
	return (struct elf64_program *)(i->bytes + sizeof(struct elf64_header)) + n;
}

static inline void image_multiboot(struct image *i, uint32_t flags)
{
	const uint32_t header[3] = { MULTIBOOT_HEADER_MAGIC, flags,
		                     0u - MULTIBOOT_HEADER_MAGIC - flags };

	memcpy(i->bytes + IMAGE_HEADER_AT, header, sizeof(header));
}

static inline void image_contents(struct image *i)
{
	for (unsigned n = IMAGE_TEXT_AT; n < IMAGE_BYTES; n++)
		i->bytes[n] = (uint8_t)n;
	image_multiboot(i, MULTIBOOT_PAGE_ALIGN | MULTIBOOT_MEMORY_INFO);
}

static inline struct image image_elf32(void)
{
	struct image i = { .h32 = { { 0x7f, 'E', 'L', 'F', 1, 1, 1 },
		                    2,
		                    3,
		                    1,
		                    IMAGE_ENTRY,
		                    sizeof(struct elf32_header),
		                    0,
		                    0,
		                    sizeof(struct elf32_header),
		                    sizeof(struct elf32_program),
		                    3,
		                    0,
		                    0,
		                    0 } };

	*image_program32(&i, 0) = (struct elf32_program){
		1, IMAGE_TEXT_AT, IMAGE_TEXT, IMAGE_TEXT, 64, 64, 5, 4096
	};
	*image_program32(&i, 1) = (struct elf32_program){
		4, 0xffffffff, 0, 0xffffffff, 0xffffffff, 0, 4, 4
	}; /* a note: not loaded */
	*image_program32(&i, 2) = (struct elf32_program){
		1, IMAGE_DATA_AT, IMAGE_DATA, IMAGE_DATA, 32, 96, 6, 4096
	};
	image_contents(&i);
	return i;
}

static inline struct image image_elf64(void)
{
	struct image i = { .h64 = { { 0x7f, 'E', 'L', 'F', 2, 1, 1 },
		                    2,
		                    62,
		                    1,
		                    IMAGE_ENTRY,
		                    sizeof(struct elf64_header),
		                    0,
		                    0,
		                    sizeof(struct elf64_header),
		                    sizeof(struct elf64_program),
		                    2,
		                    0,
		                    0,
		                    0 } };

	*image_program64(&i, 0) = (struct elf64_program){ 1,          5,          IMAGE_TEXT_AT,
		                                          IMAGE_TEXT, IMAGE_TEXT, 64,
		                                          64,         4096 };
	*image_program64(&i, 1) = (struct elf64_program){ 1,          6,          IMAGE_DATA_AT,
		                                          IMAGE_DATA, IMAGE_DATA, 32,
		                                          96,         4096 };
	image_contents(&i);
	return i;
}

#endif
