/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads of floating-point state: on which processors the x87 pointers are overwritten, and when.
 *
 * Rule: the processor of the test has FXSAVE and no XSAVE. The host executes loads and saves.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/fpu.h"
#include "arch/x86/cpu/fpu_pointers.h"
#include "arch/x86/cpu/guarded.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"

#include <string.h>

enum { FXSR = 1 << 24, AREA = 512, PRECISION_SINGLE = 0x7f };

static struct {
	bool pointers_stay;
	unsigned forgotten;
	uint64_t cr0, cr4;
} processor;
static uint8_t area[AREA] __attribute__((aligned(16)));

struct cpuid cpu_id(uint32_t leaf, uint32_t subleaf)
{
	(void)subleaf;
	return (struct cpuid){ .edx = leaf == 1 ? FXSR : 0 };
}

uint64_t cr0_read(void)
{
	return processor.cr0;
}

void cr0_write(uint64_t value)
{
	processor.cr0 = value;
}

uint64_t cr4_read(void)
{
	return processor.cr4;
}

void cr4_write(uint64_t value)
{
	processor.cr4 = value;
}

int guarded_xcr_write(uint32_t number, uint64_t value)
{
	(void)number;
	(void)value;
	return -1;
}

void *frames_alloc_vmm(uint64_t bytes, uint64_t align)
{
	(void)align;
	return bytes <= sizeof(area) ? NULL : area;
}

bool fpu_pointers_stay(void)
{
	return processor.pointers_stay;
}

/* Leaves a control word that no load of the test leaves. */
void fpu_forget_pointers(void)
{
	processor.forgotten++;
	__asm__ volatile("fninit");
}

static uint16_t control_word(void)
{
	uint16_t value;

	__asm__ volatile("fnstcw %0" : "=m"(value));
	return value;
}

static unsigned forgotten_at_a_load(bool pointers_stay)
{
	const uint16_t single = PRECISION_SINGLE;

	processor.pointers_stay = pointers_stay;
	processor.forgotten = 0;
	fpu_widest_at_reset = 1;
	assert_int_equal(fpu_init(), 0);
	__asm__ volatile("fninit; fldcw %0" : : "m"(single));
	fpu_save(area, fpu_widest_at_reset);
	__asm__ volatile("fninit");
	fpu_load(area, fpu_widest_at_reset, fpu_xcr0_now);
	const uint16_t loaded = control_word();
	__asm__ volatile("fninit");
	assert_int_equal(loaded, PRECISION_SINGLE); /* the load came last */
	return processor.forgotten;
}

static void a_load_overwrites_the_pointers_where_they_stay(void **state)
{
	(void)state;
	assert_int_equal(forgotten_at_a_load(false), 0);
	assert_int_equal(forgotten_at_a_load(true), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_load_overwrites_the_pointers_where_they_stay),
	};

	return cmocka_run_group_tests_name("fpu", tests, NULL, NULL);
}
