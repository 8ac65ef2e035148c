/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processors whose loads leave the x87 pointers, and the instructions that overwrite the
 * pointers.
 *
 * Rule: the choice is made from CPUID's leaves as the test has them. The instructions are executed
 * on the host's processor, and its x87 environment is read back.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/fpu_pointers.h"
#include "arch/x86/cpu/io.h"

#include <string.h>

static struct {
	const char *vendor;
	uint32_t extended, sizes_ebx;
} processor;

struct cpuid cpu_id(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid id = { 0, 0, 0, 0 };

	assert_int_equal(subleaf, 0);
	assert_true(leaf == 0 || (leaf >= 0x80000000 && leaf <= processor.extended));
	if (leaf == 0)
		memcpy(&id.ebx, processor.vendor, sizeof(id.ebx));
	else if (leaf == 0x80000000)
		id.eax = processor.extended;
	else if (leaf == 0x80000008)
		id.ebx = processor.sizes_ebx;
	return id;
}

static bool stay(const char *vendor, uint32_t extended, uint32_t sizes_ebx)
{
	processor.vendor = vendor;
	processor.extended = extended;
	processor.sizes_ebx = sizes_ebx;
	return fpu_pointers_stay();
}

static void pointers_stay_on_amd_without_the_bit(void **state)
{
	(void)state;
	assert_true(stay("Auth", 0x80000021, 0));
	assert_true(stay("Auth", 0x80000008, ~4u));
	assert_true(stay("Auth", 0x80000007, 0)); /* no such leaf */
	assert_true(stay("Hygo", 0x80000021, 0));
	assert_false(stay("Auth", 0x80000021, 4));
	assert_false(stay("Hygo", 0x80000008, ~0u));
	assert_false(stay("Genu", 0x80000008, 0));
	assert_false(stay("Cent", 0x80000008, 0));
}

/* What FNSTENV stores in 64-bit code (SDM 1 figure 8-9). */
struct environment {
	uint32_t control, status, tags, fip, fcs_fop, fdp, fds;
};

static struct environment environment_now(void)
{
	struct environment e;

	__asm__ volatile("fnstenv %0; fldenv %0" : "=m"(e));
	return e;
}

/* An instruction of a "guest", and its address. */
#define GUESTS(instruction, operand, at) \
	__asm__ volatile("lea 1f(%%rip), %0\n1: " instruction : "=r"(at) : "m"(operand))

static void the_guests_pointers_are_gone(void **state)
{
	static const uint32_t secret = 1;
	uintptr_t at;

	(void)state;
	__asm__ volatile("fninit");
	GUESTS("fildl %1", secret, at);
	const struct environment before = environment_now();
	assert_int_equal(before.fip, (uint32_t)at); /* or the test shows nothing */
	fpu_forget_pointers();
	const struct environment after = environment_now();
	__asm__ volatile("fninit");
	assert_int_not_equal(after.fip, (uint32_t)at);
	assert_in_range(after.fip, (uint32_t)(uintptr_t)fpu_forget_pointers,
	                (uint32_t)(uintptr_t)fpu_forget_pointers + 256);
	/* some processors keep the data pointer for unmasked exceptions alone */
	if (before.fdp == (uint32_t)(uintptr_t)&secret)
		assert_int_not_equal(after.fdp, before.fdp);
}

/* Eight full registers, and a pending division by zero: neither raises an exception. SIGFPE would
 * end the test. */
static void no_exception_comes(void **state)
{
	enum { DIVIDES = 0x37b, INVALID_TOO = 0x37a, EXCEPTIONS = 0xbf };
	uint16_t control = INVALID_TOO;

	(void)state;
	__asm__ volatile("fninit; fldcw %0; fld1; fld1; fld1; fld1; fld1; fld1; fld1; fld1"
	                 :
	                 : "m"(control));
	fpu_forget_pointers();
	assert_int_equal(environment_now().status & EXCEPTIONS, 0);
	control = DIVIDES;
	__asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp" : : "m"(control));
	fpu_forget_pointers();
	__asm__ volatile("fwait");
	assert_int_equal(environment_now().status & EXCEPTIONS, 0);
	__asm__ volatile("fninit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pointers_stay_on_amd_without_the_bit),
		cmocka_unit_test(the_guests_pointers_are_gone),
		cmocka_unit_test(no_exception_comes),
	};

	return cmocka_run_group_tests_name("fpu_pointers", tests, NULL, NULL);
}
