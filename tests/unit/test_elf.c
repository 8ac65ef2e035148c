/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading a guest's image, and what it is handed.
 *
 * Rule: each hostile image is a good one with one thing changed; its refusal is compared whole.
 */
#include "tests/unit/check.h"

#include "tests/unit/elf_image.h"
#include "vmm/load/elf.h"
#include "vmm/load/handover.h"

#include <errno.h>
#include <stdlib.h>

enum { MEMORY = 2 << 20 };

static uint8_t *memory; /* exactly MEMORY bytes, so that the sanitizer sees one byte too many */
static char err[256];
static uint32_t entry;

static int make_memory(void **state)
{
	(void)state;
	memory = malloc(MEMORY);
	memset(memory, 0xcc, MEMORY);
	return 0;
}

static int drop_memory(void **state)
{
	(void)state;
	free(memory);
	return 0;
}

static int load(const void *image, size_t size)
{
	struct load l;
	int error;

	image_begin(&l, image, size, memory, MEMORY);
	while ((error = load_step(&l)) > 0)
		;
	assert_int_equal(load_step(&l), error); /* it stays as it is */
	assert_int_equal(l.checked, error == 0);
	load_describe(&l, err, sizeof(err));
	entry = l.entry;
	return error;
}

/* All of the VM's memory outside [first, end) is clear. */
static void expect_clear_outside(uint64_t first, uint64_t end)
{
	static const uint8_t zeros[MEMORY];

	assert_memory_equal(memory, zeros, first);
	assert_memory_equal(memory + end, zeros, MEMORY - end);
}

static void expect_loaded(const struct image *i)
{
	assert_int_equal(load(i, sizeof(*i)), 0);
	assert_string_equal(err, "");
	assert_int_equal(entry, IMAGE_ENTRY);
	assert_memory_equal(memory + IMAGE_TEXT, i->bytes + IMAGE_TEXT_AT, 64);
	assert_memory_equal(memory + IMAGE_DATA, i->bytes + IMAGE_DATA_AT, 32);
	for (unsigned n = 32; n < 96; n++)
		assert_int_equal(memory[IMAGE_DATA + n], 0);
	expect_clear_outside(IMAGE_TEXT, IMAGE_DATA + 32);
	for (unsigned n = IMAGE_TEXT + 64; n < IMAGE_DATA; n++)
		assert_int_equal(memory[n], 0);
}

static void both_elf_classes_load(void **state)
{
	struct image i = image_elf32();

	(void)state;
	expect_loaded(&i);
	drop_memory(state);
	make_memory(state);
	i = image_elf64();
	expect_loaded(&i);
}

static void an_image_need_not_be_aligned(void **state)
{
	struct image i = image_elf64();
	uint8_t shifted[sizeof(i) + 1];

	(void)state;
	memcpy(shifted + 1, &i, sizeof(i));
	assert_int_equal(load(shifted + 1, sizeof(i)), 0);
	assert_int_equal(entry, IMAGE_ENTRY);
}

static void a_virtual_entry_becomes_physical(void **state)
{
	struct image i = image_elf64();

	(void)state;
	image_program64(&i, 0)->vaddr = 0xffffffff80100000;
	image_program64(&i, 1)->vaddr = 0xffffffff80101000;
	i.h64.entry = 0xffffffff80100010;
	assert_int_equal(load(&i, sizeof(i)), 0);
	assert_int_equal(entry, IMAGE_ENTRY);
	i.h64.entry = IMAGE_ENTRY; /* virtual segments, physical entry: the other habit */
	assert_int_equal(load(&i, sizeof(i)), 0);
	assert_int_equal(entry, IMAGE_ENTRY);
}

static void optional_multiboot_flags_do_not_matter(void **state)
{
	struct image i = image_elf32();

	(void)state;
	image_multiboot(&i, 0xfffe0000);
	assert_int_equal(load(&i, sizeof(i)), 0);
	image_multiboot(&i, 7); /* and the video mode is a wish */
	assert_int_equal(load(&i, sizeof(i)), 0);
}

static void every_shortened_image_is_refused_or_loads(void **state)
{
	struct image i32 = image_elf32(), i64 = image_elf64();

	(void)state;
	for (size_t size = 0; size < sizeof(i32); size++) {
		uint8_t *part = malloc(size + 1); /* malloc(0) may be NULL */

		memcpy(part, &i32, size);
		assert_int_equal(load(part, size), -ENOEXEC);
		assert_true(err[0] != '\0');
		memcpy(part, &i64, size);
		assert_int_equal(load(part, size), -ENOEXEC);
		assert_true(err[0] != '\0');
		free(part);
	}
}

static void expect_refused(const struct image *i, int error, const char *message)
{
	memset(memory, 0xcc, MEMORY);
	assert_int_equal(load(i, sizeof(*i)), error);
	assert_string_equal(err, message);
	for (unsigned n = 0; n < MEMORY; n += sizeof(uint64_t))
		assert_true(*(const uint64_t *)(memory + n) == 0xcccccccccccccccc);
}

#define REFUSED32(error, message, ...)                            \
	do {                                                      \
		struct image i = image_elf32();                   \
		struct elf32_program *p = image_program32(&i, 0); \
		(void)p;                                          \
		__VA_ARGS__;                                      \
		expect_refused(&i, error, message);               \
	} while (0)

#define REFUSED64(error, message, ...)                            \
	do {                                                      \
		struct image i = image_elf64();                   \
		struct elf64_program *p = image_program64(&i, 0); \
		(void)p;                                          \
		__VA_ARGS__;                                      \
		expect_refused(&i, error, message);               \
	} while (0)

static void a_hostile_header_names_the_broken_rule(void **state)
{
	(void)state;
	REFUSED32(-ENOEXEC, "no multiboot header in the first 8 KiB", i.bytes[IMAGE_HEADER_AT] = 0);
	REFUSED32(-ENOEXEC, "the multiboot header's checksum is wrong",
	          i.bytes[IMAGE_HEADER_AT + 8]++);
	REFUSED32(-ENOEXEC, "the multiboot header requires flag 15, which is not offered",
	          image_multiboot(&i, 0x8003));
	REFUSED32(-ENOEXEC, "not an ELF file", i.bytes[1] = 'e');
	REFUSED32(-ENOEXEC, "ELF of class 3; it has to be 1 (32-bit) or 2 (64-bit)",
	          i.bytes[4] = 3);
	REFUSED32(-ENOEXEC, "ELF with data encoding 2; it has to be 1 (little-endian)",
	          i.bytes[5] = 2);
	REFUSED32(-ENOEXEC, "ELF32 for machine 40; it has to be 3 (386)", i.h32.machine = 40);
	REFUSED64(-ENOEXEC, "ELF64 for machine 183; it has to be 62 (x86-64)", i.h64.machine = 183);
	REFUSED32(-ENOEXEC, "ELF of type 3; it has to be 2 (executable)", i.h32.type = 3);
	REFUSED64(-ENOEXEC, "ELF of type 1; it has to be 2 (executable)", i.h64.type = 1);
	REFUSED32(-ENOEXEC, "program headers of 31 bytes are too small", i.h32.phentsize = 31);
	REFUSED64(-ENOEXEC, "program headers of 0 bytes are too small", i.h64.phentsize = 0);
	REFUSED32(-ENOEXEC, "3 program headers at 0xffffffff go past the end of the file (0x260)",
	          i.h32.phoff = 0xffffffff);
	REFUSED32(-ENOEXEC, "65535 program headers at 0x34 go past the end of the file (0x260)",
	          i.h32.phnum = 0xffff);
	REFUSED64(-ENOEXEC,
	          "2 program headers at 0xffffffffffffffff go past the end of the file (0x260)",
	          i.h64.phoff = UINT64_MAX);
	REFUSED32(-ENOEXEC, "nothing to load: no program header of type LOAD", i.h32.phnum = 0);
}

static void a_hostile_segment_names_the_broken_rule(void **state)
{
	(void)state;
	REFUSED32(-ENOEXEC, "program header 0: 0x41 bytes in the file, but only 0x40 in memory",
	          p->filesz = 65);
	REFUSED32(
		-ENOEXEC,
		"program header 0: offset 0x221 and size 0x40 go past the end of the file (0x260)",
		p->offset = 0x221);
	REFUSED32(-ENOEXEC,
	          "program header 0: offset 0xffffffff and size 0x40 go past the end of the file "
	          "(0x260)",
	          p->offset = 0xffffffff);
	REFUSED64(-ENOEXEC,
	          "program header 0: offset 0xffffffffffffffc0 and size 0x40 go past the end of "
	          "the file (0x260)",
	          p->offset = 0xffffffffffffffc0);
	REFUSED32(-ENOMEM,
	          "program header 0: address 0x1fffc1 and size 0x40 are not within the VM's memory "
	          "(0x200000)",
	          p->paddr = 0x1fffc1);
	REFUSED32(-ENOMEM,
	          "program header 0: address 0xffffffff and size 0x40 are not within the VM's "
	          "memory (0x200000)",
	          p->paddr = 0xffffffff);
	REFUSED32(-ENOMEM,
	          "program header 0: address 0x100000 and size 0xffffffff are not within the VM's "
	          "memory (0x200000)",
	          p->memsz = 0xffffffff);
	REFUSED64(-ENOMEM,
	          "program header 0: address 0xfffffffffffffff0 and size 0x40 are not within the "
	          "VM's memory (0x200000)",
	          p->paddr = 0xfffffffffffffff0);
	REFUSED64(-ENOMEM,
	          "program header 0: address 0x100000 and size 0xffffffffffffffff are not within "
	          "the VM's memory "
	          "(0x200000)",
	          p->memsz = UINT64_MAX);
	REFUSED32(-ENOMEM,
	          "program header 0: address 0x9ffc1 and size 0x40 reach into 0xa0000-0xfffff, "
	          "which is no RAM",
	          p->paddr = 0x9ffc1);
	REFUSED32(-ENOMEM,
	          "program header 0: address 0xfefff and size 0x40 reach into 0xa0000-0xfffff, "
	          "which is no RAM",
	          p->paddr = 0xfefff);
	REFUSED32(-ENOMEM, "the image leaves no page below 0xa0000 for the boot information",
	          (p->paddr = 0xfff, p->vaddr = IMAGE_TEXT, p->memsz = 0x9f001));
	REFUSED32(-ENOEXEC, "the entry 0x100040 is in no loaded segment", i.h32.entry = 0x100040);
	REFUSED64(-ENOEXEC, "the entry 0xffffffffffffffff is in no loaded segment",
	          i.h64.entry = UINT64_MAX);
}

/* ld -Ttext 0x100000: the file's headers are in front of the text, in the same segment. */
static void headers_before_1_mib_go_nowhere(void **state)
{
	struct image i = image_elf32();
	struct elf32_program *p = image_program32(&i, 0);

	(void)state;
	p->paddr = p->vaddr = 0xfffe0;
	i.h32.entry = 0x100000;
	assert_int_equal(load(&i, sizeof(i)), 0);
	assert_int_equal(entry, 0x100000);
	assert_memory_equal(memory + 0x100000, i.bytes + IMAGE_TEXT_AT + 0x20, 0x20);
	expect_clear_outside(0x100000, IMAGE_DATA + 32);
	i.h32.entry = 0xfffff;
	assert_int_equal(load(&i, sizeof(i)), -ENOEXEC);
	assert_string_equal(err, "the entry 0xfffff is in no loaded segment");
	i.h32.entry = 0x100000;
	p->filesz = 0x10; /* all that is in the file is in front */
	assert_int_equal(load(&i, sizeof(i)), 0);
	expect_clear_outside(IMAGE_DATA, IMAGE_DATA + 32);
	p->paddr = p->vaddr = 0xff000; /* a segment of their own */
	i.h32.entry = IMAGE_DATA;
	assert_int_equal(load(&i, sizeof(i)), 0);
	expect_clear_outside(IMAGE_DATA, IMAGE_DATA + 32);
}

static uint32_t handover_beside(uint32_t first, uint32_t bytes)
{
	struct image i = image_elf32();
	struct elf32_program *p = image_program32(&i, 0);
	struct load l;

	p->paddr = first;
	p->memsz = bytes;
	image_begin(&l, &i, sizeof(i), NULL, MEMORY);
	assert_int_equal(load_check(&l), 0);
	return l.handover;
}

/* The boot information lies at 8000h where it can, else where the image is not. */
static void the_boot_information_gives_way_to_the_image(void **state)
{
	(void)state;
	assert_int_equal(handover_beside(0x100000, 0x1000), 0x8000);
	assert_int_equal(handover_beside(0x7000, 0x1000), 0x8000);
	assert_int_equal(handover_beside(0x9000, 0x1000), 0x8000);
	assert_int_equal(handover_beside(0x8fff, 0x40), 0xa000);
	assert_int_equal(handover_beside(0x7fc1, 0x40), 0x9000);
	assert_int_equal(handover_beside(0x1000, 0x3f000), 0x40000);
	assert_int_equal(handover_beside(0x1000, 0x40000), 0x41000);
	assert_int_equal(handover_beside(0x1000, 0x7f000), 0x80000);
	assert_int_equal(handover_beside(0x1000, 0x9e000), 0x9f000);
	assert_int_equal(handover_beside(0x2000, 0x9e000), 0x1000);
	assert_int_equal(handover_beside(0x8000, 0x98000), 0x1000);
}

static void segments_may_touch_what_they_may_not_enter(void **state)
{
	static const uint32_t places[] = {
		0, 0x8000 - 64, 0x8000, 0x9000, 0xa0000 - 64, MEMORY - 64
	};

	(void)state;
	for (unsigned n = 0; n < sizeof(places) / sizeof(places[0]); n++) {
		struct image i = image_elf32();

		image_program32(&i, 0)->paddr = places[n];
		image_program32(&i, 0)->vaddr = places[n];
		i.h32.entry = places[n] + 63;
		assert_int_equal(load(&i, sizeof(i)), 0);
		assert_int_equal(entry, places[n] + 63);
	}
}

static void the_multiboot_header_is_searched_in_8_kib_only(void **state)
{
	uint8_t *file = calloc(1, 3 * 8192);
	struct image i = image_elf32();
	const uint32_t header[3] = { MULTIBOOT_HEADER_MAGIC, 0, 0u - MULTIBOOT_HEADER_MAGIC };

	(void)state;
	memset(i.bytes + IMAGE_HEADER_AT, 0, 12);
	memcpy(file, &i, sizeof(i));
	memcpy(file + 8192 - 12, header, sizeof(header));
	assert_int_equal(load(file, 3 * 8192), 0);
	memset(file + 8192 - 12, 0, 12);
	memcpy(file + 8192 - 8, header, sizeof(header));
	assert_int_equal(load(file, 3 * 8192), -ENOEXEC);
	memset(file + 8192 - 8, 0, 12);
	memcpy(file + 4096 + 2, header, sizeof(header));
	assert_int_equal(load(file, 3 * 8192), -ENOEXEC);
	assert_string_equal(err, "no multiboot header in the first 8 KiB");
	free(file);
}

/* ---- Addresses in the multiboot header ---- */

enum { FLAT_BYTES = 256, FLAT_HEADER_AT = 16, FLAT_LOAD = 0x100000 };

struct flat {
	uint32_t word[FLAT_BYTES / 4];
};

static struct flat flat_image(uint32_t header, uint32_t load_addr, uint32_t load_end,
                              uint32_t bss_end, uint32_t start)
{
	const uint32_t fields[8] = { MULTIBOOT_HEADER_MAGIC,
		                     1 << 16,
		                     0u - MULTIBOOT_HEADER_MAGIC - (1 << 16),
		                     header,
		                     load_addr,
		                     load_end,
		                     bss_end,
		                     start };
	struct flat f;

	memset(&f, 0x11, sizeof(f));
	memcpy(f.word + FLAT_HEADER_AT / 4, fields, sizeof(fields));
	return f;
}

static void expect_flat(struct flat f, size_t size, int error, const char *message)
{
	assert_int_equal(load(&f, size), error);
	assert_string_equal(err, message);
}

static void an_image_may_say_its_addresses_itself(void **state)
{
	struct flat f = flat_image(FLAT_LOAD + 8, FLAT_LOAD, 0, 0, FLAT_LOAD + 0x40);

	(void)state;
	assert_int_equal(load(&f, sizeof(f)), 0);
	assert_int_equal(entry, FLAT_LOAD + 0x40);
	assert_memory_equal(memory + FLAT_LOAD, (uint8_t *)&f + 8, sizeof(f) - 8);
	expect_clear_outside(FLAT_LOAD, FLAT_LOAD + sizeof(f) - 8);

	f = flat_image(FLAT_LOAD + 16, FLAT_LOAD, FLAT_LOAD + 100, FLAT_LOAD + 300,
	               FLAT_LOAD + 299);
	assert_int_equal(load(&f, sizeof(f)), 0);
	assert_memory_equal(memory + FLAT_LOAD, &f, 100);
	expect_clear_outside(FLAT_LOAD, FLAT_LOAD + 100);
}

static void hostile_addresses_name_the_broken_rule(void **state)
{
	const uint32_t at = FLAT_LOAD;

	(void)state;
	expect_flat(
		flat_image(at - 4, at, 0, 0, at), FLAT_BYTES, -ENOEXEC,
		"the multiboot header's load_addr 0x100000 does not go with header_addr 0xffffc");
	expect_flat(
		flat_image(at + 17, at, 0, 0, at), FLAT_BYTES, -ENOEXEC,
		"the multiboot header's load_addr 0x100000 does not go with header_addr 0x100011");
	expect_flat(flat_image(at + 16, at, at - 1, 0, at), FLAT_BYTES, -ENOEXEC,
	            "the multiboot header's load_end_addr 0xfffff is below load_addr");
	expect_flat(flat_image(at + 16, at, at + 257, 0, at), FLAT_BYTES, -ENOEXEC,
	            "multiboot segment 0: offset 0x0 and size 0x101 go past the end of the file "
	            "(0x100)");
	expect_flat(flat_image(at + 16, at, 0, at + 255, at), FLAT_BYTES, -ENOEXEC,
	            "the multiboot header's bss_end_addr 0x1000ff is below the end of the data");
	expect_flat(flat_image(at + 16, at, 0, 0xffffffff, at), FLAT_BYTES, -ENOMEM,
	            "multiboot segment 0: address 0x100000 and size 0xffefffff are not within the "
	            "VM's memory (0x200000)");
	expect_flat(flat_image(at + 16, at, 0, 0, at + 256), FLAT_BYTES, -ENOEXEC,
	            "the entry 0x100100 is not in the loaded segment");
	expect_flat(flat_image(at + 16, at, 0, 0, at), FLAT_HEADER_AT + 12, -ENOEXEC,
	            "the multiboot header is cut off by the end of the file");
}

/* ---- What the guest is handed ---- */

/* What the guest of an image without files gets. */
static uint32_t hand_over(size_t size, const char *cmdline, const char *loader)
{
	const struct load l = { .memory = memory, .memory_size = size, .handover = HANDOVER_AT };

	return handover_build(&l, cmdline, loader);
}

static void the_guest_gets_its_memory_map_and_command_line(void **state)
{
	struct multiboot_info info;
	struct multiboot_mmap map[3];
	uint32_t at = hand_over(MEMORY, "one two", "Signalbox");

	(void)state;
	assert_in_range(at, HANDOVER_AT, HANDOVER_AT + HANDOVER_BYTES - sizeof(info));
	memcpy(&info, memory + at, sizeof(info));
	assert_int_equal(info.flags, 1 << 0 | 1 << 2 | 1 << 6 | 1 << 9);
	assert_int_equal(info.mem_lower, 640);
	assert_int_equal(info.mem_upper, 1024);
	assert_string_equal((char *)memory + info.cmdline, "one two");
	assert_string_equal((char *)memory + info.boot_loader_name, "Signalbox");
	assert_int_equal(info.mods_count, 0);
	assert_int_equal(info.mmap_length, sizeof(map));
	memcpy(map, memory + info.mmap_addr, sizeof(map));
	assert_true(map[0].size == 20 && map[0].address == 0 && map[0].length == 0xa0000 &&
	            map[0].type == 1);
	assert_true(map[1].size == 20 && map[1].address == 0xa0000 && map[1].length == 0x60000 &&
	            map[1].type == 2);
	assert_true(map[2].size == 20 && map[2].address == 0x100000 &&
	            map[2].length == MEMORY - 0x100000 && map[2].type == 1);
	assert_int_equal(memory[HANDOVER_AT - 1], 0xcc);
	assert_int_equal(memory[HANDOVER_AT + HANDOVER_BYTES], 0xcc);
}

static void the_map_shows_memory_above_4_gib(void **state)
{
	const struct load l = { .memory = memory,
		                .memory_size = MEMORY,
		                .high_size = 5ull << 30,
		                .handover = HANDOVER_AT };
	struct multiboot_info info;
	struct multiboot_mmap map[4];

	(void)state;
	memcpy(&info, memory + handover_build(&l, "", ""), sizeof(info));
	assert_int_equal(info.mem_upper, 1024); /* up to the first hole alone */
	assert_int_equal(info.mmap_length, sizeof(map));
	memcpy(map, memory + info.mmap_addr, sizeof(map));
	assert_true(map[2].address == 0x100000 && map[2].length == MEMORY - 0x100000);
	assert_true(map[3].size == 20 && map[3].address == 4ull << 30 &&
	            map[3].length == 5ull << 30 && map[3].type == 1);
}

/* Both parts are cleared, in pieces, and nothing beside them. */
static void memory_above_4_gib_is_cleared(void **state)
{
	enum { HIGH = 3 * LOAD_PIECE + 4096, BEFORE = 64 };
	static uint8_t high[HIGH + 2 * BEFORE];
	struct image i = image_elf32();
	const struct load_source source = { .image = &i, .bytes = sizeof(i) };
	struct guest_ram ram = ram_at(memory, MEMORY);
	unsigned steps[2] = { 0, 0 };
	struct load l;

	(void)state;
	for (unsigned part = 0; part < 2; part++) {
		memset(high, 0xa5, sizeof(high));
		memset(memory, 0xa5, MEMORY);
		load_begin(&l, &source, &ram);
		while (load_step(&l) > 0)
			steps[part]++;
		assert_int_equal(l.phase, LOAD_DONE);
		assert_int_equal(memory[0], 0);
		assert_int_equal(memory[MEMORY - 1], 0);
		for (unsigned n = 0; n < sizeof(high); n++)
			assert_int_equal(high[n],
			                 part == 1 && n >= BEFORE && n < BEFORE + HIGH ? 0 : 0xa5);
		ram.part[GUEST_RAM_HIGH_PART].host = (uint64_t)(high + BEFORE);
		ram.part[GUEST_RAM_HIGH_PART].bytes = HIGH;
	}
	assert_int_equal(steps[1] - steps[0], HIGH / LOAD_PIECE);
}

static void a_vm_of_1_mib_has_no_upper_memory(void **state)
{
	struct multiboot_info info;

	(void)state;
	memcpy(&info, memory + hand_over(1 << 20, "", ""), sizeof(info));
	assert_int_equal(info.mem_upper, 0);
	assert_int_equal(info.mmap_length, 2 * sizeof(struct multiboot_mmap));
}

static void a_command_line_that_is_too_long_is_refused(void **state)
{
	char line[2048];

	(void)state;
	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	assert_int_equal(hand_over(MEMORY, line, "Signalbox"), 0);
	assert_int_equal(hand_over(MEMORY, "", line), 0);
}

#define WITH_MEMORY(test) cmocka_unit_test_setup_teardown(test, make_memory, drop_memory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MEMORY(both_elf_classes_load),
		WITH_MEMORY(an_image_need_not_be_aligned),
		WITH_MEMORY(a_virtual_entry_becomes_physical),
		WITH_MEMORY(optional_multiboot_flags_do_not_matter),
		WITH_MEMORY(every_shortened_image_is_refused_or_loads),
		WITH_MEMORY(a_hostile_header_names_the_broken_rule),
		WITH_MEMORY(a_hostile_segment_names_the_broken_rule),
		WITH_MEMORY(headers_before_1_mib_go_nowhere),
		WITH_MEMORY(the_boot_information_gives_way_to_the_image),
		WITH_MEMORY(segments_may_touch_what_they_may_not_enter),
		WITH_MEMORY(the_multiboot_header_is_searched_in_8_kib_only),
		WITH_MEMORY(an_image_may_say_its_addresses_itself),
		WITH_MEMORY(hostile_addresses_name_the_broken_rule),
		WITH_MEMORY(the_guest_gets_its_memory_map_and_command_line),
		WITH_MEMORY(the_map_shows_memory_above_4_gib),
		WITH_MEMORY(memory_above_4_gib_is_cleared),
		WITH_MEMORY(a_vm_of_1_mib_has_no_upper_memory),
		WITH_MEMORY(a_command_line_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
