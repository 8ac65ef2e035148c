/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nested page tables: what is mapped is where it should be, with the flags it should have, and
 * nothing else is mapped.
 *
 * Rule: a test looks at the tables as the processor would, level by level, and compares with what
 * npt_translate() says.
 */
#include "tests/unit/check.h"
#include "tests/unit/svm_kit.h"

#include "arch/x86/virt/nested_map.h"

#include <errno.h>

#define NX (1ull << 63)
enum { PRESENT = 1, WRITE = 2, USER = 4, PWT = 8, PCD = 16, LARGE = 1 << 7, PAGE_2M = 2 << 20 };
#define FLAGS (NX | 0xfff)
#define ADDRESS 0x000ffffffffff000ull
#define DEVICE 0xfeb00000ull /* physical: any, as nobody reads it */

static int begin(void **state)
{
	(void)state;
	kit_begin();
	return 0;
}

/* The entry that maps an address; *size: of its page. Every table on the way has to be open to the
 * guest's accesses. */
static uint64_t leaf(uint64_t guest, uint64_t *size)
{
	const uint64_t *table = kit_vcpu.npt;

	for (unsigned shift = 39;; shift -= 9) {
		uint64_t entry = table[guest >> shift & 511];

		*size = 1ull << shift;
		if (shift == 12 || entry & LARGE || !(entry & PRESENT))
			return entry;
		assert_int_equal(entry & FLAGS, PRESENT | WRITE | USER);
		table = (const uint64_t *)(entry & ADDRESS);
	}
}

static void expect(uint64_t guest, uint64_t host, uint64_t size, uint64_t flags)
{
	uint64_t found, entry = leaf(guest, &found);

	assert_int_equal(found, size);
	assert_int_equal(entry & ADDRESS, host & ~(size - 1));
	assert_int_equal(entry & FLAGS & ~(uint64_t)LARGE, flags);
	assert_int_equal((uint64_t)npt_translate(kit_vcpu.npt, guest), host);
}

static int map(uint64_t guest, uint64_t host, uint64_t bytes, bool writable, bool executable)
{
	return npt_map(kit_vcpu.npt, guest, host, bytes, writable, executable);
}

static void memory_is_mapped_by_the_largest_pages_that_fit(void **state)
{
	const uint64_t base = 1ull << 30, host = 1ull << 40;

	(void)state;
	assert_int_equal(
		map(base - KIT_PAGE, host - KIT_PAGE, 2 * PAGE_2M + 3 * KIT_PAGE, true, true), 0);
	expect(base - KIT_PAGE + 5, host - KIT_PAGE + 5, KIT_PAGE, PRESENT | WRITE | USER);
	expect(base + 0x1234, host + 0x1234, PAGE_2M, PRESENT | WRITE | USER);
	expect(base + 2 * PAGE_2M - 1, host + 2 * PAGE_2M - 1, PAGE_2M, PRESENT | WRITE | USER);
	expect(base + 2 * PAGE_2M, host + 2 * PAGE_2M, KIT_PAGE, PRESENT | WRITE | USER);
	expect(base + 2 * PAGE_2M + KIT_PAGE, host + 2 * PAGE_2M + KIT_PAGE, KIT_PAGE,
	       PRESENT | WRITE | USER);
	assert_null(npt_translate(kit_vcpu.npt, base + 2 * PAGE_2M + 2 * KIT_PAGE));
	assert_null(npt_translate(kit_vcpu.npt, base - KIT_PAGE - 1));
}

static void pages_that_lie_askew_are_small(void **state)
{
	const uint64_t base = 1ull << 30;

	(void)state;
	assert_int_equal(map(base, PAGE_2M + KIT_PAGE, PAGE_2M, true, true), 0);
	expect(base, PAGE_2M + KIT_PAGE, KIT_PAGE, PRESENT | WRITE | USER);
	expect(base + PAGE_2M - 1, 2 * PAGE_2M + KIT_PAGE - 1, KIT_PAGE, PRESENT | WRITE | USER);
}

static void what_may_not_be_written_is_not_writable(void **state)
{
	(void)state;
	assert_int_equal(map(1ull << 30, PAGE_2M, KIT_PAGE, false, true), 0);
	expect(1ull << 30, PAGE_2M, KIT_PAGE, PRESENT | USER);
}

static void device_memory_is_uncached_and_not_executable(void **state)
{
	(void)state;
	assert_int_equal(map(DEVICE, DEVICE, KIT_PAGE, true, false), 0);
	expect(DEVICE, DEVICE, KIT_PAGE, NX | PRESENT | WRITE | USER | PWT | PCD);
	kit_nxe = false; /* NX would be a reserved bit */
	assert_int_equal(map(2 * DEVICE, DEVICE, KIT_PAGE, true, false), 0);
	expect(2 * DEVICE, DEVICE, KIT_PAGE, PRESENT | WRITE | USER | PWT | PCD);
}

static void a_page_inside_a_large_one_can_change_alone(void **state)
{
	const uint64_t base = 1ull << 30, host = 1ull << 40, absent_page = 0x7000;

	(void)state;
	assert_int_equal(map(base, host, PAGE_2M, true, false), 0);
	expect(base, host, PAGE_2M, NX | PRESENT | WRITE | USER | PWT | PCD);
	assert_int_equal(map(base + 5 * KIT_PAGE, absent_page, KIT_PAGE, false, true), 0);
	expect(base + 5 * KIT_PAGE, absent_page, KIT_PAGE, PRESENT | USER);
	for (unsigned i = 0; i < 512; i++)
		if (i != 5)
			expect(base + i * KIT_PAGE + 7, host + i * KIT_PAGE + 7, KIT_PAGE,
			       NX | PRESENT | WRITE | USER | PWT | PCD);
}

static void memory_can_be_mapped_by_small_pages_alone(void **state)
{
	const struct nested_range range = { 1ull << 30, 1ull << 40, 2 * PAGE_2M, NESTED_4K };

	(void)state;
	assert_int_equal(
		nested_map(kit_vcpu.npt, range, PRESENT | WRITE | USER, PRESENT | WRITE | USER), 0);
	for (uint64_t at = 0; at < 2 * PAGE_2M; at += KIT_PAGE)
		expect(range.guest + at + 9, range.host + at + 9, KIT_PAGE, PRESENT | WRITE | USER);
	assert_null(npt_translate(kit_vcpu.npt, range.guest + 2 * PAGE_2M));
	kit_frames = 0;
	assert_int_equal(nested_map(kit_vcpu.npt,
	                            (struct nested_range){ (1ull << 30) + 2 * PAGE_2M, 1ull << 40,
	                                                   PAGE_2M, NESTED_4K },
	                            PRESENT, PRESENT),
	                 -ENOMEM);
}

/* By pages of 1 GiB where the processor has them, and both addresses allow them. */
static void memory_of_gibs_is_mapped_by_pages_of_1_gib(void **state)
{
	const uint64_t gib = 1ull << 30, base = 4 * gib, host = 20 * gib;

	(void)state;
	kit_gib_pages = true;
	assert_int_equal(map(base - PAGE_2M, host - PAGE_2M, 2 * gib + 2 * PAGE_2M, true, true), 0);
	expect(base - 1, host - 1, PAGE_2M, PRESENT | WRITE | USER);
	expect(base + 0x12345678, host + 0x12345678, gib, PRESENT | WRITE | USER);
	expect(base + 2 * gib - 1, host + 2 * gib - 1, gib, PRESENT | WRITE | USER);
	expect(base + 2 * gib, host + 2 * gib, PAGE_2M, PRESENT | WRITE | USER);
	assert_null(npt_translate(kit_vcpu.npt, base + 2 * gib + PAGE_2M));
	/* askew */
	assert_int_equal(map(16 * gib, host + PAGE_2M, gib, true, true), 0);
	expect(16 * gib, host + PAGE_2M, PAGE_2M, PRESENT | WRITE | USER);
	/* one page inside changes alone: the rest keeps its place */
	assert_int_equal(map(base + 5 * KIT_PAGE, 0x7000, KIT_PAGE, false, true), 0);
	expect(base + 5 * KIT_PAGE, 0x7000, KIT_PAGE, PRESENT | USER);
	expect(base + 4 * KIT_PAGE, host + 4 * KIT_PAGE, KIT_PAGE, PRESENT | WRITE | USER);
	expect(base + PAGE_2M - 1, host + PAGE_2M - 1, KIT_PAGE, PRESENT | WRITE | USER);
	expect(base + PAGE_2M, host + PAGE_2M, PAGE_2M, PRESENT | WRITE | USER);
	expect(base + gib - 1, host + gib - 1, PAGE_2M, PRESENT | WRITE | USER);
	expect(base + gib, host + gib, gib, PRESENT | WRITE | USER);
	/* a processor without such pages */
	kit_gib_pages = false;
	assert_int_equal(map(32 * gib, host, gib, true, true), 0);
	expect(33 * gib - 1, host + gib - 1, PAGE_2M, PRESENT | WRITE | USER);
}

static void nothing_else_is_mapped(void **state)
{
	(void)state;
	assert_ptr_equal(npt_translate(kit_vcpu.npt, KIT_RAM - 1), kit_ram(KIT_RAM - 1));
	assert_null(npt_translate(kit_vcpu.npt, KIT_RAM));
	for (unsigned bit = 22; bit < 64; bit++) /* also what four levels do not reach */
		assert_null(npt_translate(kit_vcpu.npt, 1ull << bit));
	assert_null(npt_translate(kit_vcpu.npt, UINT64_MAX));
}

static void memory_that_runs_out_is_told(void **state)
{
	(void)state;
	for (unsigned frames = 0; frames < 3; frames++) { /* of the three tables of a small page */
		kit_begin();
		kit_frames = frames;
		assert_int_equal(map(1ull << 40, PAGE_2M, KIT_PAGE, true, true), -ENOMEM);
		assert_null(npt_translate(kit_vcpu.npt, 1ull << 40));
	}
	kit_frames = 0;
	assert_null(npt_create());
}

static void ones(uint64_t guest)
{
	uint64_t size, entry = leaf(guest, &size);

	assert_int_equal(size, KIT_PAGE);
	/* and neither written nor forbidden to run */
	assert_int_equal(entry & FLAGS, PRESENT | USER);
	const uint64_t *page = npt_translate(kit_vcpu.npt, guest & ~0xfffull);
	for (unsigned i = 0; i < KIT_PAGE / sizeof(uint64_t); i++)
		assert_true(page[i] == UINT64_MAX);
}

static void absent_memory_is_one_page_of_ones(void **state)
{
	const uint64_t far = 3ull << 39;

	(void)state;
	assert_int_equal(npt_absent(kit_vcpu.npt), 0);
	unsigned frames = kit_frames;
	for (unsigned bit = 22; bit < 48; bit++)
		ones(1ull << bit);
	ones((1ull << 48) - 1);
	expect(0x1234, (uint64_t)kit_ram(0x1234), PAGE_2M, PRESENT | WRITE | USER);
	assert_ptr_equal(npt_translate(kit_vcpu.npt, far), npt_translate(kit_vcpu.npt, KIT_RAM));
	/* nothing changes, and nothing is allocated again */
	assert_int_equal(npt_absent(kit_vcpu.npt), 0);
	assert_int_equal(kit_frames, frames);
	/* One page of it is forbidden, gets memory, and becomes absent again; what is beside it
	 * stays. */
	assert_int_equal(npt_forbid(kit_vcpu.npt, far + 5 * KIT_PAGE, KIT_PAGE), 0);
	assert_null(npt_translate(kit_vcpu.npt, far + 5 * KIT_PAGE));
	ones(far + 4 * KIT_PAGE);
	ones(far + 6 * KIT_PAGE);
	ones(far + (1ull << 21));
	ones(far + (1ull << 30));
	assert_int_equal(map(far + 5 * KIT_PAGE, (uint64_t)kit_ram(0), KIT_PAGE, true, true), 0);
	expect(far + 5 * KIT_PAGE, (uint64_t)kit_ram(0), KIT_PAGE, PRESENT | WRITE | USER);
	assert_int_equal(npt_absent_page(kit_vcpu.npt, far + 5 * KIT_PAGE), 0);
	ones(far + 5 * KIT_PAGE);
	/* A large page takes the place of what is absent. */
	assert_int_equal(map(far + (4ull << 21), (uint64_t)kit_ram(0), PAGE_2M, true, true), 0);
	expect(far + (4ull << 21), (uint64_t)kit_ram(0), PAGE_2M, PRESENT | WRITE | USER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, begin)
		CASE(memory_is_mapped_by_the_largest_pages_that_fit),
		CASE(pages_that_lie_askew_are_small),
		CASE(what_may_not_be_written_is_not_writable),
		CASE(device_memory_is_uncached_and_not_executable),
		CASE(a_page_inside_a_large_one_can_change_alone),
		CASE(memory_can_be_mapped_by_small_pages_alone),
		CASE(memory_of_gibs_is_mapped_by_pages_of_1_gib),
		CASE(nothing_else_is_mapped),
		CASE(memory_that_runs_out_is_told),
		CASE(absent_memory_is_one_page_of_ones),
	};

	return cmocka_run_group_tests_name("svm_npt", tests, NULL, NULL);
}
