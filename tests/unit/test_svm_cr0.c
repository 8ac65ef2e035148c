/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CR0 of a guest of SVM, whose NE is a shadow: what the guest reads and writes by each instruction,
 * and what exits meanwhile.
 *
 * Rule: the back end's own control.c, cr0.c, operand.c, decode.c and retire.c; the guest's
 * instruction is bytes in its RAM.
 */
#include "tests/unit/check.h"
#include "tests/unit/svm_kit.h"

#include "arch/x86/cpu/exception.h"
#include "arch/x86/virt/guest_cpuid.h"
#include "arch/x86/virt/guest_registers.h"
#include "arch/x86/virt/svm/svm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum { PE = 1, MP = 2, TS = 8, ET = 0x10, NE = 0x20, WP = 1 << 16, NW = 1 << 29, CD = 1 << 30 };
#define PG (1ull << 31)
enum { CODE = 0x1000, MF = 1 << 16, SHADOWED = 1, CR4_PCIDE = 1 << 17 };

struct svm_capabilities svm_caps;
uint64_t guest_cr4_allowed;

/* ---- What control.c calls beside ---- */

bool svm_in_ring_0(struct vcpu *v)
{
	return v->vmcb->cpl == 0;
}

int svm_msr_emulate(struct vcpu *v, bool write, struct denial *what)
{
	(void)v;
	(void)write;
	(void)what;
	return -ENOSYS;
}

void quirk_claim_breakpoints(struct vcpu *of, struct vcpu *to)
{
	(void)of;
	(void)to;
}

bool quirk_foreign_breakpoint(struct vcpu *v)
{
	(void)v;
	return false;
}

void guest_debug_use(struct guest_state *s)
{
	(void)s;
}

int guest_set_xcr0(struct guest_state *s, uint32_t number, uint64_t value, struct denial *what)
{
	(void)s;
	(void)number;
	(void)value;
	(void)what;
	return -EPERM;
}

void guest_cpuid_filter(struct vcpu_regs *regs, uint32_t leaf, uint32_t subleaf, unsigned has)
{
	(void)regs;
	(void)leaf;
	(void)subleaf;
	(void)has;
}

_Noreturn void panic(const char *format, ...)
{
	(void)format;
	abort();
}

/* ---- A guest that executes one instruction ---- */

static struct denial denied;

static void mode(enum kit_mode wanted)
{
	kit_mode(wanted);
	kit_vmcb.cr0 |= ET | NE;
	kit_vmcb.event_injection = kit_vmcb.exit_interruption = 0;
	kit_vmcb.rflags = 2;
	kit_vmcb.cpl = 0;
}

static int begin(void **state)
{
	(void)state;
	kit_begin();
	svm_forget_code(&kit_vcpu);
	svm_caps = (struct svm_capabilities){ .asids = 16 };
	mode(KIT_CODE_32);
	svm_cr0_reset(&kit_vcpu);
	kit_vmcb.cr0 = PE | ET | NE;
	return 0;
}

/* As the guest set it by MOV to CR0. */
static void shadow(bool ne)
{
	kit_vmcb.intercept_cr_read = kit_vmcb.intercept_cr_write = !ne;
	kit_vmcb.intercept_exceptions = ne ? 0 : MF;
}

static int executes(uint32_t code, const uint8_t *bytes, size_t size)
{
	memcpy(kit_ram(CODE), bytes, size);
	kit_vmcb.rip = CODE;
	kit_vmcb.exit_code = code;
	kit_vmcb.interrupt_shadow = SHADOWED;
	denied = (struct denial){ 0 };
	int error = svm_emulate(&kit_vcpu, VM_EXIT_CR, &denied);
	/* NE of the processor stays, whatever the guest does. */
	assert_true(kit_vmcb.cr0 & NE);
	assert_int_equal(!(svm_cr0(&kit_vcpu) & NE), !!(kit_vmcb.intercept_exceptions & MF));
	assert_int_equal(kit_vmcb.intercept_cr_read & 1, kit_vmcb.intercept_cr_write & 1);
	return error;
}

#define EXECUTES(code, ...) \
	executes(code, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))
#define MOV_TO_EAX 0x0f, 0x22, 0xc0
#define MOV_FROM_EAX 0x0f, 0x20, 0xc0

static void done(unsigned length)
{
	assert_int_equal(kit_vmcb.rip, CODE + length);
	assert_int_equal(kit_vmcb.event_injection, 0);
	assert_int_equal(kit_vmcb.interrupt_shadow, 0);
}

static void raised(unsigned vector, uint32_t error)
{
	assert_int_equal(kit_vmcb.rip, CODE);
	assert_int_equal(kit_vmcb.event_injection & ~EVENT_ERROR,
	                 (uint64_t)error << 32 | EVENT_VALID | EVENT_EXCEPTION | vector);
}

static void writes(uint64_t value)
{
	kit_vcpu.regs.rax = value;
	assert_int_equal(EXECUTES(EXIT_CR0_SELECTIVE, MOV_TO_EAX), 0);
	done(3);
}

static uint64_t reads(void)
{
	kit_vcpu.regs.rax = UINT64_MAX;
	assert_int_equal(EXECUTES(EXIT_CR_READ, MOV_FROM_EAX), 0);
	done(3);
	return kit_vcpu.regs.rax;
}

/* ---- The shadow ---- */

static void a_guest_begins_as_on_a_pc(void **state)
{
	(void)state;
	assert_int_equal(kit_vmcb.cr0, PE | ET | NE);
	assert_int_equal(svm_cr0(&kit_vcpu), PE | ET);
	assert_true(kit_vmcb.intercept_exceptions & MF);
	assert_int_equal(reads(), PE | ET);
}

static void R01_the_guest_reads_the_ne_that_it_wrote(void **state)
{
	(void)state;
	for (unsigned wanted = 0; wanted < 3; wanted++) {
		const uint64_t ne = wanted & 1 ? NE : 0;
		writes(PE | WP | ne);
		assert_int_equal(svm_cr0(&kit_vcpu), PE | ET | WP | ne);
		assert_int_equal(reads(), PE | ET | WP | ne);
	}
}

/* Nothing else of the intercepts moves. */
static void reads_exit_while_ne_is_clear_only(void **state)
{
	(void)state;
	kit_vmcb.intercept_cr_read = kit_vmcb.intercept_cr_write = 0x110;
	kit_vmcb.intercept_exceptions = 1 << 1 | 1 << 18;
	writes(PE);
	assert_int_equal(kit_vmcb.intercept_cr_read, 0x111);
	assert_int_equal(kit_vmcb.intercept_cr_write, 0x111);
	assert_int_equal(kit_vmcb.intercept_exceptions, 1 << 1 | MF | 1 << 18);
	writes(PE | NE);
	assert_int_equal(kit_vmcb.intercept_cr_read, 0x110);
	assert_int_equal(kit_vmcb.intercept_cr_write, 0x110);
	assert_int_equal(kit_vmcb.intercept_exceptions, 1 << 1 | 1 << 18);
}

static void an_x87_error_waits_for_an_interrupt(void **state)
{
	(void)state;
	kit_vmcb.rip = CODE;
	kit_vmcb.exit_code = EXIT_EXCEPTION + 16;
	kit_vmcb.interrupt_shadow = SHADOWED;
	assert_int_equal(svm_emulate(&kit_vcpu, VM_EXIT_EXCEPTION, &denied), -EAGAIN);
	assert_int_equal(kit_vmcb.rip, CODE);
	assert_int_equal(kit_vmcb.event_injection, 0);
	assert_int_equal(kit_vmcb.interrupt_shadow, 0); /* or the interrupt could not come */
	kit_vmcb.exit_code = EXIT_EXCEPTION + 17;
	assert_int_equal(svm_emulate(&kit_vcpu, VM_EXIT_EXCEPTION, &denied), 0);
	raised(17, 0);
}

/* ---- MOV ---- */

static void reserved_bits_are_not_kept_and_et_is(void **state)
{
	(void)state;
	writes(0x1ffafff1);
	assert_int_equal(svm_cr0(&kit_vcpu), PE | ET | NE);
	kit_vcpu.regs.rax = UINT64_MAX << 32 | PE; /* 32 bits count here */
	assert_int_equal(EXECUTES(EXIT_CR0_SELECTIVE, MOV_TO_EAX), 0);
	assert_int_equal(svm_cr0(&kit_vcpu), PE | ET);
}

static void R01_what_the_processor_refuses_is_refused(void **state)
{
	static const struct {
		enum kit_mode mode;
		uint64_t cr4, efer, value;
	} refused[] = {
		{ KIT_CODE_32, 0, 0, PG | NE },       /* no PE */
		{ KIT_CODE_32, 0, 0, PE | NW },       /* no CD */
		{ KIT_CODE_64, KIT_PAE, 0, PE | NE }, /* no paging in 64-bit code */
		{ KIT_CODE_64, KIT_PAE, 0, PE | PG | 1ull << 40 },
		{ KIT_CODE_32, 0, KIT_LME, PE | PG }, /* long mode without PAE */
	};

	(void)state;
	for (size_t n = 0; n < LENGTH(refused); n++) {
		mode(refused[n].mode);
		shadow(n & 1);
		kit_vmcb.cr4 |= refused[n].cr4;
		kit_vmcb.efer |= refused[n].efer;
		const uint64_t before = kit_vmcb.cr0;
		kit_vcpu.regs.rax = refused[n].value;
		assert_int_equal(EXECUTES(EXIT_CR_WRITE, MOV_TO_EAX), -EPERM);
		raised(VECTOR_GP, 0);
		assert_string_equal(denied.format, "CR0 = %lx");
		assert_int_equal(denied.value[0], refused[n].value);
		assert_int_equal(kit_vmcb.cr0, before);
	}
	mode(KIT_CODE_32); /* PCIDs, in compatibility code */
	kit_vmcb.cr0 |= PG;
	kit_vmcb.cr4 = KIT_PAE | CR4_PCIDE;
	kit_vcpu.regs.rax = PE;
	kit_vmcb.cr3 = 0x100000;
	for (unsigned table = 0; table < 2; table++)
		kit_entry(0x100000 + 0x1000 * table, 0, 8, (0x101000 + 0x1000 * table) | KIT_P);
	kit_entry(0x102000, 0, 8, KIT_LARGE | KIT_P);
	kit_vmcb.efer |= KIT_LME | KIT_LMA;
	assert_int_equal(EXECUTES(EXIT_CR_WRITE, MOV_TO_EAX), -EPERM);
	kit_vmcb.cr4 = KIT_PAE;
	assert_int_equal(EXECUTES(EXIT_CR_WRITE, MOV_TO_EAX), 0);
	assert_false(kit_vmcb.efer & KIT_LMA);
	assert_true(kit_vmcb.efer & KIT_LME);
}

static void long_mode_follows_paging(void **state)
{
	(void)state;
	for (unsigned lme = 0; lme < 2; lme++) {
		mode(KIT_CODE_32);
		kit_vmcb.cr4 = KIT_PAE;
		kit_vmcb.efer |= lme ? KIT_LME : 0;
		kit_vmcb.tlb_control = 0;
		writes(PE | PG);
		assert_int_equal(!!(kit_vmcb.efer & KIT_LMA), lme);
		assert_int_equal(kit_vmcb.tlb_control, TLB_CONTROL_FLUSH_ALL);
	}
	mode(KIT_CODE_32);
	kit_vmcb.tlb_control = 0;
	writes(PE | MP | TS);
	/* nothing of translation has changed */
	assert_int_equal(kit_vmcb.tlb_control, TLB_CONTROL_NONE);
}

/* APM 3, MOV CRn: 32 bits outside of 64-bit code, whatever 64-bit code has left. */
static void the_upper_half_counts_in_64_bit_code_alone(void **state)
{
	(void)state;
	guest_cr4_allowed = KIT_PAE | KIT_PSE;
	kit_vcpu.regs.rax = 1ull << 32 | KIT_PSE;
	assert_int_equal(EXECUTES(EXIT_CR_WRITE + 4, 0x0f, 0x22, 0xe0), 0);
	assert_int_equal(kit_vmcb.cr4, KIT_PSE);
	mode(KIT_CODE_64);
	kit_vcpu.regs.rax = 1ull << 32 | KIT_PAE | KIT_PSE;
	assert_int_equal(EXECUTES(EXIT_CR_WRITE + 4, 0x0f, 0x22, 0xe0), -EPERM);
	assert_int_equal(kit_vmcb.cr4, KIT_PAE);
}

static void any_register_can_be_the_operand(void **state)
{
	(void)state;
	mode(KIT_CODE_64);
	shadow(false);
	kit_vmcb.rsp = kit_vcpu.regs.r9 = 0;
	assert_int_equal(EXECUTES(EXIT_CR_READ, 0x0f, 0x20, 0xc4), 0); /* RSP */
	assert_int_equal(kit_vmcb.rsp, PE | ET | PG);
	assert_int_equal(EXECUTES(EXIT_CR_READ, 0x41, 0x0f, 0x20, 0xc1), 0); /* R9 */
	assert_int_equal(kit_vcpu.regs.r9, PE | ET | PG);
	kit_vmcb.rsp = PE | PG | WP | NE;
	assert_int_equal(EXECUTES(EXIT_CR_WRITE, 0x0f, 0x22, 0xc4), 0);
	assert_int_equal(reads(), PE | ET | PG | WP | NE);
}

static void a_program_may_read_the_status_word_alone(void **state)
{
	(void)state;
	kit_vmcb.cpl = 3;
	assert_int_equal(EXECUTES(EXIT_CR_READ, MOV_FROM_EAX), -EPERM);
	raised(VECTOR_GP, 0);
	kit_vmcb.event_injection = 0;
	assert_int_equal(EXECUTES(EXIT_CR_WRITE, MOV_TO_EAX), -EPERM);
	kit_vmcb.event_injection = 0;
	assert_int_equal(EXECUTES(EXIT_CR_WRITE, 0x0f, 0x06), -EPERM);
	kit_vmcb.event_injection = 0;
	assert_int_equal(EXECUTES(EXIT_CR_WRITE, 0x0f, 0x01, 0xf0), -EPERM);
	kit_vmcb.event_injection = 0;
	assert_int_equal(EXECUTES(EXIT_CR_READ, 0x0f, 0x01, 0xe0), 0);
	done(3);
}

static void other_bytes_than_the_exit_meant_are_no_access(void **state)
{
	static const uint8_t others[][3] = { { 0x0f, 0x22, 0xd8 },
		                             { 0x0f, 0x01, 0xd9 },
		                             { 0xf4, 0xf4, 0xf4 },
		                             { 0x90, 0x90, 0x90 } };

	(void)state;
	for (size_t n = 0; n < LENGTH(others); n++) {
		mode(KIT_CODE_32);
		assert_int_equal(executes(EXIT_CR_WRITE, others[n], 3), -EPERM);
		raised(VECTOR_GP, 0);
	}
}

/* QEMU 10 takes a read of another control register for a read of CR0. */
static void a_read_of_another_register_gives_that_register(void **state)
{
	static const struct {
		uint8_t modrm;
		uint64_t value;
	} reads[] = {
		{ 0xc0, PE | ET }, { 0xd0, 0x22222222 }, { 0xd8, 0x33333000 }, { 0xe0, 0x40 }
	};

	(void)state;
	for (size_t n = 0; n < LENGTH(reads); n++) {
		const uint8_t bytes[3] = { 0x0f, 0x20, reads[n].modrm };

		mode(KIT_CODE_32);
		kit_vmcb.cr2 = reads[1].value;
		kit_vmcb.cr3 = reads[2].value;
		kit_vmcb.cr4 = reads[3].value;
		kit_vcpu.regs.rax = UINT64_MAX;
		assert_int_equal(executes(EXIT_CR_READ, bytes, 3), 0);
		done(3);
		assert_int_equal(kit_vcpu.regs.rax, reads[n].value);
	}
}

/* ---- CLTS, LMSW, SMSW ---- */

static void clts_clears_ts(void **state)
{
	(void)state;
	writes(PE | TS | MP);
	assert_int_equal(EXECUTES(EXIT_CR_WRITE, 0x0f, 0x06), 0);
	done(2);
	assert_int_equal(svm_cr0(&kit_vcpu), PE | ET | MP);
}

static void lmsw_loads_four_bits_and_never_clears_pe(void **state)
{
	(void)state;
	writes(PE | NE | WP);
	kit_vcpu.regs.rax = 0xfffe;
	assert_int_equal(EXECUTES(EXIT_CR0_SELECTIVE, 0x0f, 0x01, 0xf0), 0);
	done(3);
	assert_int_equal(svm_cr0(&kit_vcpu), PE | 14 | ET | NE | WP);
	writes(WP); /* real mode */
	kit_vcpu.regs.rax = 0xffe1;
	assert_int_equal(EXECUTES(EXIT_CR_WRITE, 0x0f, 0x01, 0xf0), 0);
	assert_int_equal(svm_cr0(&kit_vcpu), PE | ET | WP);
}

static void smsw_stores_as_wide_as_its_operand(void **state)
{
	const uint64_t low = (uint16_t)(PE | ET), all = PE | ET | PG;

	(void)state;
	mode(KIT_CODE_64);
	shadow(false);
	kit_vcpu.regs.rax = UINT64_MAX;
	assert_int_equal(EXECUTES(EXIT_CR_READ, 0x66, 0x0f, 0x01, 0xe0), 0);
	done(4);
	assert_int_equal(kit_vcpu.regs.rax, (UINT64_MAX << 16) | low);
	kit_vcpu.regs.rax = UINT64_MAX;
	assert_int_equal(EXECUTES(EXIT_CR_READ, 0x0f, 0x01, 0xe0), 0);
	assert_int_equal(kit_vcpu.regs.rax, all);
	kit_vcpu.regs.rax = UINT64_MAX;
	assert_int_equal(EXECUTES(EXIT_CR_READ, 0x48, 0x0f, 0x01, 0xe0), 0);
	assert_int_equal(kit_vcpu.regs.rax, all);
	mode(KIT_CODE_16);
	kit_vcpu.regs.rax = 0x12345678;
	assert_int_equal(EXECUTES(EXIT_CR_READ, 0x0f, 0x01, 0xe0), 0);
	assert_int_equal(kit_vcpu.regs.rax, 0x12340000 | low);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, begin)
		CASE(a_guest_begins_as_on_a_pc),
		CASE(R01_the_guest_reads_the_ne_that_it_wrote),
		CASE(reads_exit_while_ne_is_clear_only),
		CASE(an_x87_error_waits_for_an_interrupt),
		CASE(reserved_bits_are_not_kept_and_et_is),
		CASE(R01_what_the_processor_refuses_is_refused),
		CASE(long_mode_follows_paging),
		CASE(the_upper_half_counts_in_64_bit_code_alone),
		CASE(any_register_can_be_the_operand),
		CASE(a_program_may_read_the_status_word_alone),
		CASE(a_read_of_another_register_gives_that_register),
		CASE(other_bytes_than_the_exit_meant_are_no_access),
		CASE(clts_clears_ts),
		CASE(lmsw_loads_four_bits_and_never_clears_pe),
		CASE(smsw_stores_as_wide_as_its_operand),
	};

	return cmocka_run_group_tests_name("svm_cr0", tests, NULL, NULL);
}
