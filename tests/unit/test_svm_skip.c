/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stepping over the instruction that exited, where the exit tells the next RIP and where it does
 * not; what an exit was; and the entry of a guest that sleeps.
 *
 * Rule: the back end's own exit.c and retire.c. The test writes an exit into the VMCB. An entry
 * runs no guest: the entry notes where the guest was entered, and the guest exits at once.
 */
#include "tests/unit/check.h"
#include "tests/unit/svm_kit.h"

#include "arch/x86/cpu/exception.h"
#include "arch/x86/machine/slice_timer.h"
#include "arch/x86/virt/svm/svm.h"

#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum { RFLAGS_TF = 1 << 8, RFLAGS_RF = 1 << 16, DR7_GD = 1 << 13 };

struct svm_capabilities svm_caps;
struct vcpu *svm_loaded = &kit_vcpu;
const void *entry_ready = &kit_vcpu;
volatile uint32_t nmi_count;
uint64_t fake_tsc;

/* ---- What exit.c calls ---- */

static unsigned audits;
static bool timer_ended, nmi_wanted;

/* What the entry sees, and the exit that follows. */
static struct {
	uint64_t entered_at, exits_at;
	uint32_t intercepts, code;
	unsigned entries;
	bool moves; /* The guest exits at exits_at, with the code. Else the VMCB has the exit. */
} entry;

unsigned svm_audit(struct vcpu *v)
{
	assert_ptr_equal(v, &kit_vcpu);
	audits++;
	return 1;
}

bool slice_timer_ended(void)
{
	return timer_ended;
}

bool svm_nmi_window(struct vcpu *v)
{
	(void)v;
	return nmi_wanted;
}

enum vm_exit_reason svm_iret_exit(struct vcpu *v)
{
	(void)v;
	return VM_EXIT_WAKE;
}

void svm_settle(struct vcpu *v)
{
	(void)v;
}

void quirk_lost_shadow(struct vcpu *v)
{
	svm_settle(v);
}

/* The entry of enter.S. Returns 0: the guest ran, and exited as kit_vmcb says. */
unsigned svm_run(struct vcpu_regs *regs, struct vmcb *vmcb)
{
	assert_ptr_equal(regs, &kit_vcpu.regs);
	assert_ptr_equal(vmcb, &kit_vmcb);
	entry.entries++;
	entry.entered_at = kit_vmcb.rip;
	entry.intercepts = kit_vmcb.intercept_1;
	if (entry.moves) {
		kit_vmcb.rip = entry.exits_at;
		kit_vmcb.exit_code = entry.code;
	}
	return 0;
}

/* ---- Stepping over ---- */

/* of a page, which an instruction can go on behind */
enum { MIDDLE = 0x1800, END = 0x1ffe, ELSEWHERE = 0x12345 };

static unsigned at = MIDDLE;

static void exits(uint32_t code, const uint8_t *bytes, size_t size)
{
	memcpy(kit_ram(at), bytes, size);
	kit_vmcb.rip = at;
	kit_vmcb.exit_code = code;
	kit_vmcb.interrupt_shadow = INTERRUPT_SHADOW;
	kit_vmcb.exit_info_2 = kit_vmcb.next_rip = 0;
}

static int begin(void **state)
{
	(void)state;
	kit_begin();
	svm_forget_code(&kit_vcpu);
	svm_caps = (struct svm_capabilities){ .asids = 16 };
	at = MIDDLE;
	audits = 0;
	timer_ended = nmi_wanted = false;
	nmi_count = 0;
	memset(&entry, 0, sizeof entry);
	return 0;
}

static void expect_skipped_to(uint64_t rip)
{
	assert_false(svm_skip(&kit_vcpu));
	assert_int_equal(kit_vmcb.rip, rip);
	assert_int_equal(kit_vmcb.interrupt_shadow, 0); /* it was for the one that is done */
}

static void lengths_are_decoded_where_the_exit_does_not_tell(void **state)
{
	static const struct {
		uint32_t code;
		uint8_t bytes[8];
		unsigned length;
	} cases[] = {
		{ EXIT_CPUID, { 0x0f, 0xa2 }, 2 },
		{ EXIT_CPUID, { 0x66, 0x0f, 0xa2 }, 3 },
		{ EXIT_HLT, { 0xf4 }, 1 },
		{ EXIT_HLT, { 0xf3, 0xf4 }, 2 },
		{ EXIT_VMMCALL, { 0x0f, 0x01, 0xd9 }, 3 },
		{ EXIT_MSR, { 0x0f, 0x32 }, 2 },
		{ EXIT_XSETBV, { 0x0f, 0x01, 0xd1 }, 3 },
		{ EXIT_CR_WRITE + 8, { 0xf0, 0x0f, 0x22, 0xc0 }, 4 },
		{ EXIT_INVD, { 0x0f, 0x08 }, 2 },
		{ EXIT_WBINVD, { 0x0f, 0x09 }, 2 },
		{ EXIT_WBINVD, { 0xf3, 0x0f, 0x09 }, 3 }, /* WBNOINVD */
		{ EXIT_WBINVD, { 0x0f, 0x08 }, 2 },       /* an emulator's name for INVD */
	};

	(void)state;
	for (unsigned mode = KIT_CODE_16; mode <= KIT_CODE_64; mode++)
		for (size_t n = 0; n < LENGTH(cases); n++) {
			kit_mode((enum kit_mode)mode);
			/* also where it is known from before */
			for (unsigned times = 0; times < 4; times++) {
				at = times & 1 ? END : MIDDLE;
				exits(cases[n].code, cases[n].bytes, sizeof(cases[n].bytes));
				expect_skipped_to(at + cases[n].length);
			}
		}
}

/* Its page stays where it was: for the second exit in the same place nobody walks the guest's
 * tables. */
static void a_place_that_exits_again_is_known(void **state)
{
	static const struct {
		uint32_t code;
		uint8_t bytes[3], length;
	} cases[] = {
		{ EXIT_CPUID, { 0x0f, 0xa2 }, 2 },         { EXIT_HLT, { 0xf4 }, 1 },
		{ EXIT_MSR, { 0x0f, 0x32 }, 2 },           { EXIT_MSR, { 0x0f, 0x30 }, 2 },
		{ EXIT_VMMCALL, { 0x0f, 0x01, 0xd9 }, 3 },
	};

	(void)state;
	kit_mode(KIT_CODE_64);
	for (size_t n = 0; n < LENGTH(cases); n++) {
		exits(cases[n].code, cases[n].bytes, sizeof(cases[n].bytes));
		expect_skipped_to(at + cases[n].length);
		kit_entry(kit_vmcb.cr3, 0, 8, 0);
		exits(cases[n].code, cases[n].bytes, sizeof(cases[n].bytes));
		expect_skipped_to(at + cases[n].length);
		svm_forget_code(&kit_vcpu);
		exits(cases[n].code, cases[n].bytes, sizeof(cases[n].bytes));
		assert_true(svm_skip(&kit_vcpu)); /* #UD */
		assert_int_equal(kit_vmcb.rip, at);
		kit_mode(KIT_CODE_64);
	}
}

static void what_the_exit_tells_is_believed(void **state)
{
	(void)state;
	svm_caps.next_rip = true;
	exits(EXIT_CPUID, (const uint8_t[]){ 0x90 }, 1); /* the guest has written there since */
	kit_vmcb.next_rip = ELSEWHERE;
	expect_skipped_to(ELSEWHERE);
}

static void what_is_not_told_is_not_believed(void **state)
{
	(void)state;
	exits(EXIT_CPUID, (const uint8_t[]){ 0x0f, 0xa2 }, 2);
	kit_vmcb.next_rip = ELSEWHERE; /* of another processor's making */
	expect_skipped_to(at + 2);
}

static void an_io_exit_always_tells(void **state)
{
	(void)state;
	for (unsigned told = 0; told < 2; told++) {
		svm_caps.next_rip = told;
		exits(EXIT_IOIO, (const uint8_t[]){ 0x90 }, 1);
		kit_vmcb.exit_info_2 = at + 1;
		kit_vmcb.next_rip = ELSEWHERE;
		expect_skipped_to(at + 1);
	}
}

static void an_instruction_that_cannot_be_read_is_undefined(void **state)
{
	(void)state;
	exits(EXIT_CPUID, (const uint8_t[]){ 0x0f, 0xa2 }, 2);
	kit_vmcb.rip = KIT_RAM;
	kit_vmcb.rflags = RFLAGS_TF;
	assert_true(svm_skip(&kit_vcpu));
	assert_int_equal(kit_vmcb.rip, KIT_RAM);
	assert_int_equal(kit_vmcb.rflags, RFLAGS_TF | RFLAGS_RF);
	assert_int_equal(kit_vmcb.event_injection, EVENT_VALID | EVENT_EXCEPTION | VECTOR_UD);
}

/* ---- Traps and faults ---- */

static void rf_is_for_one_instruction(void **state)
{
	(void)state;
	for (unsigned known = 0; known < 2; known++) {
		exits(EXIT_CPUID, (const uint8_t[]){ 0x0f, 0xa2 }, 2);
		kit_vmcb.rflags = RFLAGS_RF | 2;
		expect_skipped_to(at + 2);
		assert_int_equal(kit_vmcb.rflags, 2);
		assert_int_equal(kit_vmcb.event_injection, 0);
	}
}

static void a_step_traps_behind_the_instruction(void **state)
{
	(void)state;
	for (unsigned known = 0; known < 2; known++) {
		exits(EXIT_CPUID, (const uint8_t[]){ 0x0f, 0xa2 }, 2);
		kit_vmcb.rflags = RFLAGS_TF | RFLAGS_RF | 2;
		kit_vmcb.dr6 = 0xffff0ff1;
		kit_vmcb.dr7 = 0x400 | DR7_GD;
		assert_true(svm_skip(&kit_vcpu));
		assert_int_equal(kit_vmcb.rip, at + 2);
		assert_int_equal(kit_vmcb.rflags, RFLAGS_TF | 2); /* the delivery clears TF */
		assert_int_equal(kit_vmcb.event_injection,
		                 EVENT_VALID | EVENT_EXCEPTION | VECTOR_DB);
		assert_int_equal(kit_vmcb.dr6, 0xffff4ff0);
		assert_int_equal(kit_vmcb.dr7, 0x400);
		assert_int_equal(kit_vmcb.interrupt_shadow, 0);
	}
}

static void rip_has_32_bits_outside_of_64_bit_code(void **state)
{
	(void)state;
	for (unsigned mode = KIT_CODE_16; mode <= KIT_CODE_64; mode++) {
		kit_mode((enum kit_mode)mode);
		kit_vmcb.rip = 0xfffffffe;
		assert_false(svm_retire(&kit_vcpu, 3));
		assert_int_equal(kit_vmcb.rip, mode == KIT_CODE_64 ? 0x100000001 : 1);
	}
}

static void an_exception_is_raised_as_its_mode_has_it(void **state)
{
	(void)state;
	kit_vmcb.interrupt_shadow = INTERRUPT_SHADOW;
	assert_true(svm_raise(&kit_vcpu, VECTOR_GP, 0x18));
	assert_int_equal(kit_vmcb.event_injection,
	                 0x18ull << 32 | EVENT_VALID | EVENT_EXCEPTION | EVENT_ERROR | VECTOR_GP);
	assert_int_equal(kit_vmcb.rflags, RFLAGS_RF);
	assert_int_equal(kit_vmcb.interrupt_shadow, 0);
	kit_vmcb.cr0 = 0; /* real mode */
	assert_true(svm_raise(&kit_vcpu, VECTOR_GP, 0x18));
	assert_int_equal(kit_vmcb.event_injection, EVENT_VALID | EVENT_EXCEPTION | VECTOR_GP);
	kit_vmcb.rflags = 0;
	assert_true(svm_raise(&kit_vcpu, VECTOR_DB, 0));
	assert_int_equal(kit_vmcb.rflags, 0); /* a trap */
}

static void what_was_being_delivered_counts(void **state)
{
	(void)state;
	kit_vmcb.exit_interruption = EVENT_VALID | EVENT_EXCEPTION | VECTOR_GP;
	assert_true(svm_raise(&kit_vcpu, VECTOR_NP, 0x18));
	assert_int_equal(kit_vmcb.event_injection,
	                 EVENT_VALID | EVENT_EXCEPTION | EVENT_ERROR | VECTOR_DF);
	kit_vmcb.exit_interruption = EVENT_VALID | EVENT_EXCEPTION | VECTOR_DF;
	kit_vmcb.event_injection = 0;
	assert_false(svm_raise(&kit_vcpu, VECTOR_NP, 0x18));
	assert_int_equal(kit_vmcb.event_injection, 0);
	kit_vmcb.exit_interruption = EVENT_VALID | EVENT_INTERRUPT | 0x20;
	assert_true(svm_raise(&kit_vcpu, VECTOR_NP, 0x18));
	assert_int_equal(kit_vmcb.event_injection >> 32, 0x18 | ERROR_EXT);
	kit_vmcb.exit_interruption = EVENT_VALID | EVENT_SOFTWARE | 0x20;
	assert_true(svm_raise(&kit_vcpu, VECTOR_NP, 0x18));
	assert_int_equal(kit_vmcb.event_injection >> 32, 0x18);
}

/* The same RIP, and other code there: by other tables, or written anew. */
static void code_that_changes_is_seen(void **state)
{
	(void)state;
	kit_mode(KIT_CODE_64);
	for (unsigned n = 0; n < 4; n++) {
		bool prefix = n & 1;
		uint8_t bytes[] = { 0x48, 0x0f, 0xa2 };

		exits(EXIT_CPUID, bytes + !prefix, 2 + prefix);
		expect_skipped_to(at + 2 + prefix);
	}
	exits(EXIT_CPUID, (const uint8_t[]){ 0x0f, 0xa2 }, 2);
	expect_skipped_to(at + 2);
	kit_vmcb.cr3 = 0x100000; /* tables by which the same address is 2M further */
	kit_entry(0x100000, 0, 8, 0x101000 | KIT_P);
	kit_entry(0x101000, 0, 8, 0x102000 | KIT_P);
	kit_entry(0x102000, 0, 8, KIT_LARGE | KIT_P | 2 << 20);
	exits(EXIT_CPUID, (const uint8_t[]){ 0x0f, 0xa2 }, 2);
	memcpy(kit_ram((2 << 20) + at), (const uint8_t[]){ 0x66, 0x0f, 0xa2 }, 3);
	expect_skipped_to(at + 3);
}

/* ---- What an exit was ---- */

static enum vm_exit_reason exit_reason(uint64_t code)
{
	kit_vmcb.exit_code = code;
	return svm_enter(&kit_vcpu);
}

static void each_exit_code_has_a_reason(void **state)
{
	static const struct {
		uint64_t code;
		enum vm_exit_reason reason;
	} cases[] = {
		{ 0x08, VM_EXIT_CR },          { 0x18, VM_EXIT_CR },
		{ 0x26, VM_EXIT_DR },          { 0x37, VM_EXIT_DR },
		{ 0x41, VM_EXIT_EXCEPTION },   { 0x51, VM_EXIT_EXCEPTION },
		{ 0x60, VM_EXIT_INTERRUPT },   { 0x61, VM_EXIT_NMI },
		{ 0x62, VM_EXIT_OTHER },       { 0x64, VM_EXIT_WINDOW },
		{ 0x65, VM_EXIT_CR },          { 0x6f, VM_EXIT_INSTRUCTION },
		{ 0x72, VM_EXIT_CPUID },       { 0x74, VM_EXIT_WAKE },
		{ 0x78, VM_EXIT_HLT },         { 0x7b, VM_EXIT_IO },
		{ 0x7c, VM_EXIT_MSR_READ },    { 0x7d, VM_EXIT_TASK_SWITCH },
		{ 0x7f, VM_EXIT_SHUTDOWN },    { 0x80, VM_EXIT_VIRT },
		{ 0x81, VM_EXIT_CALL },        { 0x84, VM_EXIT_VIRT },
		{ 0x76, VM_EXIT_CACHES },      { 0x89, VM_EXIT_CACHES },
		{ 0x8a, VM_EXIT_INSTRUCTION }, { 0x8b, VM_EXIT_INSTRUCTION },
		{ 0x8d, VM_EXIT_XSETBV },      { 0x8f, VM_EXIT_OTHER },
		{ 0x400, VM_EXIT_MEMORY },     { 0x401, VM_EXIT_OTHER },
		{ 0x90, VM_EXIT_OTHER },
	};

	(void)state;
	kit_vmcb.exit_info_1 = 0;
	for (size_t n = 0; n < LENGTH(cases); n++)
		if (exit_reason(cases[n].code) != cases[n].reason)
			fail_msg("exit %x", (unsigned)cases[n].code);
	kit_vmcb.exit_info_1 = 1;
	assert_int_equal(exit_reason(EXIT_MSR), VM_EXIT_MSR_WRITE);
	assert_int_equal(entry.entries, LENGTH(cases) + 1);
	assert_int_equal(audits, 0);
}

/* QEMU writes the low half of VMEXIT_INVALID, a processor all of it. */
static void an_entry_that_was_refused_is_audited(void **state)
{
	static const uint64_t codes[] = { UINT64_MAX, UINT32_MAX };

	(void)state;
	for (unsigned n = 0; n < LENGTH(codes); n++) {
		assert_int_equal(exit_reason(codes[n]), VM_EXIT_FAILED);
		assert_int_equal(audits, n + 1);
	}
}

static void a_ports_exit_is_read(void **state)
{
	static const struct {
		uint32_t info;
		struct vcpu_io io;
	} cases[] = {
		{ 0x20 << 16 | 1 << 4, { 0x20, 1, 0 } },
		{ 0x71u << 16 | 1 << 4 | 1, { 0x71, 1, IO_IN } },
		{ 0xffffu << 16 | 1 << 5 | 1 << 7, { 0xffff, 2, 0 } },
		{ 0x170u << 16 | 1 << 6 | 1 << 3 | 1 << 2 | 1,
		  { 0x170, 4, IO_IN | IO_STRING | IO_REPEAT } },
		{ 0x170u << 16 | 1 << 5 | 1 << 2, { 0x170, 2, IO_STRING } },
	};

	(void)state;
	for (size_t n = 0; n < LENGTH(cases); n++) {
		kit_vmcb.exit_info_1 = cases[n].info;
		struct vcpu_io io = svm_exit_io(&kit_vcpu);

		assert_int_equal(io.port, cases[n].io.port);
		assert_int_equal(io.size, cases[n].io.size);
		assert_int_equal(io.kind, cases[n].io.kind);
	}
}

static void a_memory_exit_is_read(void **state)
{
	bool write;

	(void)state;
	kit_vmcb.exit_info_1 = 1ull << 32 | 6;
	kit_vmcb.exit_info_2 = 0xfee00300;
	assert_int_equal(svm_exit_address(&kit_vcpu, &write), 0xfee00300);
	assert_true(write);
	kit_vmcb.exit_info_1 = 1ull << 32 | 4;
	(void)svm_exit_address(&kit_vcpu, &write);
	assert_false(write);
}

/* ---- A guest that sleeps ---- */

/* The guest's HLT is before MIDDLE. Enters the guest, which then exits at this RIP. */
static enum vm_exit_reason sleeps(uint64_t exits_at, uint32_t code)
{
	kit_vmcb.rip = MIDDLE;
	kit_vmcb.intercept_1 = INTERCEPT_HLT;
	kit_vcpu.halted = true;
	entry_ready = NULL;
	entry.exits_at = exits_at;
	entry.code = code;
	entry.moves = true;
	const enum vm_exit_reason reason = svm_enter(&kit_vcpu);
	assert_int_equal(entry.entered_at, MIDDLE - 1);
	assert_int_equal(entry.intercepts, INTERCEPT_INTR);
	assert_int_equal(kit_vmcb.intercept_1, INTERCEPT_HLT);
	entry_ready = &kit_vcpu;
	return reason;
}

static void a_guest_sleeps_on_behind_its_hlt(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) { /* before the HLT, and in the HLT */
		assert_int_equal(sleeps(MIDDLE - i, EXIT_NMI), VM_EXIT_NMI);
		assert_int_equal(kit_vmcb.rip, MIDDLE);
		assert_true(kit_vcpu.halted);
	}
	assert_int_equal(entry.entries, 2);
}

static void an_interrupt_ends_the_sleep(void **state)
{
	(void)state;
	assert_int_equal(sleeps(MIDDLE, EXIT_INTR), VM_EXIT_WAKE);
	assert_int_equal(kit_vmcb.rip, MIDDLE);
	assert_false(kit_vcpu.halted);
}

/* A KVM below may deliver the interrupt although it is intercepted. */
static void a_guest_that_has_woken_runs_on(void **state)
{
	static const uint64_t places[] = { ELSEWHERE, MIDDLE + 1, MIDDLE - 2, 0 };

	(void)state;
	for (unsigned i = 0; i < LENGTH(places); i++) {
		assert_int_equal(sleeps(places[i], EXIT_VMMCALL), VM_EXIT_CALL);
		assert_int_equal(kit_vmcb.rip, places[i]);
		assert_false(kit_vcpu.halted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, begin)
		CASE(lengths_are_decoded_where_the_exit_does_not_tell),
		CASE(a_place_that_exits_again_is_known),
		CASE(what_the_exit_tells_is_believed),
		CASE(what_is_not_told_is_not_believed),
		CASE(an_io_exit_always_tells),
		CASE(an_instruction_that_cannot_be_read_is_undefined),
		CASE(code_that_changes_is_seen),
		CASE(rf_is_for_one_instruction),
		CASE(a_step_traps_behind_the_instruction),
		CASE(rip_has_32_bits_outside_of_64_bit_code),
		CASE(an_exception_is_raised_as_its_mode_has_it),
		CASE(what_was_being_delivered_counts),
		CASE(each_exit_code_has_a_reason),
		CASE(an_entry_that_was_refused_is_audited),
		CASE(a_ports_exit_is_read),
		CASE(a_memory_exit_is_read),
		CASE(a_guest_sleeps_on_behind_its_hlt),
		CASE(an_interrupt_ends_the_sleep),
		CASE(a_guest_that_has_woken_runs_on),
	};

	return cmocka_run_group_tests_name("svm_skip", tests, NULL, NULL);
}
