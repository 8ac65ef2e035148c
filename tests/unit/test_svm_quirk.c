/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lost shadows: a guest that was stopped between STI and the instruction behind it executes the STI
 * again; no other guest's state is touched.
 *
 * Rule: the processor is a few lines that run one instruction as QEMU's does, without the shadow
 * that VMRUN should have loaded.
 */
#include "tests/unit/check.h"
#include "tests/unit/svm_kit.h"

#include <string.h>

enum { AT = 0x1000, STI = 0xfb, HLT = 0xf4, NOP = 0x90 };
enum { CF = 1 << 0, ONE = 1 << 1, IF = 1 << 9, IOPL_3 = 3 << 12, RF = 1 << 16 };

bool guest_xcr0_unseen;
struct svm_capabilities svm_caps;
static bool all_taken;

void fpu_take_all(void)
{
	all_taken = true;
}

bool svm_may_be_overtaken(struct vcpu *v)
{
	(void)v;
	return false;
}

void svm_inject_interrupt(struct vcpu *v, uint8_t vector)
{
	(void)v;
	fail_msg("vector %u is injected", vector);
}

/* A guest of that code, stopped in a shadow behind its first `done` bytes. */
static void stopped(const uint8_t *code, size_t size, unsigned done)
{
	kit_begin();
	memcpy(kit_ram(AT), code, size);
	kit_vmcb.rip = AT + done;
	kit_vmcb.rflags = ONE | CF | IF;
	kit_vmcb.interrupt_shadow = INTERRUPT_SHADOW;
}

static void stopped_behind_sti(void)
{
	stopped((const uint8_t[]){ NOP, STI, HLT }, 3, 2);
}

static void expect_untouched(void)
{
	const struct vmcb before = kit_vmcb;

	quirk_lost_shadow(&kit_vcpu);
	assert_memory_equal(&kit_vmcb, &before, sizeof(before));
}

/* What the processor does at an entry with an interrupt that waits: true, where it is delivered
 * before an instruction. */
static bool interrupted_at_entry(void)
{
	kit_vmcb.interrupt_shadow = 0; /* lost */
	return kit_vmcb.rflags & IF;
}

/* One instruction of the guest: an STI, or anything of a byte. */
static void step(void)
{
	bool sti = *kit_ram(kit_vmcb.rip++) == STI;

	kit_vmcb.interrupt_shadow = sti && !(kit_vmcb.rflags & IF) ? INTERRUPT_SHADOW : 0;
	kit_vmcb.rflags = (kit_vmcb.rflags & ~(uint64_t)RF) | (sti ? IF : 0);
}

static void the_sti_is_executed_again(void **state)
{
	(void)state;
	stopped_behind_sti();
	quirk_lost_shadow(&kit_vcpu);
	assert_int_equal(kit_vmcb.rip, AT + 1);
	assert_int_equal(kit_vmcb.rflags, ONE | CF | RF);
	assert_int_equal(kit_vmcb.interrupt_shadow, 0);
}

static void no_interrupt_comes_between_sti_and_hlt(void **state)
{
	(void)state;
	stopped_behind_sti();
	assert_true(interrupted_at_entry()); /* this is the quirk */
	stopped_behind_sti();
	const struct vmcb before = kit_vmcb;

	for (unsigned entries = 0; entries < 3; entries++) { /* however often it is stopped there */
		quirk_lost_shadow(&kit_vcpu);
		assert_false(interrupted_at_entry());
		step();
		assert_memory_equal(&kit_vmcb, &before, sizeof(before));
	}
	step();
	assert_int_equal(kit_vmcb.rip, AT + 3); /* the HLT is begun */
	assert_true(interrupted_at_entry());    /* and ended */
}

static void a_breakpoint_on_the_sti_is_told_once(void **state)
{
	(void)state;
	stopped_behind_sti();
	quirk_lost_shadow(&kit_vcpu);
	assert_true(kit_vmcb.rflags & RF);
}

static void a_guest_without_a_shadow_is_left_alone(void **state)
{
	(void)state;
	stopped_behind_sti();
	kit_vmcb.interrupt_shadow = 0;
	expect_untouched();
}

static void an_event_that_is_injected_is_for_behind_the_sti(void **state)
{
	(void)state;
	stopped_behind_sti();
	kit_vmcb.event_injection = EVENT_VALID | EVENT_EXCEPTION | 13;
	expect_untouched();
	kit_vmcb.event_injection = EVENT_EXCEPTION | 13; /* an old one is none */
	quirk_lost_shadow(&kit_vcpu);
	assert_int_equal(kit_vmcb.rip, AT + 1);
}

static void a_shadow_of_another_instruction_is_left_alone(void **state)
{
	static const uint8_t mov_ss[] = { STI, 0x8e, 0xd0, NOP };

	(void)state;
	stopped(mov_ss, sizeof(mov_ss), 3);
	expect_untouched();
	stopped_behind_sti();
	kit_vmcb.rflags &= ~(uint64_t)IF; /* no STI was that */
	expect_untouched();
}

/* MOV SS, [EBP-5]: its last byte looks like an STI, and as one it leaves what the MOV SS left: IF,
 * and a shadow. */
static void a_mov_ss_that_ends_like_an_sti_is_not_disturbed(void **state)
{
	static const uint8_t mov_ss[] = { 0x8e, 0x55, STI, NOP };

	(void)state;
	stopped(mov_ss, sizeof(mov_ss), 3);
	const struct vmcb before = kit_vmcb;

	quirk_lost_shadow(&kit_vcpu);
	step();
	assert_memory_equal(&kit_vmcb, &before, sizeof(before));
	kit_vmcb.cpl = 3; /* an STI would fault */
	expect_untouched();
	kit_vmcb.rflags |= IOPL_3;
	quirk_lost_shadow(&kit_vcpu);
	assert_int_equal(kit_vmcb.rip, AT + 2);
}

static void code_that_cannot_be_read_is_left_alone(void **state)
{
	(void)state;
	stopped_behind_sti();
	kit_vmcb.cr0 |= KIT_PG; /* by tables that map nothing */
	kit_vmcb.cr3 = 0x2000;
	expect_untouched();
	stopped_behind_sti();
	kit_vmcb.cs.base = KIT_RAM;
	expect_untouched();
	stopped_behind_sti();
	*kit_ram(0) = STI;
	kit_vmcb.rip = 0; /* nothing is before it */
	expect_untouched();
	kit_vmcb.rip = 1;
	quirk_lost_shadow(&kit_vcpu);
	assert_int_equal(kit_vmcb.rip, 0);
}

static void it_is_the_same_in_64_bit_code(void **state)
{
	(void)state;
	stopped_behind_sti();
	kit_mode(KIT_CODE_64);
	quirk_lost_shadow(&kit_vcpu);
	assert_int_equal(kit_vmcb.rip, AT + 1);
}

static void an_unseen_xsetbv_has_xcr0_read_back_and_everything_moved(void **state)
{
	(void)state;
	quirk_unseen_xsetbv();
	assert_true(guest_xcr0_unseen && all_taken);
}

/* QEMU's processor hits another guest, and the guest steps over the breakpoint by RF. A single step
 * and a guest with breakpoints of its own get the #DB. */
static void a_breakpoint_of_another_guest_is_stepped_over(void **state)
{
	enum { BS = 1 << 14 };

	(void)state;
	kit_begin();
	kit_vmcb.rflags = ONE;
	kit_vmcb.dr6 = 0xffff0ff0;
	assert_false(quirk_foreign_breakpoint(&kit_vcpu)); /* not on other processors */
	svm_caps.stale_breakpoints = true;
	assert_true(quirk_foreign_breakpoint(&kit_vcpu));
	assert_int_equal(kit_vmcb.rflags, ONE | RF);
	kit_vmcb.dr6 |= BS;
	assert_false(quirk_foreign_breakpoint(&kit_vcpu));
	kit_vmcb.dr6 &= ~(uint64_t)BS;
	kit_vcpu.state.uses_debug = true;
	assert_false(quirk_foreign_breakpoint(&kit_vcpu));
	svm_caps.stale_breakpoints = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sti_is_executed_again),
		cmocka_unit_test(no_interrupt_comes_between_sti_and_hlt),
		cmocka_unit_test(a_breakpoint_on_the_sti_is_told_once),
		cmocka_unit_test(a_guest_without_a_shadow_is_left_alone),
		cmocka_unit_test(an_event_that_is_injected_is_for_behind_the_sti),
		cmocka_unit_test(a_shadow_of_another_instruction_is_left_alone),
		cmocka_unit_test(a_mov_ss_that_ends_like_an_sti_is_not_disturbed),
		cmocka_unit_test(code_that_cannot_be_read_is_left_alone),
		cmocka_unit_test(it_is_the_same_in_64_bit_code),
		cmocka_unit_test(an_unseen_xsetbv_has_xcr0_read_back_and_everything_moved),
		cmocka_unit_test(a_breakpoint_of_another_guest_is_stepped_over),
	};

	return cmocka_run_group_tests_name("svm_quirk", tests, NULL, NULL);
}
