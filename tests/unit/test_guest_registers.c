/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of the registers that a guest's instructions reach: which MSRs are open, what may be
 * written, what moves at a switch.
 *
 * Rule: the VMM's own table, beside a processor of 2^13 MSRs in each half that notes who reads and
 * writes.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/guarded.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/virt/guest_cpuid.h"
#include "arch/x86/virt/guest_registers.h"

#include <errno.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum {
	EPERM_ = -EPERM,
	NOWHERE = 0x1234567,
	STAR = 0xc0000081,
	LSTAR = 0xc0000082,
	CSTAR = 0xc0000083,
	FMASK = 0xc0000084,
	TSC_AUX = 0xc0000103
};

static const uint32_t kept_numbers[KEPT_COUNT] = { [KEPT_STAR] = STAR,
	                                           [KEPT_LSTAR] = LSTAR,
	                                           [KEPT_CSTAR] = CSTAR,
	                                           [KEPT_FMASK] = FMASK,
	                                           [KEPT_TSC_AUX] = TSC_AUX };

static uint64_t kept[KEPT_COUNT];
static unsigned writes, opened, opened_for_writing;
static uint32_t absent; /* an MSR that the processor does not have */
static bool picky;      /* it refuses what it likes */
static struct cpuid shown;

static uint64_t *cell(uint32_t number)
{
	for (unsigned i = 0; i < KEPT_COUNT; i++)
		if (kept_numbers[i] == number)
			return &kept[i];
	fail_msg("the VMM does not keep MSR %x", number);
	return NULL;
}

int guarded_msr_write(uint32_t number, uint64_t value)
{
	if (picky || number == absent)
		return -1;
	*cell(number) = value;
	writes++;
	return 0;
}

void msr_write(uint32_t number, uint64_t value)
{
	assert_int_not_equal(number, absent);
	*cell(number) = value;
	writes++;
}

struct cpuid cpu_id(uint32_t leaf, uint32_t subleaf)
{
	(void)leaf;
	(void)subleaf;
	return (struct cpuid){ 0 };
}

struct cpuid guest_cpuid_shown(struct cpuid c, uint32_t leaf, uint32_t subleaf, unsigned has)
{
	(void)c;
	(void)leaf;
	(void)subleaf;
	(void)has;
	return shown;
}

static int begin(void **state)
{
	(void)state;
	memset(kept, 0x55, sizeof(kept));
	absent = 0;
	picky = false;
	shown = (struct cpuid){ 0 };
	guest_registers_init(false);
	writes = opened = opened_for_writing = 0;
	return 0;
}

static void open_one(uint32_t number, bool read, bool write)
{
	assert_true(read);
	assert_int_not_equal(number, NOWHERE);
	opened++;
	opened_for_writing += write;
}

static void R01_what_firmware_left_is_gone(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KEPT_COUNT; i++)
		assert_int_equal(kept[i], 0);
}

static bool has_a_row(uint32_t number)
{
	/* TSC; TSC_ADJUST; BIOS_SIGN_ID; SYSENTER; MISC_ENABLE; PAT; EFER to FMASK; the segment
	 * bases */
	static const uint32_t numbers[] = { 0x10,       0x3b,      0x8b,  0x174,      0x175,
		                            0x176,      0x1a0,     0x277, 0xc0000080, STAR,
		                            LSTAR,      CSTAR,     FMASK, TSC_AUX,    0xc0000100,
		                            0xc0000101, 0xc0000102 };

	for (unsigned i = 0; i < LENGTH(numbers); i++)
		if (numbers[i] == number)
			return true;
	return false;
}

static void R01_an_msr_without_a_row_is_refused(void **state)
{
	struct guest_registers r = { 0 };
	uint64_t value = 7;

	(void)state;
	for (uint32_t number = 0; number < 0x2000; number++)
		for (uint32_t half = 0; half < 2; half++) {
			uint32_t msr = number | (half ? 0xc0000000 : 0);
			if (has_a_row(msr))
				continue;
			assert_int_equal(guest_msr_read(&r, msr, &value), EPERM_);
			assert_int_equal(guest_msr_write(&r, msr, 0), EPERM_);
		}
	assert_int_equal(value, 7);
	assert_int_equal(writes, 0);
}

static void R01_values_that_the_row_does_not_allow_never_reach_the_processor(void **state)
{
	static const struct {
		uint32_t msr;
		uint64_t value;
		int answer;
	} rows[] = {
		{ TSC_AUX, 0xffffffff, 0 },
		{ TSC_AUX, 0x100000000, EPERM_ },
		{ TSC_AUX, 1ull << 63, EPERM_ },
		{ FMASK, 0xffffffff, 0 },
		{ FMASK, 0x100000000, EPERM_ },
		{ LSTAR, 0x00007fffffffffff, 0 },
		{ LSTAR, 0xffff800000000000, 0 },
		{ LSTAR, 0x0000800000000000, EPERM_ },
		{ LSTAR, 0x7fff800000000000, EPERM_ },
		{ STAR, UINT64_MAX, 0 },
		{ 0xc0000080, 0xd01, 1 },       /* EFER: the back end's */
		{ 0xc0000080, 0x1000, EPERM_ }, /* SVME */
		{ 0xc0000080, 1ull << 32, EPERM_ },
		{ 0x3b, 0, 0 }, /* TSC_ADJUST: the TSC is unshifted */
		{ 0x3b, 1, EPERM_ },
		{ 0x8b, 0, 0 }, /* as its reading begins (SDM 3A 9.11.7.1) */
		{ 0x8b, 1, EPERM_ },
		{ 0x1a0, 1, 0 }, /* as it was read */
		{ 0x1a0, 0, EPERM_ },
		{ 0x10, 0, EPERM_ }, /* TSC */
	};
	struct guest_registers r = { 0 };

	(void)state;
	for (unsigned i = 0; i < LENGTH(rows); i++) {
		uint64_t before[KEPT_COUNT];

		memcpy(before, kept, sizeof(kept));
		writes = 0;
		assert_int_equal(guest_msr_write(&r, rows[i].msr, rows[i].value), rows[i].answer);
		if (rows[i].answer == EPERM_) {
			assert_int_equal(writes, 0);
			assert_memory_equal(before, kept, sizeof(kept));
		}
	}
}

static void R01_what_the_processor_refuses_is_refused_and_not_kept(void **state)
{
	struct guest_registers r = { 0 };
	uint64_t value = 7;

	(void)state;
	picky = true;
	assert_int_equal(guest_msr_write(&r, TSC_AUX, 5), EPERM_);
	assert_int_equal(guest_msr_read(&r, TSC_AUX, &value), 0);
	assert_int_equal(value, 0);
	assert_false(r.used);
}

static void R01_an_msr_that_the_processor_lacks_is_refused_and_never_touched(void **state)
{
	struct guest_registers r = { .kept = { [KEPT_TSC_AUX] = 5 } };
	uint64_t value;

	(void)state;
	absent = TSC_AUX;
	guest_registers_init(false);
	assert_int_equal(guest_msr_write(&r, TSC_AUX, 5), EPERM_);
	assert_int_equal(guest_msr_read(&r, TSC_AUX, &value), EPERM_);
	guest_registers_load(&r);
}

static void R01_a_switch_writes_what_differs_and_nothing_else(void **state)
{
	struct guest_registers a = { 0 }, b = { 0 };

	(void)state;
	guest_registers_load(&a);
	assert_int_equal(writes, 0); /* nobody has used one */
	assert_int_equal(guest_msr_write(&a, TSC_AUX, 5), 0);
	assert_int_equal(guest_msr_write(&a, LSTAR, 0x1000), 0);
	assert_true(a.used);
	writes = 0;
	guest_registers_load(&b);
	assert_int_equal(writes, 2);
	for (unsigned i = 0; i < KEPT_COUNT; i++)
		assert_int_equal(kept[i], 0);
	guest_registers_load(&b);
	assert_int_equal(writes, 2);
	guest_registers_load(&a);
	assert_int_equal(writes, 4);
	assert_int_equal(kept[KEPT_TSC_AUX], 5);
	assert_int_equal(kept[KEPT_LSTAR], 0x1000);
	guest_registers_reset(&a);
	guest_registers_load(&a);
	assert_int_equal(kept[KEPT_TSC_AUX] | kept[KEPT_LSTAR], 0);
	assert_false(a.used);
}

static void R01_bitmaps_open_what_the_structure_or_the_processor_holds(void **state)
{
	(void)state;
	guest_msr_open(open_one);
	assert_int_equal(opened, 14);            /* all but BIOS_SIGN_ID and MISC_ENABLE */
	assert_int_equal(opened_for_writing, 7); /* SYSENTER, FS and GS, KERNEL_GS_BASE, PAT */
	guest_registers_init(true);
	opened = opened_for_writing = 0;
	guest_msr_open(open_one);
	assert_int_equal(opened, 12); /* EFER and PAT besides; MISC_ENABLE is none there */
	assert_int_equal(opened_for_writing, 10);
}

static void R01_cr4_bits_go_with_what_cpuid_shows(void **state)
{
	enum { MCE = 1 << 6, PCE = 1 << 8, PSE = 1 << 4, UMIP = 1 << 11 };
	const uint64_t never = 1ull << 12 | 1ull << 13 | 1ull << 14 | 1ull << 22 | 1ull << 23 |
	                       1ull << 24 | 1ull << 25;

	(void)state;
	assert_int_equal(guest_cr4_allowed, MCE | PCE);
	shown = (struct cpuid){ .edx = 1 << 3 };
	guest_registers_init(false);
	assert_int_equal(guest_cr4_allowed, MCE | PCE | PSE);
	shown = (struct cpuid){ UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX };
	guest_registers_init(true);
	assert_int_equal(guest_cr4_allowed & never, 0);
	assert_int_equal(guest_cr4_allowed, 0x370fff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(R01_what_firmware_left_is_gone, begin),
		cmocka_unit_test_setup(R01_an_msr_without_a_row_is_refused, begin),
		cmocka_unit_test_setup(
			R01_values_that_the_row_does_not_allow_never_reach_the_processor, begin),
		cmocka_unit_test_setup(R01_what_the_processor_refuses_is_refused_and_not_kept,
		                       begin),
		cmocka_unit_test_setup(
			R01_an_msr_that_the_processor_lacks_is_refused_and_never_touched, begin),
		cmocka_unit_test_setup(R01_a_switch_writes_what_differs_and_nothing_else, begin),
		cmocka_unit_test_setup(R01_bitmaps_open_what_the_structure_or_the_processor_holds,
		                       begin),
		cmocka_unit_test_setup(R01_cr4_bits_go_with_what_cpuid_shows, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
