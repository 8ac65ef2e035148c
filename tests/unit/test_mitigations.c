/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is chosen on which processor, when it is carried out, and what the banner says.
 *
 * Rule: the processor is CPUID's leaves and one MSR; what is done to it is recorded. An MSR that
 * CPUID does not announce ends the test.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/mitigations.h"

#include <string.h>

enum { IBPB = 1 << 26, MD_CLEAR = 1 << 10, L1D_FLUSH = 1 << 28, ARCH = 1 << 29, RTM = 1 << 11 };
enum { AMD_IBPB = 1 << 12, AMD_IBPB_RET = 1 << 30, VERW_CLEAR = 1 << 5, TSA_NO = 6 };
enum {
	RDCL_NO = 1,
	SKIP_L1D = 8,
	MDS_NO = 1 << 5,
	PSCHANGE = 1 << 6,
	TAA_NO = 1 << 8,
	FB_CLEAR = 1 << 17
};
enum { SKYLAKE_X = 0x50654, GOLDMONT = 0x506c9, PENTIUM_4 = 0xf41, ZEN = 0x800f11 };

static struct {
	const char *vendor;
	uint32_t leaves, extended, signature;
	struct cpuid structured, sizes, features_2;
	uint64_t capabilities;
} processor;
static char done[1024];
uint64_t fake_tsc;

struct cpuid cpu_id(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid id = { 0, 0, 0, 0 };

	assert_int_equal(subleaf, 0);
	assert_true(leaf <= processor.leaves || (leaf >= 0x80000000 && leaf <= processor.extended));
	if (leaf == 0) {
		id.eax = processor.leaves;
		memcpy(&id.ebx, processor.vendor, sizeof(id.ebx));
	} else if (leaf == 0x80000000) {
		id.eax = processor.extended;
	}
	return leaf == 1            ? (struct cpuid){ .eax = processor.signature }
	       : leaf == 7          ? processor.structured
	       : leaf == 0x80000008 ? processor.sizes
	       : leaf == 0x80000021 ? processor.features_2
	                            : id;
}

uint64_t msr_read(uint32_t msr)
{
	assert_int_equal(msr, 0x10a);
	assert_true(processor.structured.edx & ARCH);
	return processor.capabilities;
}

void msr_write(uint32_t msr, uint64_t value)
{
	assert_true(msr == 0x49 || msr == 0x10b);
	assert_int_equal(value, 1);
	assert_true(msr == 0x49 ? processor.structured.edx & IBPB || processor.sizes.ebx & AMD_IBPB
	                        : processor.structured.edx & L1D_FLUSH);
	strcat(done, msr == 0x49 ? "ibpb " : "l1d ");
	fake_tsc += 1000;
}

void mitigations_fill_rsb(void)
{
	strcat(done, "rsb ");
}

void mitigations_verw(void)
{
	strcat(done, "verw ");
}

static void intel(uint32_t signature, uint32_t edx, uint64_t capabilities)
{
	memset(&processor, 0, sizeof(processor));
	processor.vendor = "Genu";
	processor.leaves = 7;
	processor.extended = 0x80000008;
	processor.signature = signature;
	processor.structured.edx = edx;
	processor.capabilities = capabilities;
}

static void amd(uint32_t ebx, uint32_t eax, uint32_t ecx)
{
	memset(&processor, 0, sizeof(processor));
	processor.vendor = "Auth";
	processor.leaves = 0xd;
	processor.extended = 0x80000021;
	processor.signature = ZEN;
	processor.sizes.ebx = ebx;
	processor.features_2 = (struct cpuid){ .eax = eax, .ecx = ecx };
}

/* What a switch does on it, and what the banner says. */
static void expect(const char *what, bool small, const char *says)
{
	static const char one;

	fake_tsc = 0;
	mitigations_init(false);
	memset(done, 0, sizeof(done));
	mitigations_switch(&one);
	assert_string_equal(done, what);
	assert_int_equal(mitigations.small_pages, small);
	assert_string_equal(mitigations_describe(), says);
}

static void a_processor_that_has_everything_does_everything(void **state)
{
	(void)state;
	intel(SKYLAKE_X, IBPB | MD_CLEAR | L1D_FLUSH, 0);
	expect("ibpb rsb l1d verw ", true,
	       "IBPB, RSB fill, L1D flush, VERW at a switch, 2000 TSC ticks; code in 4K pages "
	       "(iTLB multihit)");
}

static void a_processor_that_offers_nothing_does_nothing(void **state)
{
	(void)state;
	intel(SKYLAKE_X, 0, 0);
	expect("", true,
	       "nothing at a switch; code in 4K pages (iTLB multihit); not offered: IBPB, L1D "
	       "flush, VERW");
	processor.leaves = 6; /* before there was a leaf 7 */
	processor.extended = 0x80000004;
	expect("", true,
	       "nothing at a switch; code in 4K pages (iTLB multihit); not offered: IBPB, L1D "
	       "flush, VERW");
	amd(0, 0, 0);
	expect("", false, "nothing at a switch; not offered: IBPB");
}

static void what_a_processor_is_immune_to_is_left_out(void **state)
{
	(void)state;
	intel(SKYLAKE_X, IBPB | MD_CLEAR | L1D_FLUSH | ARCH, RDCL_NO | MDS_NO | PSCHANGE);
	expect("ibpb rsb ", false, "IBPB, RSB fill at a switch, 1000 TSC ticks");
	intel(SKYLAKE_X, IBPB | MD_CLEAR | L1D_FLUSH | ARCH, SKIP_L1D | MDS_NO);
	expect("ibpb rsb ", true,
	       "IBPB, RSB fill at a switch, 1000 TSC ticks; code in 4K pages (iTLB multihit)");
	intel(GOLDMONT, IBPB, 0);
	expect("ibpb rsb ", false, "IBPB, RSB fill at a switch, 1000 TSC ticks; not offered: VERW");
	intel(PENTIUM_4, 0, 0);
	expect("", false, "nothing at a switch; not offered: IBPB");
}

static void verw_is_also_for_what_came_after_mds(void **state)
{
	(void)state;
	intel(SKYLAKE_X, MD_CLEAR | ARCH, RDCL_NO | MDS_NO | PSCHANGE);
	processor.structured.ebx = RTM;
	expect("verw ", false, "VERW at a switch, 0 TSC ticks; not offered: IBPB");
	processor.capabilities |= TAA_NO;
	expect("", false, "nothing at a switch; not offered: IBPB");
	processor.capabilities |= FB_CLEAR;
	expect("verw ", false, "VERW at a switch, 0 TSC ticks; not offered: IBPB");
}

static void amd_says_it_elsewhere(void **state)
{
	(void)state;
	amd(AMD_IBPB, 0, 0);
	expect("ibpb rsb ", false, "IBPB, RSB fill at a switch, 1000 TSC ticks");
	amd(AMD_IBPB | AMD_IBPB_RET, VERW_CLEAR, 0);
	expect("ibpb verw ", false, "IBPB, VERW at a switch, 1000 TSC ticks");
	amd(AMD_IBPB | AMD_IBPB_RET, VERW_CLEAR, TSA_NO);
	expect("ibpb ", false, "IBPB at a switch, 1000 TSC ticks");
}

static void the_same_vm_once_more_costs_nothing(void **state)
{
	static const char one, two;

	(void)state;
	intel(SKYLAKE_X, IBPB | ARCH, RDCL_NO | MDS_NO);
	mitigations_init(false);
	memset(done, 0, sizeof(done));
	mitigations_switch(&one);
	mitigations_switch(&one);
	assert_string_equal(done, "ibpb rsb ");
	mitigations_switch(&two);
	mitigations_switch(&one);
	assert_string_equal(done, "ibpb rsb ibpb rsb ibpb rsb ");
}

static void off_is_off(void **state)
{
	static const char one;

	(void)state;
	intel(SKYLAKE_X, IBPB | MD_CLEAR | L1D_FLUSH, 0);
	mitigations_init(false);
	mitigations_init(true);
	memset(done, 0, sizeof(done));
	mitigations_switch(&one);
	assert_string_equal(done, "");
	assert_false(mitigations.small_pages);
	assert_string_equal(mitigations_describe(), "off (mitigations=off)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_processor_that_has_everything_does_everything),
		cmocka_unit_test(a_processor_that_offers_nothing_does_nothing),
		cmocka_unit_test(what_a_processor_is_immune_to_is_left_out),
		cmocka_unit_test(verw_is_also_for_what_came_after_mds),
		cmocka_unit_test(amd_says_it_elsewhere),
		cmocka_unit_test(the_same_vm_once_more_costs_nothing),
		cmocka_unit_test(off_is_off),
	};

	return cmocka_run_group_tests_name("mitigations", tests, NULL, NULL);
}
