/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 2's tags: what becomes of good tags, and of tags that are cut short or contradict
 * themselves.
 *
 * Rule: the tags lie in a block of the heap of exactly their bytes, so the sanitizers see each byte
 * that is read or written behind the tags.
 */
#include "tests/unit/check.h"

#include "arch/x86/machine/multiboot2.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 4096, CMDLINE = 1, MODULE = 3, MMAP = 6, RSDP_1 = 14, RSDP_2 = 15, NAME = 2 };

static uint8_t built[MOST];
static size_t size;

static void put(const void *bytes, size_t count)
{
	memcpy(built + size, bytes, count);
	size += count;
}

static void put_word(uint32_t value)
{
	put(&value, sizeof(value));
}

/* Begins a tag whose contents have so many bytes. */
static void put_tag(uint32_t type, size_t contents)
{
	while (size % 8 != 0)
		built[size++] = 0xa5; /* padding says nothing */
	put_word(type);
	put_word((uint32_t)(8 + contents));
}

static void put_text(uint32_t type, const char *text)
{
	put_tag(type, strlen(text) + 1);
	put(text, strlen(text) + 1);
}

static void put_module(uint32_t start, uint32_t end, const char *text)
{
	put_tag(MODULE, 8 + strlen(text) + 1);
	put_word(start);
	put_word(end);
	put(text, strlen(text) + 1);
}

static void put_map(uint32_t entry_bytes, unsigned entries)
{
	put_tag(MMAP, 8 + (size_t)entry_bytes * entries);
	put_word(entry_bytes);
	put_word(0);
	for (unsigned i = 0; i < entries; i++) {
		const uint64_t range[] = { 0x100000ull * (i + 1), 0x1000ull * (i + 1) };

		memset(built + size, 0x5a, entry_bytes);
		memcpy(built + size, range, sizeof(range));
		memcpy(built + size + sizeof(range), &(uint32_t){ i + 1 }, 4);
		size += entry_bytes;
	}
}

static void put_rsdp(uint32_t type, size_t bytes, uint8_t mark)
{
	put_tag(type, bytes);
	memset(built + size, mark, bytes);
	size += bytes;
}

static void end(void)
{
	put_tag(0, 0);
}

static int begin(void **state)
{
	(void)state;
	size = 0;
	put_word(0);
	put_word(0);
	return 0;
}

/* The facts of the last reading, and its block. */
static struct boot_facts facts;
static uint8_t *block;

static void read_bytes(const uint8_t *bytes, size_t count, uint32_t total)
{
	free(block);
	block = malloc(count);
	memcpy(block, bytes, count);
	memcpy(block, &total, sizeof(total));
	memset(&facts, 0, sizeof(facts));
	assert_ptr_equal(multiboot2_read(block, &facts), &facts.info);
}

static void read_all(void)
{
	read_bytes(built, size, (uint32_t)size);
}

/* An address of 32 bits, as the block's byte. */
static void *at(uint32_t address)
{
	return block + (uint32_t)(address - (uint32_t)(uintptr_t)block);
}

static size_t problem_at(void)
{
	return facts.problem ? (size_t)((const uint8_t *)facts.problem - block) : 0;
}

static void good_tags_become_the_structure_of_multiboot_1(void **state)
{
	(void)state;
	put_text(CMDLINE, "console=com1 chipset=pc");
	put_text(NAME, "a loader");
	put_module(0x200000, 0x201234, "vm=pulse");
	put_module(0x300000, 0x300000, "");
	put_map(24, 3);
	put_tag(77, 3); /* a tag of tomorrow */
	size += 3;
	end();
	read_all();
	assert_null(facts.problem);
	assert_int_equal(facts.info.flags,
	                 MULTIBOOT_INFO_CMDLINE | MULTIBOOT_INFO_MODS | MULTIBOOT_INFO_MMAP);
	assert_string_equal(at(facts.info.cmdline), "console=com1 chipset=pc");
	assert_int_equal(facts.info.mods_count, 2);
	assert_int_equal(facts.info.mods_addr, (uint32_t)(uintptr_t)facts.module);
	assert_int_equal(facts.module[0].start, 0x200000);
	assert_int_equal(facts.module[0].end, 0x201234);
	assert_string_equal(at(facts.module[0].string), "vm=pulse");
	assert_string_equal(at(facts.module[1].string), "");
	assert_int_equal(facts.info.mmap_length, 3 * sizeof(struct multiboot_mmap));
	const struct multiboot_mmap *m = at(facts.info.mmap_addr);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(m[i].size, sizeof(*m) - sizeof(m->size));
		assert_int_equal(m[i].address, 0x100000ull * (i + 1));
		assert_int_equal(m[i].length, 0x1000ull * (i + 1));
		assert_int_equal(m[i].type, i + 1);
	}
	assert_int_equal(facts.rsdp[0], 0);
}

/* In either order. The older copy has 20 bytes. */
static void the_newer_rsdp_counts(void **state)
{
	(void)state;
	put_rsdp(RSDP_1, 20, 1);
	end();
	read_all();
	assert_int_equal(facts.rsdp[19], 1);
	assert_int_equal(facts.rsdp[20], 0);
	for (unsigned newer_first = 0; newer_first < 2; newer_first++) {
		begin(NULL);
		if (newer_first)
			put_rsdp(RSDP_2, BOOT_RSDP_BYTES, 2);
		put_rsdp(RSDP_1, 20, 1);
		if (!newer_first)
			put_rsdp(RSDP_2, BOOT_RSDP_BYTES, 2);
		end();
		read_all();
		assert_null(facts.problem);
		for (unsigned i = 0; i < BOOT_RSDP_BYTES; i++)
			assert_int_equal(facts.rsdp[i], 2);
	}
}

/* Each is named by its place, and the tags around it count. */
static void a_tag_that_contradicts_itself_is_passed_over(void **state)
{
	enum { KINDS = 7 };

	(void)state;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		begin(NULL);
		put_module(1, 2, "before");
		size_t bad = (size + 7) & ~(size_t)7;
		if (kind == 0)
			put_module(0x2000, 0x1fff, "ends before it starts");
		if (kind == 1) {
			put_module(1, 2, "no end");
			built[size - 1] = 'x';
		}
		if (kind == 2) {
			put_text(CMDLINE, "no end");
			built[size - 1] = 'x';
		}
		if (kind == 3)
			put_map(32, 2);
		if (kind == 4) { /* without room for a string */
			put_tag(MODULE, 8);
			size += 8;
		}
		if (kind == 5)
			put_rsdp(RSDP_1, 19, 1);
		if (kind == 6)
			put_rsdp(RSDP_2, BOOT_RSDP_BYTES - 1, 1);
		put_module(3, 4, "after");
		end();
		read_all();
		assert_int_equal(problem_at(), bad);
		assert_int_equal(facts.info.flags, MULTIBOOT_INFO_MODS);
		assert_int_equal(facts.info.mods_count, 2);
		assert_string_equal(at(facts.module[1].string), "after");
		assert_int_equal(facts.rsdp[0], 0);
	}
}

static void modules_have_a_limit(void **state)
{
	(void)state;
	for (unsigned i = 0; i < BOOT_MODULES_MOST; i++)
		put_module(i, i, "");
	end();
	read_all();
	assert_null(facts.problem);
	assert_int_equal(facts.info.mods_count, BOOT_MODULES_MOST);
	size -= 8;
	size_t bad = (size + 7) & ~(size_t)7;
	put_module(99, 99, "");
	end();
	read_all();
	assert_int_equal(problem_at(), bad);
	assert_int_equal(facts.info.mods_count, BOOT_MODULES_MOST);
	assert_int_equal(facts.module[BOOT_MODULES_MOST - 1].start, BOOT_MODULES_MOST - 1);
}

/* Cut at each byte: what was whole before the cut counts, and the cut is told of. */
static void tags_that_are_cut_short_end_the_reading(void **state)
{
	(void)state;
	put_text(CMDLINE, "x");
	size_t first = (size + 7) & ~(size_t)7;
	put_map(24, 2);
	end();
	for (size_t cut = 8; cut < size; cut++) {
		read_bytes(built, cut, (uint32_t)cut);
		assert_non_null(facts.problem);
		assert_int_equal(facts.info.flags & MULTIBOOT_INFO_CMDLINE,
		                 cut >= 8 + 10 ? MULTIBOOT_INFO_CMDLINE : 0);
		assert_int_equal(facts.info.flags & MULTIBOOT_INFO_MMAP,
		                 cut >= first + 64 ? MULTIBOOT_INFO_MMAP : 0);
	}
	read_bytes(built, size, 0); /* less than its own header */
	assert_non_null(facts.problem);
	assert_int_equal(facts.info.flags, MULTIBOOT_INFO_MODS);
	read_bytes(built, size, UINT32_MAX); /* the end tag ends the reading */
	assert_null(facts.problem);
}

/* Words of good tags with other values: nothing is read or written out of bounds, and each string
 * and each entry of the map that is handed on lies in the block. */
static void no_words_lead_out_of_the_tags(void **state)
{
	static const uint32_t numbers[] = { 0,          1,  3,  6,      7,          8,
		                            9,          15, 16, 24,     0x7fffffff, 0x80000000,
		                            0xfffffff0, 24, 36, 0xfff8, 0xffffffff };
	uint64_t seed = 1;
	unsigned passed = 0;

	(void)state;
	put_text(CMDLINE, "console=com1");
	put_module(1, 2, "vm=a");
	put_map(24, 3);
	put_rsdp(RSDP_1, 20, 1);
	put_rsdp(RSDP_2, BOOT_RSDP_BYTES, 2);
	put_module(3, 4, "vm=b");
	end();
	for (unsigned n = 0; n < 50000; n++) {
		uint8_t bytes[MOST];

		memcpy(bytes, built, size);
		for (unsigned changes = 1 + random_below(&seed, 3); changes > 0; changes--) {
			uint32_t value = numbers[random_below(&seed, 17)] + random_below(&seed, 2);

			memcpy(bytes + 4 * random_below(&seed, (unsigned)size / 4), &value, 4);
		}
		size_t count = 8 + random_below(&seed, 4) * (size - 8) / 3;

		read_bytes(bytes, count, (uint32_t)count);
		passed += facts.problem == NULL;
		if (facts.info.flags & MULTIBOOT_INFO_CMDLINE)
			assert_true((uint8_t *)at(facts.info.cmdline) +
			                    strlen(at(facts.info.cmdline)) <
			            block + count);
		for (unsigned i = 0; i < facts.info.mods_count; i++)
			assert_true((uint8_t *)at(facts.module[i].string) +
			                    strlen(at(facts.module[i].string)) <
			            block + count);
		if (facts.info.flags & MULTIBOOT_INFO_MMAP)
			assert_true((uint8_t *)at(facts.info.mmap_addr) + facts.info.mmap_length <=
			            block + count);
	}
	assert_in_range(passed, 1000, 49000); /* good tags and bad ones were among them */
}

static int finish(void **state)
{
	(void)state;
	free(block);
	block = NULL;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(good_tags_become_the_structure_of_multiboot_1, begin),
		cmocka_unit_test_setup(the_newer_rsdp_counts, begin),
		cmocka_unit_test_setup(a_tag_that_contradicts_itself_is_passed_over, begin),
		cmocka_unit_test_setup(modules_have_a_limit, begin),
		cmocka_unit_test_setup(tags_that_are_cut_short_end_the_reading, begin),
		cmocka_unit_test_setup(no_words_lead_out_of_the_tags, begin),
	};

	return cmocka_run_group_tests_name("multiboot2", tests, NULL, finish);
}
