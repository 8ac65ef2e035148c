/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CR0 of a guest of VMX, whose NE is a shadow: what a write that exits leaves, and what becomes of
 * an x87 error.
 *
 * Rule: the back end's own control.c, beside a VMCS of the test's.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/exception.h"
#include "arch/x86/log/log.h"
#include "arch/x86/virt/guest_cpuid.h"
#include "arch/x86/virt/vmx/vmx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = HOST_RIP + 1, TS = 1 << 3, MP = 1 << 1, ET = 1 << 4 };
enum { CR0_PE = 1 << 0, CR0_NE = 1 << 5, CR0_NW = 1 << 29, CR0_CD = 1 << 30 };
enum { CR4_PAE = 1 << 5, CS_LONG = 1 << 13, EFER_LME = 1 << 8 };
#define CR0_PG (1u << 31)
enum { MOV_TO = 0 << 4, CLTS = 2 << 4, LMSW = 3 << 4, LMSW_SHIFT = 16 };

struct vmx_capabilities vmx_caps = { .cr0_fixed0 = 0x80000021,
	                             .cr0_fixed1 = UINT32_MAX,
	                             .cr4_fixed1 = UINT32_MAX };
uint64_t guest_cr4_allowed;
const void *entry_ready;

static uint64_t fields[FIELDS];
static unsigned skipped, raised, shadows_ended;
static int exceptions_ne;
static bool pointers_fit;
static struct vcpu vcpu;
static struct denial denied;

uint64_t vmcs_read(enum vmcs_field field)
{
	return fields[field];
}

void vmcs_write(enum vmcs_field field, uint64_t value)
{
	fields[field] = value;
}

bool vmx_skip(struct vcpu *v)
{
	(void)v;
	skipped++;
	return false;
}

bool vmx_raise(struct vcpu *v, unsigned vector, uint32_t error)
{
	(void)v;
	(void)error;
	raised = vector;
	return true;
}

void vmx_end_shadow(void)
{
	shadows_ended++;
}

void vmx_set_exceptions(bool ne)
{
	exceptions_ne = ne;
}

void vmx_debug_tell(struct vcpu *v, uint64_t cause)
{
	(void)v;
	(void)cause;
}

bool vmx_load_pointers(struct vcpu *v)
{
	(void)v;
	return pointers_fit;
}

int msr_emulate(struct vcpu *v, bool write, struct denial *what)
{
	(void)v;
	(void)write;
	(void)what;
	return -ENOSYS;
}

void task_begin(struct vcpu *v)
{
	(void)v;
}

int debug_emulate(struct vcpu *v)
{
	(void)v;
	return 0;
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

/* A reset's CR0, as vcpu.c leaves it. */
static int begin(void **state)
{
	(void)state;
	memset(fields, 0, sizeof(fields));
	fields[CR0_MASK] = CR0_NE | CR0_NW | CR0_CD;
	fields[GUEST_CR0] = CR0_PE | ET | CR0_NE;
	fields[CR0_SHADOW] = CR0_PE | ET;
	skipped = raised = shadows_ended = 0;
	exceptions_ne = -1;
	pointers_fit = true;
	return 0;
}

static int exits(uint64_t qualification)
{
	fields[EXIT_QUALIFICATION] = qualification;
	return vmx_emulate(&vcpu, VM_EXIT_CR, &denied);
}

/* What the processor gives a guest that reads CR0 (SDM 3C 24.6.6). */
static uint64_t guests_cr0(void)
{
	uint64_t mask = fields[CR0_MASK];

	return (fields[GUEST_CR0] & ~mask) | (fields[CR0_SHADOW] & mask);
}

static void R01_the_guest_reads_the_ne_that_it_wrote(void **state)
{
	(void)state;
	assert_int_equal(guests_cr0(), CR0_PE | ET);
	for (unsigned n = 0; n < 4; n++) {
		vcpu.regs.rax = CR0_PE | ET | MP | (n & 1 ? CR0_NE : 0);
		assert_int_equal(exits(MOV_TO), 0);
		assert_int_equal(guests_cr0(), vcpu.regs.rax);
		assert_int_equal(fields[GUEST_CR0], CR0_PE | ET | MP | CR0_NE);
		assert_int_equal(exceptions_ne, n & 1);
		assert_int_equal(skipped, n + 1);
	}
}

static void clts_and_lmsw_leave_what_the_guest_wrote(void **state)
{
	(void)state;
	for (unsigned ne = 0; ne < 2; ne++) {
		vcpu.regs.rax = CR0_PE | ET | TS | CR0_CD | (ne ? CR0_NE : 0);
		assert_int_equal(exits(MOV_TO), 0);
		assert_int_equal(exits(CLTS), 0);
		assert_int_equal(guests_cr0(), vcpu.regs.rax & ~(uint64_t)TS);
		assert_int_equal(exits(LMSW | (uint64_t)(MP | TS) << LMSW_SHIFT), 0);
		assert_int_equal(guests_cr0(), (vcpu.regs.rax & ~(uint64_t)TS) | MP | TS);
		assert_int_equal(exceptions_ne, ne);
	}
}

static void what_is_refused_changes_nothing(void **state)
{
	(void)state;
	vcpu.regs.rax = CR0_PE | CR0_NE | CR0_NW;
	assert_int_equal(exits(MOV_TO), -EPERM);
	assert_int_equal(raised, VECTOR_GP);
	assert_int_equal(guests_cr0(), CR0_PE | ET);
	assert_int_equal(exceptions_ne, -1);
}

/* SDM 2B, MOV to control registers: 32 bits outside of 64-bit code, whatever 64-bit code has
 * left. */
static void the_upper_half_counts_in_64_bit_code_alone(void **state)
{
	(void)state;
	guest_cr4_allowed = 1 << 4;
	for (unsigned n = 0; n < 4; n++) {
		const bool wide = n == 3;
		begin(NULL);
		fields[ENTRY_CONTROLS] = n & 1 ? ENTRY_IA32E : 0;
		fields[GUEST_CS_ACCESS] = n & 2 ? CS_LONG : 0;
		vcpu.regs.rax = 1ull << 32 | CR0_PE | ET | CR0_NE;
		assert_int_equal(exits(MOV_TO), wide ? -EPERM : 0);
		assert_int_equal(guests_cr0(), CR0_PE | ET | (wide ? 0 : CR0_NE));
		vcpu.regs.rax = 1ull << 32 | 1 << 4;
		assert_int_equal(exits(MOV_TO | 4), wide ? -EPERM : 0);
	}
}

/* SDM 2B, the same: #GP where the task register has a TSS of 16 bits, which an entry in long mode
 * refuses (SDM 3C 26.3.1.2). */
static void long_mode_needs_a_tss_of_32_bits(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 8; n++) {
		const bool fits = (n & 2 && n & 4) || !(n & 1);
		begin(NULL);
		fields[GUEST_EFER] = n & 1 ? EFER_LME : 0;
		fields[GUEST_TR_ACCESS] = n & 2 ? 0x8b : 0x83;
		fields[GUEST_CR4] = n & 4 ? CR4_PAE : 0;
		vcpu.regs.rax = CR0_PG | CR0_PE | ET;
		assert_int_equal(exits(MOV_TO), fits ? 0 : -EPERM);
		assert_int_equal(raised, fits ? 0 : VECTOR_GP);
		assert_int_equal(fields[ENTRY_CONTROLS], fits && n & 1 ? ENTRY_IA32E : 0);
	}
}

/* SDM 3A 4.4.1: #GP where a PAE pointer has a reserved bit, which an entry refuses. */
static void pae_paging_needs_good_pointers(void **state)
{
	(void)state;
	for (unsigned fits = 0; fits < 2; fits++) {
		begin(NULL);
		pointers_fit = fits;
		fields[GUEST_CR4] = CR4_PAE;
		vcpu.regs.rax = CR0_PG | CR0_PE | ET;
		assert_int_equal(exits(MOV_TO), fits ? 0 : -EPERM);
		assert_int_equal(raised, fits ? 0 : VECTOR_GP);
		assert_int_equal(!!(guests_cr0() & CR0_PG), fits);
	}
}

static void an_x87_error_waits_for_an_interrupt(void **state)
{
	(void)state;
	fields[EXIT_INTERRUPTION] = INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | VECTOR_MF;
	assert_int_equal(vmx_emulate(&vcpu, VM_EXIT_EXCEPTION, &denied), -EAGAIN);
	assert_int_equal(fields[ENTRY_INTERRUPTION], 0);
	assert_int_equal(shadows_ended, 1); /* or the interrupt could not come */
	fields[EXIT_INTERRUPTION] = INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | VECTOR_AC;
	assert_int_equal(vmx_emulate(&vcpu, VM_EXIT_EXCEPTION, &denied), 0);
	assert_int_equal(fields[ENTRY_INTERRUPTION] & 0xff, VECTOR_AC);
}

static void any_register_takes_cr8(void **state)
{
	enum { CR8 = 8, MOV_FROM = 1 << 4, RSP = 4 };

	(void)state;
	for (unsigned n = 0; n < 16; n++) {
		for (unsigned i = 0; i < 16; i++)
			(&vcpu.regs.rax)[i] = 100 + i;
		fields[GUEST_RSP] = 99;
		fields[EXIT_QUALIFICATION] = CR8 | MOV_FROM | n << 8;
		assert_int_equal(vmx_emulate(&vcpu, VM_EXIT_CR, &denied), 0);
		for (unsigned i = 0; i < 16; i++)
			assert_int_equal((&vcpu.regs.rax)[i], i == n && n != RSP ? 0 : 100 + i);
		assert_int_equal(fields[GUEST_RSP], n == RSP ? 0 : 99);
	}
	assert_int_equal(skipped, 16);
}

/* SDM 3C 27.3.3: the exit has cleared RF, and the instruction runs again. */
static void a_breakpoint_on_a_mov_to_cr4_hits_once(void **state)
{
	enum { CR4 = 4, CR4_MCE = 1 << 6, RF = 1 << 16 };

	(void)state;
	guest_cr4_allowed = UINT32_MAX;
	vcpu.regs.rax = CR4_MCE;
	fields[GUEST_RFLAGS] = 2;
	fields[EXIT_QUALIFICATION] = CR4 | MOV_TO;
	assert_int_equal(vmx_emulate(&vcpu, VM_EXIT_CR, &denied), 0);
	assert_int_equal(fields[CR4_SHADOW], CR4_MCE);
	assert_int_equal(fields[GUEST_RFLAGS], 2 | RF);
	assert_int_equal(skipped, 0);
}

/* A value that the instruction's second run would refuse. */
static void a_refused_cr4_leaves_the_guests_mce(void **state)
{
	enum { CR4 = 4, CR4_PAE = 1 << 5, CR4_MCE = 1 << 6, CR4_PCIDE = 1 << 17, LMA = 1 << 10 };
	static const struct {
		uint32_t efer, cr3, cr4, value;
		int error;
	} rows[] = {
		{ LMA, 0, CR4_PAE, CR4_MCE, -EPERM },
		{ LMA, 1, CR4_PAE, CR4_MCE | CR4_PAE | CR4_PCIDE, -EPERM },
		{ LMA, 1, CR4_PAE | CR4_PCIDE, CR4_MCE | CR4_PAE | CR4_PCIDE, 0 },
		{ LMA, 0, CR4_PAE, CR4_MCE | CR4_PAE | CR4_PCIDE, 0 },
		{ 0, 0, CR4_PAE, CR4_MCE | CR4_PAE | CR4_PCIDE, -EPERM },
		{ 0, 0, CR4_PAE, CR4_MCE, 0 },
	};

	guest_cr4_allowed = UINT32_MAX;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(state);
		fields[GUEST_EFER] = rows[i].efer;
		fields[GUEST_CR3] = rows[i].cr3;
		fields[GUEST_CR4] = rows[i].cr4;
		vcpu.regs.rax = rows[i].value;
		assert_int_equal(exits(CR4 | MOV_TO), rows[i].error);
		assert_int_equal(fields[CR4_SHADOW], rows[i].error == 0 ? CR4_MCE : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, begin)
		CASE(R01_the_guest_reads_the_ne_that_it_wrote),
		CASE(clts_and_lmsw_leave_what_the_guest_wrote),
		CASE(what_is_refused_changes_nothing),
		CASE(the_upper_half_counts_in_64_bit_code_alone),
		CASE(long_mode_needs_a_tss_of_32_bits),
		CASE(pae_paging_needs_good_pointers),
		CASE(an_x87_error_waits_for_an_interrupt),
		CASE(any_register_takes_cr8),
		CASE(a_breakpoint_on_a_mov_to_cr4_hits_once),
		CASE(a_refused_cr4_leaves_the_guests_mce),
	};

	return cmocka_run_group_tests_name("vmx_cr0", tests, NULL, NULL);
}
