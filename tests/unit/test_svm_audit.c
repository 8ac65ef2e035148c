/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The software checks on a VMRUN that the processor refused: each rule is broken by itself and has
 * to be the one named.
 *
 * Rule: a VMCB that breaks no rule, and one field of it changed; the whole of what is printed is
 * compared. Bits have their numbers here, so that a wrong name for one is seen.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "arch/x86/virt/svm/audit.h"
#include "arch/x86/virt/svm/svm.h"
#include "tests/unit/fake_log.h"

#include <stdio.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(n) (1ull << (n))

/* ---- The processor ---- */

enum { ADDRESS_BITS = 40, PAGE = 4096 };
#define BEYOND BIT(ADDRESS_BITS)
#define TOP (BEYOND - PAGE) /* its last page */

struct svm_capabilities svm_caps = { .asids = 16 };

struct cpuid cpu_id(uint32_t leaf, uint32_t subleaf)
{
	assert_int_equal(leaf, 0x80000008);
	assert_int_equal(subleaf, 0);
	return (struct cpuid){ .eax = 48 << 8 | ADDRESS_BITS };
}

/* ---- Guests that break no rule ---- */

static struct vmcb vmcb;
static struct vcpu pulse = { .name = "pulse", .vmcb = &vmcb };

enum { CODE32 = 0xc9b, CODE64 = 0xa9b };

/* As svm_reset() leaves it: protected mode without paging. */
static void protected_guest(void)
{
	vmcb = (struct vmcb){
		.intercept_1 = INTERCEPT_NMI | INTERCEPT_IOIO | INTERCEPT_MSR,
		.intercept_2 = INTERCEPT_VMRUN,
		.iopm_base = 0x204000,
		.msrpm_base = 0x207000,
		.asid = 1,
		.nested_paging = 1,
		.nested_cr3 = 0x209000,
		.cs.attributes = CODE32,
		.cr0 = BIT(4) | BIT(0), /* ET, PE */
		.efer = BIT(12),
		.dr6 = 0xffff0ff0,
		.dr7 = 0x400,
		.pat = 0x0007040600070406,
	};
}

/* 64-bit mode, with all that has a meaning in CR4 and EFER, and with everything at its last
 * place. */
static void long_guest(void)
{
	protected_guest();
	vmcb.cs.attributes = CODE64;
	vmcb.cr0 |= BIT(31);
	vmcb.cr3 = TOP | 0x18;
	vmcb.cr4 = 0xf71fff;
	vmcb.efer = 0x36fdff;
	vmcb.asid = 15;
	vmcb.nested_cr3 = TOP;
	vmcb.msrpm_base = TOP - PAGE + 1; /* low bits are ignored */
	vmcb.iopm_base = TOP - 2 * PAGE;
	vmcb.pat = 0x0706050401000000;
}

/* What long mode asks for does not bind a guest that has not turned it on. */
static void waiting_guest(void)
{
	protected_guest();
	vmcb.cr3 = UINT64_MAX;
	vmcb.efer |= BIT(8);
	vmcb.cs.attributes = CODE32 | CODE64;
}

/* Real mode with paging is no error here (APM 2 15.5.1). */
static void paged_real_mode_guest(void)
{
	protected_guest();
	vmcb.cr0 = BIT(31) | BIT(30) | BIT(29); /* PG, CD, NW */
}

/* Maps that are not asked for may be anywhere, and so may the tables. */
static void open_guest(void)
{
	protected_guest();
	vmcb.intercept_1 = INTERCEPT_NMI;
	vmcb.iopm_base = vmcb.msrpm_base = vmcb.nested_cr3 = vmcb.pat = UINT64_MAX;
	vmcb.nested_paging = 0;
}

static void interrupted_guest(void)
{
	protected_guest();
	vmcb.event_injection = EVENT_VALID | EVENT_INTERRUPT | 0x21;
}

static void nmi_guest(void)
{
	protected_guest();
	vmcb.event_injection = EVENT_VALID | EVENT_NMI | 2;
}

static void faulting_guest(void)
{
	protected_guest();
	vmcb.event_injection = 0x18ull << 32 | EVENT_VALID | EVENT_EXCEPTION | EVENT_ERROR | 13;
}

static void software_guest(void)
{
	protected_guest();
	vmcb.event_injection = EVENT_VALID | EVENT_SOFTWARE | 0x80;
}

/* A field that is stale when its valid bit is off is nobody's business. */
static void stale_event_guest(void)
{
	protected_guest();
	vmcb.event_injection = 7 << 8 | 0x21;
}

/* ---- Each rule, and what breaks it and no other ---- */

#define FLIP(name, bits) offsetof(struct vmcb, name), sizeof(((struct vmcb *)0)->name), bits

enum { BREAKS_MOST = 8 };

static const struct expectation {
	const char *line; /* what is printed of it, but for the value */
	const char *section;
	struct {
		void (*guest)(void);
		size_t field, size;
		uint64_t bits;
	} breaks[BREAKS_MOST];
} expectations[] = {
	{ "EFER.SVME must be set; VMCB[4d0h]", "15.5.1", { { long_guest, FLIP(efer, BIT(12)) } } },
	{ "CR0.NW must be clear where CD is; VMCB[558h]",
	  "15.5.1",
	  { { protected_guest, FLIP(cr0, BIT(29)) },
	    { paged_real_mode_guest, FLIP(cr0, BIT(30)) } } },
	{ "CR0[63:32] must be zero; VMCB[558h]",
	  "15.5.1",
	  { { protected_guest, FLIP(cr0, BIT(32)) }, { long_guest, FLIP(cr0, BIT(63)) } } },
	{ "CR3 must be an address that the processor has; VMCB[550h]",
	  "15.5.1",
	  { { long_guest, FLIP(cr3, BEYOND) }, { long_guest, FLIP(cr3, BIT(63)) } } },
	{ "reserved bits of CR4 must be zero; VMCB[548h]",
	  "15.5.1",
	  { { protected_guest, FLIP(cr4, BIT(13)) },
	    { protected_guest, FLIP(cr4, BIT(19)) },
	    { long_guest, FLIP(cr4, BIT(24)) },
	    { long_guest, FLIP(cr4, BIT(63)) } } },
	{ "DR6[63:32] must be zero; VMCB[568h]",
	  "15.5.1",
	  { { protected_guest, FLIP(dr6, BIT(32)) } } },
	{ "DR7[63:32] must be zero; VMCB[560h]",
	  "15.5.1",
	  { { protected_guest, FLIP(dr7, BIT(63)) } } },
	{ "reserved bits of EFER must be zero; VMCB[4d0h]",
	  "15.5.1",
	  { { protected_guest, FLIP(efer, BIT(9)) },
	    { protected_guest, FLIP(efer, BIT(16)) },
	    { long_guest, FLIP(efer, BIT(19)) },
	    { long_guest, FLIP(efer, BIT(22)) } } },
	{ "EFER.LME and CR0.PG need CR4.PAE; VMCB[548h]",
	  "15.5.1",
	  { { long_guest, FLIP(cr4, BIT(5)) } } },
	{ "EFER.LME and CR0.PG need CR0.PE; VMCB[558h]",
	  "15.5.1",
	  { { long_guest, FLIP(cr0, BIT(0)) } } },
	{ "CS must not be L and D in long mode; VMCB[412h]",
	  "15.5.1",
	  { { long_guest, FLIP(cs.attributes, BIT(10)) } } },
	{ "VMRUN must be intercepted; VMCB[10h]",
	  "15.5.1",
	  { { protected_guest, FLIP(intercept_2, INTERCEPT_VMRUN) } } },
	{ "the MSR permission map must be in memory that the processor has; VMCB[48h]",
	  "15.5.1",
	  { { protected_guest, FLIP(msrpm_base, BEYOND) },
	    { long_guest, FLIP(msrpm_base, PAGE) } } },
	{ "the I/O permission map must be in memory that the processor has; VMCB[40h]",
	  "15.5.1",
	  { { protected_guest, FLIP(iopm_base, BEYOND) },
	    { long_guest, FLIP(iopm_base, 2 * PAGE) },
	    { long_guest, FLIP(iopm_base, 3 * PAGE) } } },
	{ "type and vector of the injected event must agree; VMCB[a8h]",
	  "15.20",
	  { { interrupted_guest, FLIP(event_injection, 1 << 8) },
	    { interrupted_guest, FLIP(event_injection, 5 << 8) },
	    { interrupted_guest, FLIP(event_injection, 6 << 8) },
	    { interrupted_guest, FLIP(event_injection, 7 << 8) },
	    { interrupted_guest, FLIP(event_injection, EVENT_EXCEPTION) },
	    { nmi_guest, FLIP(event_injection, EVENT_NMI ^ EVENT_EXCEPTION) },
	    { faulting_guest, FLIP(event_injection, 13 ^ 32) },
	    { stale_event_guest, FLIP(event_injection, EVENT_VALID) } } },
	{ "ASID must not be 0; VMCB[58h]", "15.5.1", { { protected_guest, FLIP(asid, 1) } } },
	{ "ASID must be one that the processor has; VMCB[58h]",
	  "15.16",
	  { { long_guest, FLIP(asid, 15 ^ 16) }, { long_guest, FLIP(asid, BIT(31)) } } },
	{ "nested CR3 must be an address that the processor has; VMCB[b0h]",
	  "15.25.4",
	  { { protected_guest, FLIP(nested_cr3, BEYOND) },
	    { long_guest, FLIP(nested_cr3, BIT(63)) } } },
	{ "each type in PAT must exist; VMCB[668h]",
	  "15.25.4",
	  { { long_guest, FLIP(pat, 2) },
	    { long_guest, FLIP(pat, 3) },
	    { protected_guest, FLIP(pat, 6 ^ 8) },
	    { protected_guest, FLIP(pat, BIT(63)) },
	    { open_guest, FLIP(nested_paging, 1) } } },
};

/* ---- Tests ---- */

static unsigned audit(void)
{
	printed_clear();
	return svm_audit(&pulse);
}

static void a_guest_that_breaks_no_rule_prints_nothing(void **state)
{
	static void (*const guests[])(void) = {
		protected_guest,   long_guest,        waiting_guest,  paged_real_mode_guest,
		open_guest,        nmi_guest,         software_guest, faulting_guest,
		interrupted_guest, stale_event_guest,
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(guests); i++) {
		guests[i]();
		assert_int_equal(audit(), 0);
		assert_string_equal(printed(), "");
	}
}

static uint64_t value_of(size_t field, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, (uint8_t *)&vmcb + field, size);
	return value;
}

static void flip(size_t field, size_t size, uint64_t bits)
{
	uint64_t value = value_of(field, size) ^ bits;

	memcpy((uint8_t *)&vmcb + field, &value, size);
}

/* The nth case of the rule in this row, which the table in audit.c has in the same place. */
static void expect_named(unsigned row, unsigned n)
{
	const struct svm_rule *shown = svm_rule(row);
	const struct expectation *e = &expectations[row];
	char line[LOG_LINE_MAX];

	e->breaks[n].guest();
	if (e->breaks[n].guest == open_guest)
		vmcb.nested_cr3 = 0;
	assert_int_equal(audit(), 0);
	flip(e->breaks[n].field, e->breaks[n].size, e->breaks[n].bits);
	assert_int_equal(audit(), 1);
	snprintf(line, sizeof(line),
	         "signalbox: vm pulse: entry rule broken: %s = %llx (APM 2 %s)\n", e->line,
	         (unsigned long long)value_of(shown->field, shown->size), e->section);
	assert_string_equal(printed(), line);
}

static void each_rule_that_is_broken_is_the_one_named(void **state)
{
	unsigned row = 0;

	(void)state;
	for (; svm_rule(row) != NULL; row++) {
		assert_in_range(row, 0, LENGTH(expectations) - 1);
		assert_non_null(expectations[row].breaks[0].guest);
		for (unsigned n = 0; n < BREAKS_MOST && expectations[row].breaks[n].guest; n++)
			expect_named(row, n);
	}
	assert_int_equal(row, LENGTH(expectations));
}

static void rules_that_are_broken_together_are_named_in_the_manuals_order(void **state)
{
	(void)state;
	protected_guest();
	vmcb.asid = 0;
	vmcb.efer = 0;
	vmcb.nested_cr3 = BEYOND;
	assert_int_equal(audit(), 3);
	const char *efer = strstr(printed(), "EFER.SVME must"),
		   *asid = strstr(printed(), "ASID must not be 0"),
		   *cr3 = strstr(printed(), "nested CR3 must");

	assert_non_null(efer);
	assert_non_null(asid);
	assert_non_null(cr3);
	assert_true(efer < asid && asid < cr3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_that_breaks_no_rule_prints_nothing),
		cmocka_unit_test(each_rule_that_is_broken_is_the_one_named),
		cmocka_unit_test(rules_that_are_broken_together_are_named_in_the_manuals_order),
	};

	return cmocka_run_group_tests_name("svm_audit", tests, NULL, NULL);
}
