/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How an instruction that exited ends on VMX: stepped over, with its trap; or with an exception.
 *
 * Rule: the back end's own retire.c and debug.c, beside a VMCS and a DR6 of the test's.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/exception.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/virt/io_break.h"
#include "arch/x86/virt/vmx/vmx.h"

#include <string.h>

enum { FIELDS = HOST_RIP + 1, DR6_START = 0xffff0ff0, DR7_GD = 1 << 13, CR0_PE = 1 << 0 };
enum { RFLAGS_TF = 1 << 8, RFLAGS_RF = 1 << 16, CS_LONG = 1 << 13 };

static uint64_t vmcs_fields[FIELDS], dr6;
static bool debug_used;

static struct vcpu vcpu;
struct vcpu *vmx_loaded = &vcpu;

uint64_t vmcs_read(enum vmcs_field field)
{
	return vmcs_fields[field];
}

void vmcs_write(enum vmcs_field field, uint64_t value)
{
	vmcs_fields[field] = value;
}

uint64_t dr6_read(void)
{
	return dr6;
}

void dr6_write(uint64_t value)
{
	dr6 = value;
}

void guest_debug_use(struct guest_state *s)
{
	assert_ptr_equal(s, &vcpu.state);
	debug_used = true;
}

/* 32-bit code, behind an instruction of two bytes. */
static int begin(void **state)
{
	(void)state;
	memset(vmcs_fields, 0, sizeof(vmcs_fields));
	vmcs_write(GUEST_RIP, 0x1000);
	vmcs_write(EXIT_INSTRUCTION_LENGTH, 2);
	vmcs_write(GUEST_RFLAGS, 2);
	vmcs_write(GUEST_CR0, CR0_PE);
	dr6 = DR6_START;
	debug_used = false;
	return 0;
}

static void a_plain_instruction_is_stepped_over(void **state)
{
	(void)state;
	assert_false(vmx_skip(&vcpu));
	assert_int_equal(vmcs_read(GUEST_RIP), 0x1002);
	assert_int_equal(vmcs_read(ENTRY_INTERRUPTION), 0);
	assert_false(debug_used);
}

static void shadows_end_with_the_instruction(void **state)
{
	(void)state;
	vmcs_write(GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_STI | INTERRUPTIBILITY_NMI);
	assert_false(vmx_skip(&vcpu));
	assert_int_equal(vmcs_read(GUEST_INTERRUPTIBILITY), INTERRUPTIBILITY_NMI);
	vmcs_write(GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_MOV_SS);
	assert_false(vmx_skip(&vcpu));
	assert_int_equal(vmcs_read(GUEST_INTERRUPTIBILITY), 0);
	assert_int_equal(vmcs_read(GUEST_RIP), 0x1004);
}

static void rf_is_for_one_instruction(void **state)
{
	(void)state;
	vmcs_write(GUEST_RFLAGS, RFLAGS_RF | 2);
	assert_false(vmx_skip(&vcpu));
	assert_int_equal(vmcs_read(GUEST_RFLAGS), 2);
	assert_int_equal(vmcs_read(ENTRY_INTERRUPTION), 0);
}

static void a_step_traps_behind_the_instruction(void **state)
{
	(void)state;
	vmcs_write(GUEST_RFLAGS, RFLAGS_TF | RFLAGS_RF | 2);
	vmcs_write(GUEST_DR7, 0x400 | DR7_GD);
	assert_true(vmx_skip(&vcpu));
	assert_int_equal(vmcs_read(GUEST_RIP), 0x1002);
	assert_int_equal(vmcs_read(GUEST_RFLAGS), RFLAGS_TF | 2);
	assert_int_equal(vmcs_read(ENTRY_INTERRUPTION),
	                 INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | VECTOR_DB);
	assert_int_equal(vmcs_read(GUEST_DR7), 0x400);
	assert_int_equal(dr6, DR6_START | DR6_BS);
	assert_true(debug_used);
}

/* MOV SS with a data breakpoint before the instruction: told behind it (SDM 3B 6.8.3). */
static void a_breakpoint_that_waited_comes_with_the_trap(void **state)
{
	(void)state;
	vmcs_write(GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_MOV_SS);
	vmcs_write(GUEST_PENDING_DEBUG, 1 << 12 | DR6_BS | 2);
	vmcs_write(GUEST_RFLAGS, RFLAGS_TF | 2);
	assert_true(vmx_skip(&vcpu));
	assert_int_equal(vmcs_read(GUEST_PENDING_DEBUG), 0);
	assert_int_equal(dr6, DR6_START | DR6_BS | 2);
}

static void a_breakpoint_on_a_port_comes_behind_the_access(void **state)
{
	(void)state;
	assert_false(vmx_skip(&vcpu));
	vmx_trap_on_io(&vcpu, 4);
	assert_int_equal(dr6, DR6_START | 4);
	assert_int_equal(vmcs_read(ENTRY_INTERRUPTION),
	                 INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | VECTOR_DB);
	begin(NULL);
	vmcs_write(GUEST_RFLAGS, RFLAGS_TF | 2);
	assert_true(vmx_skip(&vcpu));
	vmx_trap_on_io(&vcpu, 2);
	assert_int_equal(dr6, DR6_START | DR6_BS | 2);
}

/* SDM 3B 17.2.4 and 17.2.5. */
static void a_port_is_in_a_breakpoint_s_range(void **state)
{
	const uint64_t dr[IO_BREAKS] = { 0x3f5, 0x21, 0x3f5, 0x60 };

	enum { DE = IO_BREAK_DE, IO_0 = 2 << 16, IO_1 = 2 << 20, TWO_1 = 1 << 22 };

	(void)state;
	assert_int_equal(break_hits(dr, 1 | IO_0, io_break_types(DE), 0x3f5, 1), 1);
	assert_int_equal(break_hits(dr, 2 | IO_0, io_break_types(DE), 0x3f5, 1), 1); /* globally */
	assert_int_equal(break_hits(dr, 1 | IO_0, io_break_types(0), 0x3f5, 1), 0);
	assert_int_equal(break_hits(dr, 0 | IO_0, io_break_types(DE), 0x3f5, 1), 0);
	assert_int_equal(break_hits(dr, 1 | 3 << 16, io_break_types(DE), 0x3f5, 1),
	                 0); /* on data */
	assert_int_equal(break_hits(dr, 1 | IO_0, io_break_types(DE), 0x3f4, 1), 0);
	assert_int_equal(break_hits(dr, 1 | IO_0, io_break_types(DE), 0x3f4, 2), 1);
	assert_int_equal(break_hits(dr, 1 | IO_0, io_break_types(DE), 0x3f6, 4), 0);
	/* two ports from an even one on */
	assert_int_equal(break_hits(dr, 4 | IO_1 | TWO_1, io_break_types(DE), 0x20, 1), 2);
	assert_int_equal(break_hits(dr, 4 | IO_1 | TWO_1, io_break_types(DE), 0x22, 1), 0);
	assert_int_equal(break_hits(dr, 0x40 | 2u << 28 | 3u << 30, io_break_types(DE), 0x63, 1),
	                 8);
	assert_int_equal(break_hits(dr, 0x11 | IO_0 | 2 << 24, io_break_types(DE), 0x3f5, 1), 5);
}

static void rip_has_32_bits_outside_of_64_bit_code(void **state)
{
	(void)state;
	for (unsigned wide = 0; wide < 4; wide++) {
		vmcs_write(GUEST_RIP, 0xffffffff);
		vmcs_write(ENTRY_CONTROLS, wide & 1 ? ENTRY_IA32E : 0);
		vmcs_write(GUEST_CS_ACCESS, wide & 2 ? CS_LONG : 0);
		assert_false(vmx_skip(&vcpu));
		assert_int_equal(vmx_wrap_rip(), wide != 3); /* at the entry that is refused */
		assert_int_equal(vmcs_read(GUEST_RIP), wide == 3 ? 0x100000001 : 1);
		assert_false(vmx_wrap_rip());
	}
}

static void an_exception_is_raised_as_its_mode_has_it(void **state)
{
	(void)state;
	vmcs_write(GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_MOV_SS | INTERRUPTIBILITY_NMI);
	assert_true(vmx_raise(&vcpu, VECTOR_GP, 0x18));
	assert_int_equal(vmcs_read(GUEST_INTERRUPTIBILITY), INTERRUPTIBILITY_NMI);
	assert_int_equal(vmcs_read(ENTRY_INTERRUPTION), INTERRUPTION_VALID |
	                                                        INTERRUPTION_EXCEPTION |
	                                                        INTERRUPTION_ERROR | VECTOR_GP);
	assert_int_equal(vmcs_read(ENTRY_ERROR_CODE), 0x18);
	assert_int_equal(vmcs_read(GUEST_RFLAGS), RFLAGS_RF | 2);
	assert_true(vmx_raise(&vcpu, VECTOR_UD, 0));
	assert_int_equal(vmcs_read(ENTRY_INTERRUPTION),
	                 INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | VECTOR_UD);
	vmcs_write(GUEST_CR0, 0); /* real mode */
	assert_true(vmx_raise(&vcpu, VECTOR_GP, 0x18));
	assert_int_equal(vmcs_read(ENTRY_INTERRUPTION),
	                 INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | VECTOR_GP);
	assert_int_equal(vmcs_read(ENTRY_ERROR_CODE), 0);
	vmcs_write(GUEST_RFLAGS, 2);
	assert_true(vmx_raise(&vcpu, VECTOR_DB, 0));
	assert_int_equal(vmcs_read(GUEST_RFLAGS), 2); /* a trap */
}

static void what_was_being_delivered_counts(void **state)
{
	static const struct {
		unsigned first, second, comes;
	} pairs[] = {
		/* SDM 3A table 6-5: benign, contributory, page fault */
		{ VECTOR_DB, VECTOR_GP, VECTOR_GP }, { VECTOR_GP, VECTOR_UD, VECTOR_UD },
		{ VECTOR_GP, VECTOR_NP, VECTOR_DF }, { VECTOR_DE, VECTOR_TS, VECTOR_DF },
		{ VECTOR_NP, VECTOR_PF, VECTOR_PF }, { VECTOR_PF, VECTOR_SS, VECTOR_DF },
		{ VECTOR_PF, VECTOR_PF, VECTOR_DF }, { VECTOR_PF, VECTOR_AC, VECTOR_AC },
		{ VECTOR_DF, VECTOR_UD, VECTOR_UD },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		vmcs_write(IDT_VECTORING,
		           INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | pairs[i].first);
		assert_true(vmx_raise(&vcpu, pairs[i].second, 0x28));
		assert_int_equal(vmcs_read(ENTRY_INTERRUPTION) & 0xff, pairs[i].comes);
		if (pairs[i].comes == VECTOR_DF)
			assert_int_equal(vmcs_read(ENTRY_ERROR_CODE), 0);
	}
	vmcs_write(IDT_VECTORING, INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | VECTOR_DF);
	vmcs_write(ENTRY_INTERRUPTION, 0);
	assert_false(vmx_raise(&vcpu, VECTOR_TS, 0x28));
	assert_false(vmx_raise(&vcpu, VECTOR_PF, 2));
	assert_int_equal(vmcs_read(ENTRY_INTERRUPTION), 0);
	vmcs_write(IDT_VECTORING, INTERRUPTION_EXCEPTION | VECTOR_DF); /* not valid */
	assert_true(vmx_raise(&vcpu, VECTOR_TS, 0x28));
	assert_int_equal(vmcs_read(ENTRY_ERROR_CODE), 0x28);
	vmcs_write(IDT_VECTORING, INTERRUPTION_VALID | INTERRUPTION_EXTERNAL | 0x20);
	assert_true(vmx_raise(&vcpu, VECTOR_TS, 0x28));
	assert_int_equal(vmcs_read(ENTRY_ERROR_CODE), 0x28 | ERROR_EXT);
	vmcs_write(IDT_VECTORING, INTERRUPTION_VALID | INTERRUPTION_SOFT_INT | 0x20);
	assert_true(vmx_raise(&vcpu, VECTOR_TS, 0x28));
	assert_int_equal(vmcs_read(ENTRY_ERROR_CODE), 0x28);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, begin)
		CASE(a_plain_instruction_is_stepped_over),
		CASE(shadows_end_with_the_instruction),
		CASE(rf_is_for_one_instruction),
		CASE(a_step_traps_behind_the_instruction),
		CASE(a_breakpoint_that_waited_comes_with_the_trap),
		CASE(a_breakpoint_on_a_port_comes_behind_the_access),
		CASE(a_port_is_in_a_breakpoint_s_range),
		CASE(rip_has_32_bits_outside_of_64_bit_code),
		CASE(an_exception_is_raised_as_its_mode_has_it),
		CASE(what_was_being_delivered_counts),
	};

	return cmocka_run_group_tests_name("vmx_retire", tests, NULL, NULL);
}
