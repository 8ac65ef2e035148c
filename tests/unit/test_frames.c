/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The allocator of physical memory.
 *
 * Rule: no memory is where its addresses point on the host, so a test ends at once where one is
 * touched.
 */
#include "tests/unit/check.h"

#include "arch/x86/machine/multiboot.h"
#include "arch/x86/machine/platform.h"

#include <string.h>

enum { MIB = 1 << 20, UPPER_KIB = 64 * 1024 };

/* An image without a byte, far above the memory that is given away. */
char image_start[1];
__asm__(".globl bss_end\n.set bss_end, image_start");

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_given_away_once_and_not_touched),
		cmocka_unit_test(what_the_vmm_takes_is_counted),
		cmocka_unit_test(the_first_range_that_fits_is_taken),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests_name("frames", tests, NULL, NULL);
}
