/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading in steps: what each step may touch, how many there are, and that the steps together do
 * what a plain loader does.
 *
 * Rule: memory is looked at after each step, as a whole.
 */
#include "tests/unit/check.h"

#include "arch/x86/machine/multiboot.h"
#include "tests/unit/elf_image.h"
#include "vmm/load/elf.h"
#include "vmm/load/elf_format.h"
#include "vmm/load/handover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY = 2 << 20, TEXT = 0x100000, MULTIBOOT_AT = 64, TABLE_AT = 128, DIRTY = 0xcc };

/* An image of ELF64 with room for so many program headers, and for contents behind them. */
struct file {
	uint8_t *bytes;
	size_t size, contents;
};

static struct elf64_program *program(struct file *f, unsigned n)
{
	return (struct elf64_program *)(f->bytes + TABLE_AT) + n;
}

static struct file make_file(unsigned headers, size_t contents, uint64_t entry)
{
	const uint32_t multiboot[3] = { MULTIBOOT_HEADER_MAGIC, 0, 0u - MULTIBOOT_HEADER_MAGIC };
	struct elf64_header h = { .ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 },
		                  .type = TYPE_EXEC,
		                  .machine = MACHINE_X86_64 };
	struct file f = { .contents = TABLE_AT + headers * sizeof(struct elf64_program) };

	f.size = f.contents + contents;
	f.bytes = calloc(1, f.size);
	h.entry = entry;
	h.phoff = TABLE_AT;
	h.phentsize = sizeof(struct elf64_program);
	h.phnum = (uint16_t)headers;
	memcpy(f.bytes, &h, sizeof(h));
	memcpy(f.bytes + MULTIBOOT_AT, multiboot, sizeof(multiboot));
	for (size_t n = 0; n < contents; n++)
		f.bytes[f.contents + n] = (uint8_t)(1 + n % 255);
	return f;
}

static void segment(struct file *f, unsigned n, uint64_t offset, uint64_t address, uint64_t filesz,
                    uint64_t memsz)
{
	*program(f, n) = (struct elf64_program){ SEGMENT_LOAD, 7,       f->contents + offset,
		                                 address,      address, filesz,
		                                 memsz,        0 };
}

static uint8_t *dirty_memory(void)
{
	return memset(malloc(MEMORY), DIRTY, MEMORY);
}

/* What a step changed lies in no more than a piece. Makes before the same as memory. */
static void expect_a_piece(uint8_t *before, const uint8_t *memory)
{
	size_t first = MEMORY, end = 0;

	for (size_t page = 0; page < MEMORY; page += LOAD_PIECE) {
		if (memcmp(before + page, memory + page, LOAD_PIECE) == 0)
			continue;
		for (size_t n = page; n < page + LOAD_PIECE; n++) {
			if (before[n] == memory[n])
				continue;
			first = n < first ? n : first;
			end = n + 1;
		}
		memcpy(before + page, memory + page, LOAD_PIECE);
	}
	assert_true(end <= first || end - first <= LOAD_PIECE);
}

/* Load, looking after each step; returns how many steps it took. */
static unsigned load_watched(const struct file *f, uint8_t *memory, uint64_t entry)
{
	uint8_t *before = malloc(MEMORY);
	struct load l;
	unsigned steps = 0;
	int error;

	memcpy(before, memory, MEMORY);
	image_begin(&l, f->bytes, f->size, memory, MEMORY);
	do {
		error = load_step(&l);
		steps++;
		assert_true(error >= 0);
		if (!l.checked)
			assert_memory_equal(before, memory, MEMORY);
		expect_a_piece(before, memory);
	} while (error > 0);
	assert_int_equal(l.entry, entry);
	free(before);
	return steps;
}

/* The loader as one would write it down. */
static void load_naive(struct file *f, unsigned headers, uint8_t *memory)
{
	memset(memory, 0, MEMORY);
	for (unsigned n = 0; n < headers; n++) {
		const struct elf64_program *p = program(f, n);

		memcpy(memory + p->paddr, f->bytes + p->offset, p->filesz);
		memset(memory + p->paddr + p->filesz, 0, p->memsz - p->filesz);
	}
}

static void expect_as_naive(struct file *f, unsigned headers, const uint8_t *memory)
{
	uint8_t *expected = malloc(MEMORY);

	load_naive(f, headers, expected);
	assert_memory_equal(memory, expected, MEMORY);
	free(expected);
}

static void a_step_writes_4_kib_at_most(void **state)
{
	struct file f = make_file(3, 40000, TEXT + 1);
	uint8_t *memory = dirty_memory();

	(void)state;
	segment(&f, 0, 1, TEXT + 1, 30001, 30001);       /* nothing aligned, no multiple of 8 */
	segment(&f, 1, 5, TEXT + 20003, 3, 100003);      /* its bss lies on the first one's data */
	segment(&f, 2, 7, TEXT + 120001, 12289, 500001); /* the rest of the bss is clear already */
	unsigned steps = load_watched(&f, memory, TEXT + 1);
	expect_as_naive(&f, 3, memory);
	/* memory; three segments' data; what the second clears of the first; finding, reading,
	 * checking, going on */
	assert_in_range(steps, MEMORY / LOAD_PIECE, MEMORY / LOAD_PIECE + 8 + 1 + 4 + 3 + 10);
	free(memory);
	free(f.bytes);
}

static void overlapping_segments_load_in_their_order(void **state)
{
	enum { HEADERS = 9, CONTENTS = 10000 };
	uint64_t seed = 4711;

	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		struct file f = make_file(HEADERS, CONTENTS, TEXT);
		uint8_t *memory = dirty_memory();

		segment(&f, 0, 0, TEXT, 1, 1);
		for (unsigned n = 1; n < HEADERS; n++) {
			unsigned filesz = random_below(&seed, 4) == 0
			                          ? 0
			                          : random_below(&seed, CONTENTS);

			segment(&f, n, random_below(&seed, CONTENTS - filesz),
			        TEXT + random_below(&seed, 20000), filesz,
			        filesz + random_below(&seed, 3) * random_below(&seed, 10000));
		}
		load_watched(&f, memory, TEXT);
		expect_as_naive(&f, HEADERS, memory);
		free(memory);
		free(f.bytes);
	}
}

/* Checks the image alone; the steps that it takes are few, whatever the image says. */
static void expect_checked(const struct file *f, int error, const char *words)
{
	struct load l, again;
	char text[160];
	unsigned steps = 1;

	image_begin(&l, f->bytes, f->size, NULL, MEMORY);
	assert_int_equal(load_check(&l), error);
	load_describe(&l, text, sizeof(text));
	assert_string_equal(text, words);
	image_begin(&again, f->bytes, f->size, NULL, MEMORY);
	while (!again.checked && load_step(&again) > 0)
		steps++;
	assert_in_range(steps, 1, 4 + LOAD_HEADERS_MAX / 8);
}

static void the_number_of_program_headers_is_bounded(void **state)
{
	static const unsigned counts[] = { LOAD_HEADERS_MAX, LOAD_HEADERS_MAX + 1, 65535 };

	static const char *const words[] = { "", "257 program headers; at most 256",
		                             "65535 program headers; at most 256" };

	(void)state;
	for (unsigned n = 0; n < 3; n++) {
		struct file f = make_file(counts[n], 64, TEXT);

		for (unsigned i = 0; i < counts[n]; i++)
			segment(&f, i, 0, TEXT, 64, 64);
		expect_checked(&f, n == 0 ? 0 : -ENOEXEC, words[n]);
		free(f.bytes);
	}
}

static void the_segments_together_fit_in_memory(void **state)
{
	struct file f = make_file(4, 64, TEXT);

	(void)state;
	segment(&f, 0, 0, TEXT, 64, MEMORY - TEXT);
	segment(&f, 1, 0, TEXT, 64, MEMORY - TEXT - 16);
	segment(&f, 2, 0, TEXT, 0, 0);
	segment(&f, 3, 0, TEXT, 16, 16);
	expect_checked(&f, 0, "");
	program(&f, 3)->memsz++;
	expect_checked(&f, -ENOMEM,
	               "program header 3: the segments so far take 0x200001 bytes, more than the "
	               "VM's memory (0x200000)");
	free(f.bytes);
}

static void the_search_for_the_multiboot_header_is_in_steps(void **state)
{
	enum { SIZE = 3 * 8192 };
	uint8_t *bytes = calloc(1, SIZE);
	const uint32_t magic = MULTIBOOT_HEADER_MAGIC;
	unsigned steps = 1;
	struct load l;

	(void)state;
	for (unsigned n = 0; n < SIZE; n += 4) /* each could be one, and has a wrong sum */
		memcpy(bytes + n, &magic, sizeof(magic));
	image_begin(&l, bytes, SIZE, NULL, MEMORY);
	while (load_step(&l) > 0) {
		assert_in_range(l.at, 256 * steps, 256 * steps);
		steps++;
	}
	assert_int_equal(l.problem, LOAD_CHECKSUM);
	assert_int_equal(steps, 8192 / 256);
	free(bytes);
}

/* ---- Any image ---- */

/* All the steps of a load at most: the search for the header, the program headers eight at a time,
 * memory once to be cleared and once to be written, and for each segment one step more at its
 * beginning and one at its end. */
enum {
	STEPS_MOST = 8192 / 256 + LOAD_HEADERS_MAX / 8 + 2 * (MEMORY / LOAD_PIECE) +
	             2 * LOAD_HEADERS_MAX + 16
};

/* Loads the image, or finds out why not, in few steps. Returns the error. Where before is a copy of
 * the memory, no step may write more than a piece. Frees the image. */
static int expect_few_steps(struct file *f, uint8_t *memory, uint8_t *before)
{
	struct load l;
	unsigned steps = 0;
	int error;

	image_begin(&l, f->bytes, f->size, memory, MEMORY);
	do {
		error = load_step(&l);
		if (before != NULL)
			expect_a_piece(before, memory);
		assert_in_range(++steps, 1, STEPS_MOST);
	} while (error > 0);
	free(f->bytes);
	return error;
}

static void expect_of_any(struct file *f, int error)
{
	uint8_t *memory = dirty_memory(), *before = dirty_memory();

	assert_int_equal(expect_few_steps(f, memory, before), error);
	free(memory);
	free(before);
}

static void headers_that_load_nothing_are_counted_too(void **state)
{
	enum { NOTE = 4 };
	struct file f = make_file(65535, 64, TEXT);

	(void)state;
	for (unsigned i = 0; i < 65535; i++)
		program(&f, i)->type = NOTE;
	expect_of_any(&f, -ENOEXEC);
	f = make_file(LOAD_HEADERS_MAX, 64, TEXT);
	segment(&f, LOAD_HEADERS_MAX - 1, 0, TEXT, 64, MEMORY - TEXT);
	expect_of_any(&f, 0);
}

static void headers_of_32_bits_are_bounded_too(void **state)
{
	enum { HEADERS = 65535 };
	struct elf32_header h = { .ident = { 0x7f, 'E', 'L', 'F', 1, 1, 1 },
		                  .type = TYPE_EXEC,
		                  .machine = 3,
		                  .entry = TEXT,
		                  .phoff = TABLE_AT,
		                  .phentsize = sizeof(struct elf32_program),
		                  .phnum = HEADERS };
	struct file f = make_file(HEADERS, 64, TEXT);

	(void)state;
	memcpy(f.bytes, &h, sizeof(h));
	for (unsigned i = 0; i < HEADERS; i++)
		((struct elf32_program *)(f.bytes + TABLE_AT))[i] = (struct elf32_program){
			SEGMENT_LOAD, TABLE_AT, TEXT, TEXT, 64, MEMORY - TEXT, 7, 0
		};
	expect_of_any(&f, -ENOEXEC);
}

/* Each header is on a page of its own, and the file has 16 MiB. */
static void headers_may_lie_far_apart(void **state)
{
	enum { APART = 65535 };
	struct file f = { .size = TABLE_AT + (size_t)LOAD_HEADERS_MAX * APART };
	struct file small = make_file(1, 64, TEXT);

	(void)state;
	f.bytes = calloc(1, f.size);
	memcpy(f.bytes, small.bytes, TABLE_AT);
	free(small.bytes);
	((struct elf64_header *)f.bytes)->phentsize = APART;
	((struct elf64_header *)f.bytes)->phnum = LOAD_HEADERS_MAX;
	for (unsigned n = 0; n < LOAD_HEADERS_MAX; n++) {
		const struct elf64_program p = { SEGMENT_LOAD,  7,  0,  TEXT + n * 64,
			                         TEXT + n * 64, 64, 64, 0 };

		memcpy(f.bytes + TABLE_AT + (size_t)n * APART, &p, sizeof(p));
	}
	expect_of_any(&f, 0);
}

/* An image that says its addresses itself, whose cleared part is all the memory behind it. */
static void an_image_of_addresses_is_cleared_in_steps(void **state)
{
	enum { AT = 64, FLAG_ADDRESSES = 1 << 16 };
	const uint32_t header[8] = { MULTIBOOT_HEADER_MAGIC,
		                     FLAG_ADDRESSES,
		                     0u - MULTIBOOT_HEADER_MAGIC - FLAG_ADDRESSES,
		                     TEXT + AT,
		                     TEXT,
		                     0,
		                     MEMORY,
		                     TEXT };
	struct file f = { .size = 100000 };

	(void)state;
	f.bytes = calloc(1, f.size);
	memcpy(f.bytes + AT, header, sizeof(header));
	expect_of_any(&f, 0);
}

/* Headers with values near each border. */
static void any_image_takes_few_steps(void **state)
{
	enum { HEADERS = LOAD_HEADERS_MAX + 8, CONTENTS = 20000, IMAGES = 100 };
	static const uint64_t borders[] = { 0,    1,      64,      LOAD_PIECE, CONTENTS,
		                            TEXT, MEMORY, 0xa0000, 0xffffffff, UINT64_MAX };
	uint64_t seed = 8;
	unsigned loaded = 0;

	(void)state;
	for (unsigned round = 0; round < IMAGES; round++) {
		unsigned headers = 1 + random_below(&seed, HEADERS);
		struct file f = make_file(headers, CONTENTS, TEXT);
		uint8_t *memory = dirty_memory();

		for (unsigned n = 0; n < headers; n++) {
			unsigned filesz = random_below(&seed, CONTENTS / 8);

			segment(&f, n, random_below(&seed, CONTENTS - filesz),
			        TEXT + random_below(&seed, 20000), filesz,
			        filesz + random_below(&seed, 300));
			if (random_below(&seed, 800) == 0)
				program(&f, n)->memsz = borders[random_below(&seed, 10)];
			if (random_below(&seed, 800) == 0)
				program(&f, n)->paddr = borders[random_below(&seed, 10)];
			if (random_below(&seed, 800) == 0)
				program(&f, n)->filesz = borders[random_below(&seed, 10)];
		}
		segment(&f, 0, 0, TEXT, 64, 64); /* with the entry */
		loaded += expect_few_steps(&f, memory, NULL) == 0;
		free(memory);
	}
	assert_in_range(loaded, IMAGES / 4, IMAGES - 20);
}

/* A text that does not fit is cut; nothing is written behind it. */
static void a_description_is_cut_to_its_place(void **state)
{
	struct file f = make_file(1, 64, TEXT);
	struct load l;

	(void)state;
	segment(&f, 0, 0, MEMORY, 64, 64);
	image_begin(&l, f.bytes, f.size, NULL, MEMORY);
	assert_int_equal(load_check(&l), -ENOMEM);
	for (size_t size = 1; size < 40; size++) {
		char *text = malloc(size);

		load_describe(&l, text, size);
		assert_int_equal(
			strncmp("program header 0: address 0x200000 and size", text, size - 1), 0);
		assert_int_equal(text[size - 1], '\0');
		free(text);
	}
	free(f.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_writes_4_kib_at_most),
		cmocka_unit_test(overlapping_segments_load_in_their_order),
		cmocka_unit_test(the_number_of_program_headers_is_bounded),
		cmocka_unit_test(the_segments_together_fit_in_memory),
		cmocka_unit_test(the_search_for_the_multiboot_header_is_in_steps),
		cmocka_unit_test(a_description_is_cut_to_its_place),
		cmocka_unit_test(headers_that_load_nothing_are_counted_too),
		cmocka_unit_test(headers_of_32_bits_are_bounded_too),
		cmocka_unit_test(headers_may_lie_far_apart),
		cmocka_unit_test(an_image_of_addresses_is_cleared_in_steps),
		cmocka_unit_test(any_image_takes_few_steps),
	};

	return cmocka_run_group_tests_name("elf_steps", tests, NULL, NULL);
}
