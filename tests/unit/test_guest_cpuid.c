/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What CPUID shows: nothing that is not in the list, whatever the processor announces, and leaves
 * that agree.
 *
 * Rule: the processor of these tests announces everything: each register of each leaf is all ones.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/fpu.h"
#include "arch/x86/cpu/hypervisor.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/guest_cpuid.h"
#include "arch/x86/virt/guest_registers.h"

#define EXTENDED 0x80000000u

struct platform platform;
bool virt_is_second;
const struct guest_msr_device *guest_msr_device;
static uint64_t offered;

uint64_t fpu_offered(void)
{
	return offered;
}

uint32_t fpu_offered_bytes(void)
{
	return 0x340;
}

static struct cpuid ask(uint32_t leaf, uint32_t subleaf, unsigned has)
{
	const struct cpuid all = { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX };

	return guest_cpuid_shown(all, leaf, subleaf, has);
}

static bool is_empty(struct cpuid c)
{
	return (c.eax | c.ebx | c.ecx | c.edx) == 0;
}

static int begin(void **state)
{
	(void)state;
	offered = 7;
	platform.tsc_khz = 19998;
	return 0;
}

static void R01_a_leaf_that_is_not_listed_is_empty(void **state)
{
	static const uint8_t basic[] = { 0, 1, 2, 4, 7, 0xd, 0x15, 0x16 };

	(void)state;
	for (uint32_t leaf = 0; leaf < 0x1000; leaf++) {
		bool listed = false;
		for (unsigned i = 0; i < sizeof(basic); i++)
			listed |= basic[i] == leaf;
		assert_int_equal(is_empty(ask(leaf, 0, ~0u)), !listed);
		assert_int_equal(is_empty(ask(EXTENDED + leaf, 0, ~0u)), leaf > 8);
	}
	assert_true(is_empty(ask(EXTENDED + 0xa, 0, ~0u))); /* SVM's */
	assert_true(is_empty(ask(7, 2, ~0u)));
	assert_true(is_empty(ask(0xd, 9, ~0u))); /* PKRU */
	assert_false(is_empty(ask(0xd, 2, ~0u)));
	assert_int_equal(ask(EXTENDED, 0, 0).eax, EXTENDED + 8);
}

/* An emulator's own figures may be of another machine. */
static void the_frequencies_are_the_measured_one(void **state)
{
	(void)state;
	struct cpuid c = ask(0x15, 0, 0);
	assert_int_equal((uint64_t)c.ecx * c.ebx / c.eax, 19998000);
	c = ask(0x16, 0, 0);
	assert_int_equal(c.eax, 20);
	assert_int_equal(c.ebx, 20);
	assert_int_equal(c.ecx | c.edx, 0);
	assert_int_equal(ask(0x40000010, 0, 0).eax, 19998);
	platform.tsc_khz = 5000000; /* 5 GHz do not fit into ECX */
	c = ask(0x15, 0, 0);
	assert_int_equal((uint64_t)c.ecx * c.ebx / c.eax, 5000000000);
	assert_int_equal(ask(0x16, 0, 0).eax, 5000);
	platform.tsc_khz = 0;
	assert_true(is_empty(ask(0x15, 0, 0)) && is_empty(ask(0x16, 0, 0)));
}

static void R01_features_whose_registers_no_vm_has_are_hidden(void **state)
{
	static const struct {
		uint32_t leaf, subleaf;
		uint8_t reg, bit;
	} hidden[] = {
		{ 1, 0, 2, 3 },
		{ 1, 0, 2, 5 },
		{ 1, 0, 2, 15 },
		{ 1, 0, 2, 21 },
		{ 1, 0, 2, 24 },
		{ 1, 0, 3, 7 },
		{ 1, 0, 3, 9 },
		{ 1, 0, 3, 12 },
		{ 1, 0, 3, 14 },
		{ 1, 0, 3, 28 },
		{ 7, 0, 1, 2 },
		{ 7, 0, 1, 14 },
		{ 7, 0, 1, 25 },
		{ 7, 0, 2, 3 },
		{ 7, 0, 2, 4 },
		{ 7, 0, 2, 5 },
		{ 7, 0, 2, 7 },
		{ 7, 0, 2, 16 },
		{ 7, 0, 2, 23 },
		{ 7, 0, 2, 24 },
		{ 7, 0, 2, 29 },
		{ 7, 0, 2, 31 },
		{ 7, 0, 3, 5 },
		{ 7, 0, 3, 18 },
		{ 7, 0, 3, 20 },
		{ 7, 0, 3, 22 },
		{ 7, 0, 3, 26 },
		{ 7, 0, 3, 29 },
		{ 0xd, 1, 0, 3 },
		{ EXTENDED + 1, 0, 2, 2 },
		{ EXTENDED + 1, 0, 2, 3 },
		{ EXTENDED + 1, 0, 2, 10 },
		{ EXTENDED + 1, 0, 2, 12 },
		{ EXTENDED + 1, 0, 2, 22 },
		{ EXTENDED + 1, 0, 2, 29 },
		{ EXTENDED + 1, 0, 3, 9 },
		{ EXTENDED + 1, 0, 3, 25 },
		{ EXTENDED + 8, 0, 1, 3 },
		{ EXTENDED + 8, 0, 1, 4 },
		{ EXTENDED + 8, 0, 1, 8 },
		{ EXTENDED + 8, 0, 1, 12 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		struct cpuid c = ask(hidden[i].leaf, hidden[i].subleaf, ~0u);
		const uint32_t regs[] = { c.eax, c.ebx, c.ecx, c.edx };
		assert_int_equal(regs[hidden[i].reg] >> hidden[i].bit & 1, 0);
	}
}

/* A Linux takes its TSC for a clock where it finds the two bits. The second bit is there although
 * an emulator's processor may hide it. */
static void the_tsc_is_one_that_a_guest_may_trust(void **state)
{
	(void)state;
	assert_int_equal(ask(7, 0, 0).ebx >> 1 & 1, 1); /* TSC_ADJUST */
	assert_int_equal(guest_cpuid_shown((struct cpuid){ 0 }, 7, 0, 0).ebx, 2);
	assert_int_equal(guest_cpuid_shown((struct cpuid){ 0 }, EXTENDED + 7, 0, 0).edx, 1 << 8);
	assert_true(is_empty(guest_cpuid_shown((struct cpuid){ 0 }, 7, 1, 0)));
}

static void R01_leaves_that_tell_the_same_tell_it_alike(void **state)
{
	const uint32_t same = 0x0183f3ff; /* APM 3 E.4.1 */

	(void)state;
	assert_int_equal((ask(1, 0, ~0u).edx ^ ask(EXTENDED + 1, 0, ~0u).edx) & same, 0);
	assert_int_equal(ask(0xd, 0, 0).eax, 7);
	assert_int_equal(ask(0xd, 0, 0).ecx, 0x340);
	/* AVX512F, where XCR0 has no place for it */
	assert_int_equal(ask(7, 0, ~0u).ebx >> 16 & 1, 0);
	offered = 0xe7;
	assert_int_equal(ask(7, 0, ~0u).ebx >> 16 & 1, 1);
	assert_int_equal(ask(0xd, 0, 0).eax, 0xe7);
}

static void R01_what_faults_in_the_guest_is_not_announced(void **state)
{
	(void)state;
	assert_int_equal(ask(7, 0, 0).ebx >> 10 & 1, 0); /* INVPCID */
	assert_int_equal(ask(7, 0, GUEST_HAS_INVPCID).ebx >> 10 & 1, 1);
	assert_int_equal(ask(7, 0, 0).ecx >> 22 & 1, 0); /* RDPID */
	assert_int_equal(ask(EXTENDED + 1, 0, 0).edx >> 27 & 1, 0);
	assert_int_equal(ask(EXTENDED + 1, 0, GUEST_HAS_RDTSCP).edx >> 27 & 1, 1);
	assert_int_equal(ask(1, 0, 0).ecx >> 27 & 1, 0); /* OSXSAVE */
	assert_int_equal(ask(1, 0, GUEST_HAS_OSXSAVE).ecx >> 27 & 1, 1);
}

static void R01_a_leaf_that_does_not_differ_is_as_it_is(void **state)
{
	(void)state;
	for (uint32_t leaf = 0; leaf < 64; leaf++)
		if (!guest_cpuid_differs(leaf))
			assert_int_equal(ask(leaf, 0, 0).eax & ask(leaf, 0, 0).edx, UINT32_MAX);
	assert_true(guest_cpuid_differs(SB_CPUID_LEAF) && guest_cpuid_differs(EXTENDED + 1));
}

/* Linux asks for KVM's name before it takes x2APIC mode, and for a timer that never stops. */
static void a_guest_with_a_local_apic_is_told_of_it(void **state)
{
	(void)state;
	enum { APIC = 1 << 9, X2APIC = 1 << 21, DEADLINE = 1 << 24, ARAT = 1 << 2 };
	const uint32_t kvm = SB_CPUID_LEAF + 0x100;
	static const struct guest_msr_device device = { .features_ecx = X2APIC,
		                                        .features_edx = APIC };

	assert_false(ask(1, 0, 0).edx & APIC);
	assert_true(is_empty(ask(kvm, 0, 0)) && is_empty(ask(6, 0, 0)));
	guest_msr_device = &device;
	assert_true(ask(1, 0, 0).edx & APIC);
	assert_int_equal(ask(1, 0, 0).ecx & (X2APIC | DEADLINE), X2APIC);
	assert_int_equal(ask(6, 0, 0).eax, ARAT);
	assert_memory_equal(&(uint32_t){ ask(kvm, 0, 0).ebx }, "KVMK", 4);
	assert_true(is_empty(ask(kvm + 1, 0, 0))); /* no feature of KVM */
	guest_msr_device = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(R01_a_leaf_that_is_not_listed_is_empty, begin),
		cmocka_unit_test_setup(the_frequencies_are_the_measured_one, begin),
		cmocka_unit_test_setup(R01_features_whose_registers_no_vm_has_are_hidden, begin),
		cmocka_unit_test_setup(the_tsc_is_one_that_a_guest_may_trust, begin),
		cmocka_unit_test_setup(R01_leaves_that_tell_the_same_tell_it_alike, begin),
		cmocka_unit_test_setup(R01_what_faults_in_the_guest_is_not_announced, begin),
		cmocka_unit_test_setup(R01_a_leaf_that_does_not_differ_is_as_it_is, begin),
		cmocka_unit_test_setup(a_guest_with_a_local_apic_is_told_of_it, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
