/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The allocator of physical memory.
 *
 * Rule: no memory is where its addresses point on the host, so a test ends at once where one is
 * touched.
 */
#include "tests/unit/check.h"
#include "tests/unit/fake_log.h"

#include "arch/x86/machine/multiboot.h"
#include "arch/x86/machine/platform.h"

#include <string.h>

enum { MIB = 1 << 20, UPPER_KIB = 64 * 1024 };

/* An image without a byte, far above the memory that is given away. */
char image_start[1];
__asm__(".globl bss_end\n.set bss_end, image_start");

/* What was mapped above 4 GiB, and whether the processor can. */
static struct {
	bool possible;
	unsigned calls;
	uint64_t first, end;
} high;

bool pages_map_high(uint64_t first, uint64_t end, bool device)
{
	assert_false(device);
	if (high.calls++ == 0) {
		high.first = first;
		high.end = end;
	}
	return high.possible;
}

static void begin(uint32_t upper_kib)
{
	struct multiboot_info info = { .flags = MULTIBOOT_INFO_MEMORY, .mem_upper = upper_kib };

	frames_init(&info);
	assert_int_equal(frames_free_bytes(), (uint64_t)upper_kib * 1024);
	assert_int_equal(frames_vmm_bytes(), 0);
}

static void memory_is_given_away_once_and_not_touched(void **state)
{
	static uint8_t taken[UPPER_KIB / 4]; /* by page of the upper memory */
	uint64_t seed = 1, left = (uint64_t)UPPER_KIB * 1024;
	unsigned failed = 0;

	(void)state;
	begin(UPPER_KIB);
	while (left > 0 && failed < 1000) {
		uint64_t bytes = PAGE * (1ull + random_below(&seed, 700));
		uint64_t align = PAGE << random_below(&seed, 10);
		uint64_t at = failed < 900 ? frames_alloc(bytes, align)
		                           : frames_alloc(bytes = PAGE, align = PAGE);

		if (at == 0) {
			failed++;
			continue;
		}
		assert_int_equal(at % align, 0);
		assert_in_range(at, MIB, MIB + (uint64_t)UPPER_KIB * 1024 - bytes);
		for (uint64_t page = (at - MIB) / PAGE; page < (at - MIB + bytes) / PAGE; page++)
			assert_int_equal(taken[page]++, 0);
		left -= bytes;
		assert_int_equal(frames_free_bytes(), left);
	}
	assert_int_equal(left, 0);
	assert_int_equal(frames_alloc(PAGE, PAGE), 0);
	assert_null(frames_alloc_vmm(PAGE, PAGE));
}

static void what_the_vmm_takes_is_counted(void **state)
{
	(void)state;
	begin(UPPER_KIB);
	assert_int_not_equal(frames_alloc(PAGE, PAGE), 0);
	assert_int_equal(frames_vmm_bytes(), 0);
	assert_non_null(frames_alloc_vmm_raw(PAGE + 1, PAGE));
	assert_int_equal(frames_vmm_bytes(), 2 * PAGE);
}

static void the_first_range_that_fits_is_taken(void **state)
{
	(void)state;
	begin(UPPER_KIB);
	assert_int_equal(frames_alloc(LARGE_PAGE, LARGE_PAGE), 2 * MIB); /* leaves 1 MiB below */
	assert_int_equal(frames_alloc(LARGE_PAGE, PAGE), 4 * MIB);
	assert_int_equal(frames_alloc(PAGE, PAGE), MIB);
	assert_int_equal(frames_alloc(MIB - PAGE, PAGE), MIB + PAGE); /* all that is left there */
	assert_int_equal(frames_alloc(PAGE, PAGE), 6 * MIB);
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	begin(UPPER_KIB);
	assert_int_equal(frames_alloc(0, PAGE), 0);
	assert_int_equal(frames_alloc(UINT64_MAX, PAGE), 0);
	assert_int_equal(frames_alloc(PAGE, 1), 0);
	assert_int_equal(frames_alloc((uint64_t)UPPER_KIB * 1024 + 1, PAGE), 0);
	assert_int_equal(frames_free_bytes(), (uint64_t)UPPER_KIB * 1024);
}

/* ---- Above 4 GiB ---- */

#define GIB (1024ull * MIB)

/* A machine with RAM to 3.5 GiB, from 4 to 6 GiB, with firmware's memory inside, and a page at
 * 8 GiB. */
static void begin_large(bool possible)
{
	static struct multiboot_mmap map[] = {
		{ 20, MIB, 3584ull * MIB - MIB, MULTIBOOT_RAM },
		{ 20, 4 * GIB, 2 * GIB, MULTIBOOT_RAM },
		{ 20, 5 * GIB, PAGE, 2 },
		{ 20, 8 * GIB, PAGE, MULTIBOOT_RAM },
		{ 20, 513 * GIB, UINT64_MAX - 513 * GIB, 2 },
	};

	/* the map lies where the info says, so its address has 32 bits */
	const struct multiboot_info info = { .flags = MULTIBOOT_INFO_MMAP,
		                             .mmap_addr = (uint32_t)(uintptr_t)map,
		                             .mmap_length = sizeof(map) };

	assert_int_equal((uintptr_t)map >> 32, 0);
	high.possible = possible;
	high.calls = 0;
	frames_init(&info);
}

static void ram_above_4_gib_is_given_away_after_the_low_ram(void **state)
{
	(void)state;
	begin_large(true);
	assert_int_equal(high.calls, 2);
	assert_int_equal(high.first, 4 * GIB);
	assert_int_equal(high.end, 6 * GIB);
	/* 3 GiB without the first MiB, 2 GiB without a page, and a page; the info takes pages of
	 * the low RAM where the host has put it */
	assert_in_range(frames_free_bytes(), 5 * GIB - MIB - 8 * PAGE, 5 * GIB - MIB);
	assert_in_range(frames_alloc(GIB, GIB), GIB, 2 * GIB);
	assert_in_range(frames_alloc(GIB, GIB), GIB, 2 * GIB);
	assert_int_equal(frames_alloc(GIB, GIB), 4 * GIB); /* 3 GiB is no RAM of ours */
	assert_int_equal(frames_alloc(GIB, GIB), 0);       /* firmware's page */
	assert_int_equal(frames_alloc(GIB - LARGE_PAGE, LARGE_PAGE), 5 * GIB + LARGE_PAGE);
}

static void memory_that_is_not_used_after_all_is_taken_back(void **state)
{
	(void)state;
	begin_large(true);
	assert_int_equal(frames_end(), 8 * GIB + PAGE);
	const uint64_t free = frames_free_bytes(), largest = frames_largest_bytes();
	assert_in_range(largest, 2 * GIB, 3 * GIB - MIB);
	assert_non_null(frames_alloc_vmm_raw(PAGE, PAGE));
	const uint64_t vmm = frames_vmm_bytes();
	frames_keep();
	const uint64_t at = frames_alloc(GIB, GIB);
	assert_int_not_equal(frames_alloc(GIB, GIB), at);
	assert_non_null(frames_alloc_vmm_raw(PAGE, PAGE));
	assert_true(frames_largest_bytes() < largest);
	frames_restore();
	assert_int_equal(frames_free_bytes(), free - PAGE);
	assert_int_equal(frames_vmm_bytes(), vmm);
	assert_int_equal(frames_alloc(GIB, GIB), at);
}

static void without_pages_of_1_gib_the_low_ram_alone_is_used(void **state)
{
	(void)state;
	printed_clear();
	begin_large(false);
	assert_int_equal(high.calls, 2); /* and one line */
	assert_string_equal(printed(), "signalbox: RAM above 4 GiB is not used: the processor has "
	                               "no pages of 1 GiB (CPUID.80000001h:EDX[26] = 0)\n");
	assert_in_range(frames_free_bytes(), 3 * GIB - MIB - 8 * PAGE, 3 * GIB - MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_given_away_once_and_not_touched),
		cmocka_unit_test(what_the_vmm_takes_is_counted),
		cmocka_unit_test(the_first_range_that_fits_is_taken),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(ram_above_4_gib_is_given_away_after_the_low_ram),
		cmocka_unit_test(memory_that_is_not_used_after_all_is_taken_back),
		cmocka_unit_test(without_pages_of_1_gib_the_low_ram_alone_is_used),
	};

	return cmocka_run_group_tests_name("frames", tests, NULL, NULL);
}
