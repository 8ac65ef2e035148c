/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads of floating-point state: on which processors the x87 pointers are overwritten, and when.
 *
 * Rule: the processor of the test has FXSAVE, or XSAVE with x87, SSE and AVX. The host executes
 * loads and saves. XCR0 never changes, because a program cannot write XCR0.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/fpu.h"
#include "arch/x86/cpu/fpu_pointers.h"
#include "arch/x86/cpu/guarded.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"

#include <string.h>

enum { FXSR = 1 << 24, XSAVE = 1 << 26, AVX = 1 << 28 };
enum { XSAVE_AREA = 832, PRECISION_SINGLE = 0x7f, XCR0_AVX = 7 };

static struct {
	bool pointers_stay, has_xsave;
	unsigned forgotten;
	uint64_t cr0, cr4;
} processor;
static uint8_t area[XSAVE_AREA] __attribute__((aligned(64)));

struct cpuid cpu_id(uint32_t leaf, uint32_t subleaf)
{
	assert_int_equal(subleaf, 0);
	if (leaf == 0xd)
		return (struct cpuid){ .eax = XCR0_AVX, .ebx = XSAVE_AREA };
	assert_int_equal(leaf, 1);
	return (struct cpuid){ .ecx = processor.has_xsave ? XSAVE : 0, .edx = FXSR };
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

/* Saves and loads a guest's registers. opened: the XCR0 that the guest has had. Returns how often
 * the load has overwritten the pointers. */
static unsigned forgotten_at_a_load(bool pointers_stay, uint64_t opened)
{
	const uint16_t single = PRECISION_SINGLE;

	processor.pointers_stay = pointers_stay;
	processor.forgotten = 0;
	fpu_widest_at_reset = 1;
	assert_int_equal(fpu_init(), 0);
	const uint64_t widest = fpu_widest_at_reset | opened;
	__asm__ volatile("fninit; fldcw %0" : : "m"(single));
	fpu_save(area, widest);
	assert_int_equal(processor.forgotten, 0);
	__asm__ volatile("fninit");
	fpu_load(area, widest, fpu_xcr0_now);
	const uint16_t loaded = control_word();
	__asm__ volatile("fninit");
	assert_int_equal(loaded, PRECISION_SINGLE); /* the load came last */
	return processor.forgotten;
}

static void a_load_overwrites_the_pointers_where_they_stay(void **state)
{
	(void)state;
	processor.has_xsave = false;
	assert_int_equal(forgotten_at_a_load(false, 1), 0);
	assert_int_equal(forgotten_at_a_load(true, 1), 1);
}

static bool host_has_avx(void)
{
	uint32_t a = 1, b, c = 0, d, low, high;

	__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if (!(c & 1u << 27) || !(c & AVX)) /* OSXSAVE */
		return false;
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & XCR0_AVX) == XCR0_AVX;
}

static uint64_t upper_half(void)
{
	uint64_t wide[4];

	__asm__ volatile("vmovdqu %%ymm7, %0" : "=m"(wide));
	return wide[3];
}

/* A guest that has opened AVX: XSAVE and XRSTOR in place of FXSAVE and FXRSTOR. */
static void a_load_by_xrstor_overwrites_the_pointers_too(void **state)
{
	const uint64_t guests[4] = { 1, 2, 3, 4 }, others[4] = { 5, 6, 7, 8 };

	(void)state;
	if (!host_has_avx())
		skip();
	processor.has_xsave = true;
	fpu_xcr0_now = XCR0_AVX;
	__asm__ volatile("vmovdqu %0, %%ymm7" : : "m"(guests) : "xmm7");
	assert_int_equal(forgotten_at_a_load(false, XCR0_AVX), 0);
	assert_int_equal(forgotten_at_a_load(true, XCR0_AVX), 1);
	__asm__ volatile("vmovdqu %0, %%ymm7" : : "m"(others) : "xmm7");
	fpu_load(area, fpu_widest_at_reset | XCR0_AVX, XCR0_AVX);
	assert_int_equal(upper_half(), 4);
	/* while AVX was never open, FXRSTOR leaves the upper halves */
	__asm__ volatile("vmovdqu %0, %%ymm7" : : "m"(others) : "xmm7");
	fpu_load(area, fpu_widest_at_reset, XCR0_AVX);
	assert_int_equal(upper_half(), 8);
	__asm__ volatile("fninit; vzeroupper");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_load_overwrites_the_pointers_where_they_stay),
		cmocka_unit_test(a_load_by_xrstor_overwrites_the_pointers_too),
	};

	return cmocka_run_group_tests_name("fpu", tests, NULL, NULL);
}
