/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is said where SVM is not there, locked off, or not enough; and which MSRs are read for that.
 *
 * Rule: the processor is a table of CPUID leaves and VM_CR; any other MSR, and VM_CR where a test
 * forbids it, ends the test.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/virt/svm/svm.h"
#include "tests/unit/fake_log.h"

#include <errno.h>
#include <string.h>

enum { SVMDIS = 1 << 4, LOCK = 1 << 3, NPT = 1 << 0, NEXT_RIP = 1 << 3, DECODE = 1 << 7 };
#define VM_CR 0xc0010114u
#define HYPERVISOR (1u << 31)

static struct {
	uint32_t leaves, asids, features, leaf_1_ecx;
	const char *hypervisor;
	uint64_t vm_cr;
	bool stubborn; /* ignores writes to VM_CR though LOCK is clear */
} processor;

struct cpuid cpu_id(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid id = { 0, 0, 0, 0 };

	assert_int_equal(subleaf, 0);
	switch (leaf) {
	case 1:
		id.ecx = processor.leaf_1_ecx;
		break;
	case 0x80000000:
		id.eax = processor.leaves;
		break;
	case 0x8000000a:
		assert_true(leaf <= processor.leaves);
		id = (struct cpuid){ .eax = 1, .ebx = processor.asids, .edx = processor.features };
		break;
	case 0x40000000:
		assert_true(processor.leaf_1_ecx & HYPERVISOR);
		memcpy(&id.ebx, processor.hypervisor, 4);
		memcpy(&id.ecx, processor.hypervisor + 4, 4);
		memcpy(&id.edx, processor.hypervisor + 8, 4);
		break;
	default:
		fail_msg("CPUID leaf %x is read", (unsigned)leaf);
	}
	return id;
}

uint64_t msr_read(uint32_t msr)
{
	assert_int_equal(msr, VM_CR);
	return processor.vm_cr;
}

void msr_write(uint32_t msr, uint64_t value)
{
	assert_int_equal(msr, VM_CR);
	assert_false(processor.vm_cr & LOCK);
	if (!processor.stubborn)
		processor.vm_cr = value;
}

/* One that has it all. */
static int begin(void **state)
{
	(void)state;
	processor.leaves = 0x8000001f;
	processor.asids = 0x8000;
	processor.features = NPT | NEXT_RIP | DECODE;
	processor.leaf_1_ecx = 0;
	processor.hypervisor = NULL;
	processor.vm_cr = 0;
	processor.stubborn = false;
	svm_caps = (struct svm_capabilities){ 0 };
	printed_clear();
	return 0;
}

static void expect_refused(const char *text)
{
	printed_clear();
	assert_int_equal(svm_check(), -ENODEV);
	assert_string_equal(printed(), text);
}

#define NOT_ENOUGH(count)                                                     \
	"signalbox: this processor's SVM is not enough for Signalbox: " count \
	" missing; AMD's since 2007 (family "                                 \
	"10h) have them, so have nested KVM and, from QEMU 3.0 on, -cpu max\n"

static void what_is_there_is_noted(void **state)
{
	(void)state;
	assert_int_equal(svm_check(), 0);
	assert_string_equal(printed(), "");
	assert_int_equal(svm_caps.revision, 1);
	assert_int_equal(svm_caps.asids, 0x8000);
	assert_true(svm_caps.next_rip && svm_caps.decode_assists);
	assert_false(svm_caps.lost_shadow);
}

static void qemus_translator_is_known_by_its_name(void **state)
{
	(void)state;
	processor.asids = 16;
	processor.features = NPT;
	processor.leaf_1_ecx = HYPERVISOR;
	processor.hypervisor = "TCGTCGTCGTCG";
	assert_int_equal(svm_check(), 0);
	assert_false(svm_caps.next_rip || svm_caps.decode_assists);
	assert_true(svm_caps.lost_shadow);
	processor.hypervisor = "KVMKVMKVM\0\0\0";
	assert_int_equal(svm_check(), 0);
	assert_false(svm_caps.lost_shadow);
	assert_string_equal(printed(), "");
}

static void missing_nested_paging_is_named(void **state)
{
	(void)state;
	processor.features = NEXT_RIP;
	expect_refused(
		"signalbox: SVM lacks nested paging: CPUID.8000000Ah:EDX[0] = 0\n" NOT_ENOUGH(
			"1 thing"));
}

static void missing_asids_are_named(void **state)
{
	(void)state;
	processor.asids = 2;
	assert_int_equal(svm_check(), 0);
	processor.asids = 1;
	expect_refused(
		"signalbox: SVM lacks ASIDs: CPUID.8000000Ah:EBX = 1, and the VMM needs one of "
		"its own\n" NOT_ENOUGH("1 thing"));
}

static void a_processor_that_does_not_say_has_nothing(void **state)
{
	(void)state;
	processor.leaves = 0x8000000a;
	assert_int_equal(svm_check(), 0);
	svm_caps = (struct svm_capabilities){ 0 };
	processor.leaves = 0x80000009;
	expect_refused(
		"signalbox: SVM lacks nested paging: CPUID.8000000Ah:EDX[0] = 0\n"
		"signalbox: SVM lacks ASIDs: CPUID.8000000Ah:EBX = 0, and the VMM needs one of "
		"its own\n" NOT_ENOUGH("2 things"));
}

static void a_lock_of_the_firmwares_is_named(void **state)
{
	(void)state;
	processor.vm_cr = SVMDIS | LOCK;
	expect_refused("signalbox: SVM is locked off by the firmware: VM_CR = 18 (SVMDIS set, LOCK "
	               "set); enable "
	               "virtualisation (\"SVM mode\") in the firmware's set-up\n");
	processor.vm_cr = SVMDIS;
	processor.stubborn = true;
	expect_refused(
		"signalbox: SVM is locked off by the firmware: VM_CR = 10 (SVMDIS set, and it "
		"stays so); enable "
		"virtualisation (\"SVM mode\") in the firmware's set-up\n");
}

static void what_is_off_and_not_locked_is_turned_on(void **state)
{
	(void)state;
	processor.vm_cr = SVMDIS | 1;
	assert_int_equal(svm_check(), 0);
	assert_int_equal(processor.vm_cr, 1);
	processor.vm_cr = LOCK; /* locked on */
	assert_int_equal(svm_check(), 0);
	assert_string_equal(printed(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, begin)
		CASE(what_is_there_is_noted),
		CASE(qemus_translator_is_known_by_its_name),
		CASE(missing_nested_paging_is_named),
		CASE(missing_asids_are_named),
		CASE(a_processor_that_does_not_say_has_nothing),
		CASE(a_lock_of_the_firmwares_is_named),
		CASE(what_is_off_and_not_locked_is_turned_on),
	};

	return cmocka_run_group_tests_name("svm_capabilities", tests, NULL, NULL);
}
