/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The software checks on a VM entry that the processor refused: each rule is broken by itself and
 * has to be the one named.
 *
 * Rule: a VMCS that breaks no rule, and one field of it changed; the whole of what is printed is
 * compared.
 */
#include "tests/unit/check.h"

#include "arch/x86/log/log.h"
#include "arch/x86/virt/vmx/audit.h"
#include "arch/x86/virt/vmx/vmx.h"
#include "tests/unit/fake_log.h"

#include <stdio.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(n) (1ull << (n))

/* ---- The processor: what the true capability MSRs of a Skylake say, must-be-one in the low half
 * ---- */

struct vmx_capabilities vmx_caps = {
	.pin = 0x0000007f00000016,
	.primary = 0xfff9fffe04006172,
	.secondary =
		(uint64_t)(CPU2_EPT | CPU2_RDTSCP | CPU2_VPID | CPU2_UNRESTRICTED | CPU2_INVPCID)
		<< 32,
	.exit = 0x007fffff00036dfb,
	.entry = 0x0000ffff000011fb,
	.cr0_fixed0 = 0x80000021,
	.cr0_fixed1 = 0xffffffff,
	.cr4_fixed0 = 0x2000,
	.cr4_fixed1 = 0x3767ff,
};

enum { CR0_PE = 1 << 0, CR0_ET = 1 << 4, CR0_NE = 1 << 5 };
#define CR0_PG BIT(31)
enum { CR4_PAE = 1 << 5, CR4_VMXE = 1 << 13, EFER_LME = 1 << 8, EFER_LMA = 1 << 10 };
enum { RFLAGS_TF = 1 << 8, RFLAGS_IF = 1 << 9, RFLAGS_VM = 1 << 17, DEBUGCTL_BTF = 1 << 1 };
enum { UNUSABLE = 1 << 16, PENDING_BS = 1 << 14, INTERRUPTIBILITY_SMI = 1 << 2 };
enum { CODE32 = 0xc09b, CODE64 = 0xa09b, CODE_V86 = 0xf3, DATA = 0xc093, BUSY_TSS = 0x8b };
enum {
	ACCESS_S = 1 << 4,
	ACCESS_DPL = 1 << 5,
	ACCESS_P = 1 << 7,
	ACCESS_L = 1 << 13,
	ACCESS_D = 1 << 14
};

/* ---- The VMCS ---- */

enum { FIELDS = HOST_RIP + 1 };

static struct {
	bool written;
	uint64_t value;
} vmcs[FIELDS];

uint64_t vmcs_read(enum vmcs_field field)
{
	if (!vmcs[field].written)
		fail_msg("field %x is read, but no guest below sets it", (unsigned)field);
	return vmcs[field].value;
}

void vmcs_write(enum vmcs_field field, uint64_t value)
{
	vmcs[field].written = true;
	vmcs[field].value = value;
}

static void flip(enum vmcs_field field, uint64_t bits)
{
	vmcs_write(field, vmcs_read(field) ^ bits);
}

static void host_64(void)
{
	vmcs_write(HOST_CR0, CR0_PE | CR0_ET | CR0_NE | CR0_PG);
	vmcs_write(HOST_CR4, CR4_PAE | CR4_VMXE);
	vmcs_write(HOST_CS_SELECTOR, 0x08);
	vmcs_write(HOST_TR_SELECTOR, 0x18);
	vmcs_write(HOST_FS_BASE, 0);
	vmcs_write(HOST_GS_BASE, 0);
	vmcs_write(HOST_TR_BASE, 0x201000);
	vmcs_write(HOST_GDTR_BASE, 0x202000);
	vmcs_write(HOST_IDTR_BASE, 0x203000);
	vmcs_write(HOST_RIP, 0x200000);
}

static void controls(void)
{
	vmcs_write(PIN_CONTROLS, (uint32_t)vmx_caps.pin | PIN_NMI_EXITING | PIN_VIRTUAL_NMIS);
	vmcs_write(PRIMARY_CONTROLS, (uint32_t)vmx_caps.primary | CPU_HLT_EXITING | CPU_IO_BITMAPS |
	                                     CPU_MSR_BITMAPS | CPU_SECONDARY);
	vmcs_write(SECONDARY_CONTROLS, vmx_caps.secondary >> 32);
	vmcs_write(EXIT_CONTROLS, (uint32_t)vmx_caps.exit | EXIT_HOST_64 | EXIT_SAVE_DEBUG |
	                                  EXIT_SAVE_PAT | EXIT_LOAD_PAT | EXIT_SAVE_EFER |
	                                  EXIT_LOAD_EFER);
	vmcs_write(ENTRY_CONTROLS,
	           (uint32_t)vmx_caps.entry | ENTRY_LOAD_DEBUG | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER);
	vmcs_write(IO_BITMAP_A, 0x204000);
	vmcs_write(IO_BITMAP_B, 0x205000);
	vmcs_write(MSR_BITMAP, 0x206000);
	vmcs_write(EPT_POINTER, 0x207000 | 3 << 3 | 6); /* four levels, write-back */
	vmcs_write(VPID, 1);
	vmcs_write(ENTRY_INTERRUPTION, 0);
	vmcs_write(ENTRY_ERROR_CODE, 0);
	vmcs_write(ENTRY_INSTRUCTION_LENGTH, 0);
	vmcs_write(VMCS_LINK_POINTER, UINT64_MAX);
}

/* ---- Guests that break no rule ---- */

/* As vmx_reset() leaves it: protected mode without paging. */
static void protected_guest(void)
{
	memset(vmcs, 0, sizeof(vmcs));
	host_64();
	controls();
	vmcs_write(GUEST_CR0, CR0_PE | CR0_ET | CR0_NE);
	vmcs_write(GUEST_CR4, CR4_VMXE);
	vmcs_write(GUEST_EFER, 0);
	vmcs_write(GUEST_CS_ACCESS, CODE32);
	vmcs_write(GUEST_SS_ACCESS, DATA);
	vmcs_write(GUEST_TR_SELECTOR, 0);
	vmcs_write(GUEST_TR_ACCESS, BUSY_TSS);
	vmcs_write(GUEST_RIP, 0x100010);
	vmcs_write(GUEST_RFLAGS, 2);
	vmcs_write(GUEST_INTERRUPTIBILITY, 0);
	vmcs_write(GUEST_ACTIVITY, ACTIVITY_ACTIVE);
	vmcs_write(GUEST_PENDING_DEBUG, 0);
	vmcs_write(GUEST_DEBUGCTL, 0);
}

/* 64-bit mode with paging, in the upper half. */
static void long_guest(void)
{
	protected_guest();
	flip(ENTRY_CONTROLS, ENTRY_IA32E);
	flip(GUEST_CR0, CR0_PG);
	flip(GUEST_CR4, CR4_PAE);
	vmcs_write(GUEST_EFER, EFER_LME | EFER_LMA);
	vmcs_write(GUEST_CS_ACCESS, CODE64);
	vmcs_write(GUEST_RIP, 0xffffffff80100010);
}

/* PAE paging with one pointer. */
static void pae_guest(void)
{
	protected_guest();
	flip(GUEST_CR0, CR0_PG);
	flip(GUEST_CR4, CR4_PAE);
	vmcs_write(GUEST_PDPTE0, 0x1001);
	for (unsigned i = 1; i < 4; i++)
		vmcs_write(GUEST_PDPTE0 + 2 * i, BIT(63)); /* absent: nothing of it counts */
}

/* Without "unrestricted guest", paging and all. */
static void restricted_guest(void)
{
	long_guest();
	flip(SECONDARY_CONTROLS, CPU2_UNRESTRICTED);
}

/* Without secondary controls what they would enable need not be well-formed. */
static void first_generation_guest(void)
{
	long_guest();
	flip(PRIMARY_CONTROLS, CPU_SECONDARY);
	vmcs_write(SECONDARY_CONTROLS, UINT32_MAX);
	vmcs_write(EPT_POINTER, UINT64_MAX);
	vmcs_write(VPID, 0);
}

static void real_mode_guest(void)
{
	protected_guest();
	flip(GUEST_CR0, CR0_PE);
	vmcs_write(GUEST_CS_ACCESS, 0x93); /* type 3: what a reset leaves in CS */
	vmcs_write(GUEST_SS_ACCESS, UNUSABLE);
	vmcs_write(GUEST_TR_ACCESS, 0x83); /* a busy TSS of 16 bits */
}

static void v86_guest(void)
{
	protected_guest();
	vmcs_write(GUEST_RFLAGS, RFLAGS_VM | 2);
	vmcs_write(GUEST_CS_ACCESS, CODE_V86);
	vmcs_write(GUEST_SS_ACCESS, CODE_V86);
}

static void interrupted_guest(void)
{
	protected_guest();
	flip(GUEST_RFLAGS, RFLAGS_IF);
	vmcs_write(ENTRY_INTERRUPTION, INTERRUPTION_VALID | INTERRUPTION_EXTERNAL | 0x21);
}

static void nmi_guest(void)
{
	protected_guest();
	vmcs_write(ENTRY_INTERRUPTION, INTERRUPTION_VALID | INTERRUPTION_NMI | 2);
}

/* It serves an NMI, and the VMM waits for the end of that. */
static void nmi_window_guest(void)
{
	protected_guest();
	flip(PRIMARY_CONTROLS, CPU_NMI_WINDOW);
	flip(GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_NMI);
}

static void sti_guest(void)
{
	protected_guest();
	flip(GUEST_RFLAGS, RFLAGS_IF);
	flip(GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_STI);
}

static void timed_guest(void)
{
	protected_guest();
	flip(PIN_CONTROLS, PIN_PREEMPTION_TIMER);
	flip(EXIT_CONTROLS, EXIT_SAVE_TIMER);
}

static void halted_guest(void)
{
	interrupted_guest();
	flip(GUEST_ACTIVITY, ACTIVITY_HLT);
}

static void trapped_guest(void)
{
	protected_guest();
	flip(GUEST_ACTIVITY, ACTIVITY_HLT);
	vmcs_write(ENTRY_INTERRUPTION, INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | 1);
}

/* #GP, with its error code. */
static void faulted_guest(void)
{
	protected_guest();
	vmcs_write(ENTRY_INTERRUPTION,
	           INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | INTERRUPTION_ERROR | 13);
	vmcs_write(ENTRY_ERROR_CODE, 0x18);
}

static void faulted_real_mode_guest(void)
{
	real_mode_guest();
	vmcs_write(ENTRY_INTERRUPTION, INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | 13);
}

/* INT n, of two bytes. */
static void int_guest(void)
{
	protected_guest();
	vmcs_write(ENTRY_INTERRUPTION, INTERRUPTION_VALID | INTERRUPTION_SOFT_INT | 0x80);
	vmcs_write(ENTRY_INSTRUCTION_LENGTH, 2);
}

/* Single-stepped over an STI. */
static void stepped_guest(void)
{
	sti_guest();
	flip(GUEST_RFLAGS, RFLAGS_TF);
	vmcs_write(GUEST_PENDING_DEBUG, PENDING_BS);
}

/* A field that is stale when its valid bit is off is nobody's business. */
static void stale_event_guest(void)
{
	protected_guest();
	vmcs_write(ENTRY_INTERRUPTION, INTERRUPTION_EXTERNAL | BIT(12) | 0x21);
	flip(GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_MOV_SS);
}

/* ---- Each rule, and what breaks it and no other ---- */

enum { BREAKS_MOST = 8 };

static const struct expectation {
	const char *rule, *section;
	struct {
		void (*guest)(void);
		enum vmcs_field field;
		uint64_t flip;
	} breaks[BREAKS_MOST];
} expectations[] = {
	{ "pin-based controls must respect their capability MSR",
	  "26.2.1.1",
	  { { protected_guest, PIN_CONTROLS, BIT(1) },
	    { protected_guest, PIN_CONTROLS, BIT(7) } } },
	{ "primary controls must respect their capability MSR",
	  "26.2.1.1",
	  { { protected_guest, PRIMARY_CONTROLS, BIT(1) },
	    { protected_guest, PRIMARY_CONTROLS, BIT(0) } } },
	{ "secondary controls must respect their capability MSR",
	  "26.2.1.1",
	  { { protected_guest, SECONDARY_CONTROLS, BIT(31) } } },
	{ "I/O and MSR bitmaps must be page aligned",
	  "26.2.1.1",
	  { { protected_guest, IO_BITMAP_A, 0x800 },
	    { protected_guest, IO_BITMAP_B, 1 },
	    { protected_guest, MSR_BITMAP, 0x10 } } },
	{ "virtual NMIs need NMI exiting, NMI window needs virtual NMIs",
	  "26.2.1.1",
	  { { protected_guest, PIN_CONTROLS, PIN_NMI_EXITING },
	    { nmi_window_guest, PIN_CONTROLS, PIN_VIRTUAL_NMIS } } },
	{ "EPTP must be write-back with four levels",
	  "26.2.1.1",
	  { { protected_guest, EPT_POINTER, 6 },
	    { protected_guest, EPT_POINTER, BIT(3) },
	    { protected_guest, EPT_POINTER, BIT(7) },
	    { protected_guest, EPT_POINTER, BIT(11) } } },
	{ "unrestricted guest needs EPT",
	  "26.2.1.1",
	  { { protected_guest, SECONDARY_CONTROLS, CPU2_EPT } } },
	{ "VPID must not be 0", "26.2.1.1", { { protected_guest, VPID, 1 } } },
	{ "exit controls must respect their capability MSR",
	  "26.2.1.2",
	  { { protected_guest, EXIT_CONTROLS, BIT(0) },
	    { protected_guest, EXIT_CONTROLS, BIT(23) } } },
	{ "saving the preemption timer needs the timer active",
	  "26.2.1.2",
	  { { protected_guest, EXIT_CONTROLS, EXIT_SAVE_TIMER },
	    { timed_guest, PIN_CONTROLS, PIN_PREEMPTION_TIMER } } },
	{ "entry controls must respect their capability MSR",
	  "26.2.1.3",
	  { { protected_guest, ENTRY_CONTROLS, BIT(0) },
	    { protected_guest, ENTRY_CONTROLS, BIT(16) } } },
	{ "type and vector of the injected event must agree",
	  "26.2.1.3",
	  { { protected_guest, ENTRY_INTERRUPTION, INTERRUPTION_VALID | 1 << 8 },
	    { protected_guest, ENTRY_INTERRUPTION,
	      INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | 32 },
	    { protected_guest, ENTRY_INTERRUPTION,
	      INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | 6 | 1 << 12 },
	    { nmi_guest, ENTRY_INTERRUPTION, 1 },
	    { interrupted_guest, ENTRY_INTERRUPTION, BIT(30) } } },
	{ "an error code goes with the exceptions that have one, in protected mode",
	  "26.2.1.3",
	  { { faulted_guest, ENTRY_INTERRUPTION, INTERRUPTION_ERROR },
	    { faulted_guest, ENTRY_INTERRUPTION, 13 ^ 6 },
	    { faulted_guest, GUEST_CR0, CR0_PE },
	    { faulted_real_mode_guest, ENTRY_INTERRUPTION, INTERRUPTION_ERROR },
	    { interrupted_guest, ENTRY_INTERRUPTION, INTERRUPTION_ERROR } } },
	{ "bits 31:16 of the error code must be zero",
	  "26.2.1.3",
	  { { faulted_guest, ENTRY_ERROR_CODE, BIT(16) } } },
	{ "what an instruction raised needs its length, 1 to 15",
	  "26.2.1.3",
	  { { int_guest, ENTRY_INSTRUCTION_LENGTH, 2 },
	    { int_guest, ENTRY_INSTRUCTION_LENGTH, 16 } } },
	{ "host CR0 and CR4 must have VMX's fixed bits",
	  "26.2.2",
	  { { protected_guest, HOST_CR0, CR0_NE }, { protected_guest, HOST_CR4, CR4_VMXE } } },
	{ "host bases must be canonical",
	  "26.2.3",
	  { { protected_guest, HOST_FS_BASE, BIT(47) },
	    { protected_guest, HOST_GS_BASE, BIT(48) },
	    { protected_guest, HOST_TR_BASE, BIT(63) },
	    { protected_guest, HOST_GDTR_BASE, BIT(47) },
	    { protected_guest, HOST_IDTR_BASE, BIT(47) } } },
	{ "host CS and TR must not be null, RPL and TI 0",
	  "26.2.3",
	  { { protected_guest, HOST_CS_SELECTOR, 0x08 },
	    { protected_guest, HOST_CS_SELECTOR, 3 },
	    { protected_guest, HOST_TR_SELECTOR, 0x18 },
	    { protected_guest, HOST_TR_SELECTOR, 4 } } },
	{ "host RIP must be canonical, host address space 64-bit",
	  "26.2.4",
	  { { protected_guest, HOST_RIP, BIT(47) },
	    { protected_guest, EXIT_CONTROLS, EXIT_HOST_64 } } },
	{ "guest CR0 must have VMX's fixed bits, PG needs PE",
	  "26.3.1.1",
	  { { protected_guest, GUEST_CR0, CR0_NE },
	    { protected_guest, GUEST_CR0, BIT(32) },
	    { long_guest, GUEST_CR0, CR0_PE },
	    { restricted_guest, GUEST_CR0, CR0_PE },
	    { real_mode_guest, GUEST_CR0, CR0_PG } } },
	{ "guest CR4 must have VMX's fixed bits",
	  "26.3.1.1",
	  { { protected_guest, GUEST_CR4, CR4_VMXE }, { protected_guest, GUEST_CR4, BIT(31) } } },
	{ "IA-32e mode needs CR0.PG and CR4.PAE",
	  "26.3.1.1",
	  { { long_guest, GUEST_CR0, CR0_PG }, { long_guest, GUEST_CR4, CR4_PAE } } },
	{ "EFER.LMA must equal IA-32e mode, and LME with paging on",
	  "26.3.1.1",
	  { { protected_guest, GUEST_EFER, EFER_LMA },
	    { long_guest, GUEST_EFER, EFER_LMA },
	    { long_guest, GUEST_EFER, EFER_LME } } },
	{ "CS must be present code (or type 3 with unrestricted guest), not L and D",
	  "26.3.1.2",
	  { { protected_guest, GUEST_CS_ACCESS, 1 },
	    { protected_guest, GUEST_CS_ACCESS, ACCESS_S },
	    { protected_guest, GUEST_CS_ACCESS, ACCESS_P },
	    { long_guest, GUEST_CS_ACCESS, ACCESS_D },
	    { restricted_guest, GUEST_CS_ACCESS, 11 ^ 3 },
	    { first_generation_guest, GUEST_CS_ACCESS, 11 ^ 3 },
	    { v86_guest, GUEST_CS_ACCESS, ACCESS_DPL } } },
	{ "SS type must be 3 or 7", "26.3.1.2", { { protected_guest, GUEST_SS_ACCESS, 2 } } },
	{ "TR must be a present busy TSS in the GDT",
	  "26.3.1.2",
	  { { protected_guest, GUEST_TR_ACCESS, UNUSABLE },
	    { protected_guest, GUEST_TR_ACCESS, 11 ^ 9 },
	    { protected_guest, GUEST_TR_ACCESS, ACCESS_S },
	    { protected_guest, GUEST_TR_ACCESS, ACCESS_P },
	    { protected_guest, GUEST_TR_SELECTOR, 4 },
	    { long_guest, GUEST_TR_ACCESS, 11 ^ 3 } } },
	{ "RIP must fit the mode",
	  "26.3.1.4",
	  { { protected_guest, GUEST_RIP, BIT(32) },
	    { long_guest, GUEST_RIP, BIT(48) },
	    { long_guest, GUEST_CS_ACCESS, ACCESS_L } } },
	{ "RFLAGS reserved bits, and IF when an interrupt is injected",
	  "26.3.1.4",
	  { { protected_guest, GUEST_RFLAGS, BIT(1) },
	    { protected_guest, GUEST_RFLAGS, BIT(3) },
	    { protected_guest, GUEST_RFLAGS, BIT(15) },
	    { protected_guest, GUEST_RFLAGS, BIT(22) },
	    { interrupted_guest, GUEST_RFLAGS, RFLAGS_IF } } },
	{ "activity must be active, or HLT without an STI or MOV SS shadow",
	  "26.3.1.5",
	  { { protected_guest, GUEST_ACTIVITY, 2 }, { sti_guest, GUEST_ACTIVITY, ACTIVITY_HLT } } },
	{ "HLT needs a privilege level of 0",
	  "26.3.1.5",
	  { { halted_guest, GUEST_SS_ACCESS, ACCESS_DPL } } },
	{ "an event injected into HLT must be an interrupt, an NMI, #DB or #MC",
	  "26.3.1.5",
	  { { halted_guest, ENTRY_INTERRUPTION,
	      0x21 ^ 6 ^ INTERRUPTION_EXTERNAL ^ INTERRUPTION_EXCEPTION },
	    { trapped_guest, ENTRY_INTERRUPTION, 1 ^ 3 } } },
	{ "interruptibility must fit IF and the injected event",
	  "26.3.1.5",
	  { { protected_guest, GUEST_INTERRUPTIBILITY, BIT(5) },
	    { protected_guest, GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_STI },
	    { sti_guest, GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_MOV_SS },
	    { interrupted_guest, GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_STI },
	    { interrupted_guest, GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_MOV_SS },
	    { nmi_guest, GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_MOV_SS },
	    { nmi_guest, GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_NMI } } },
	{ "SMIs must not be blocked outside of SMM",
	  "26.3.1.5",
	  { { protected_guest, GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_SMI } } },
	{ "reserved bits of the pending debug exceptions must be zero",
	  "26.3.1.5",
	  { { protected_guest, GUEST_PENDING_DEBUG, BIT(4) },
	    { protected_guest, GUEST_PENDING_DEBUG, BIT(13) },
	    { protected_guest, GUEST_PENDING_DEBUG, BIT(17) } } },
	{ "in HLT or a shadow a single step must be pending exactly where TF is set",
	  "26.3.1.5",
	  { { stepped_guest, GUEST_PENDING_DEBUG, PENDING_BS },
	    { stepped_guest, GUEST_RFLAGS, RFLAGS_TF },
	    { stepped_guest, GUEST_DEBUGCTL, DEBUGCTL_BTF },
	    { halted_guest, GUEST_RFLAGS, RFLAGS_TF } } },
	{ "the link pointer must be all ones",
	  "26.3.1.5",
	  { { protected_guest, VMCS_LINK_POINTER, BIT(63) } } },
	{ "reserved bits of the PAE pointers must be zero",
	  "26.3.1.6",
	  { { pae_guest, GUEST_PDPTE0, BIT(5) }, { pae_guest, GUEST_PDPTE0 + 6, 1 } } },
};

/* ---- Tests ---- */

static struct vcpu pulse = { .name = "pulse" };

static unsigned audit(void)
{
	printed_clear();
	return vmx_audit(&pulse);
}

static const struct expectation *expectation_of(const char *rule)
{
	for (size_t i = 0; i < LENGTH(expectations); i++)
		if (!strcmp(expectations[i].rule, rule))
			return &expectations[i];
	return NULL;
}

/* The field that the line for this rule shows. */
static enum vmcs_field field_shown(const char *rule)
{
	for (unsigned row = 0; vmx_rule(row) != NULL; row++)
		if (!strcmp(vmx_rule(row)->rule, rule))
			return vmx_rule(row)->field;
	fail_msg("no such rule: %s", rule);
	return VPID;
}

static void a_guest_that_breaks_no_rule_prints_nothing(void **state)
{
	static void (*const guests[])(void) = {
		protected_guest,   long_guest,
		restricted_guest,  first_generation_guest,
		real_mode_guest,   v86_guest,
		interrupted_guest, nmi_guest,
		nmi_window_guest,  sti_guest,
		timed_guest,       halted_guest,
		trapped_guest,     stale_event_guest,
		faulted_guest,     int_guest,
		stepped_guest,     faulted_real_mode_guest,
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(guests); i++) {
		guests[i]();
		unsigned broken = audit();

		assert_string_equal(printed(), "");
		assert_int_equal(broken, 0);
	}
}

static void expect_named(const struct expectation *e, unsigned n)
{
	char line[LOG_LINE_MAX];
	enum vmcs_field shown = field_shown(e->rule);

	e->breaks[n].guest();
	assert_int_equal(audit(), 0);
	flip(e->breaks[n].field, e->breaks[n].flip);
	unsigned broken = audit();

	snprintf(line, sizeof(line),
	         "signalbox: vm pulse: entry rule broken: %s; field %x = %llx (SDM 3C %s)\n",
	         e->rule, (unsigned)shown, (unsigned long long)vmcs_read(shown), e->section);
	assert_string_equal(printed(), line);
	assert_int_equal(broken, 1);
}

static void each_rule_that_is_broken_is_the_one_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(expectations); i++)
		for (unsigned n = 0; n < BREAKS_MOST && expectations[i].breaks[n].guest; n++)
			expect_named(&expectations[i], n);
}

static void every_rule_has_a_case_that_breaks_it(void **state)
{
	unsigned row = 0;

	(void)state;
	for (; vmx_rule(row) != NULL; row++) {
		const struct expectation *e = expectation_of(vmx_rule(row)->rule);

		if (!e || !e->breaks[0].guest)
			fail_msg("no case breaks the rule: %s", vmx_rule(row)->rule);
	}
	assert_int_equal(row, LENGTH(expectations));
}

static void rules_that_are_broken_together_are_named_in_the_manuals_order(void **state)
{
	(void)state;
	protected_guest();
	flip(VMCS_LINK_POINTER, 1);
	flip(VPID, 1);
	flip(HOST_RIP, BIT(47));
	assert_int_equal(audit(), 3);
	const char *vpid = strstr(printed(), "VPID must not be 0"),
		   *rip = strstr(printed(), "host RIP must be"),
		   *link = strstr(printed(), "the link pointer must be");

	assert_non_null(vpid);
	assert_non_null(rip);
	assert_non_null(link);
	assert_true(vpid < rip && rip < link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_that_breaks_no_rule_prints_nothing),
		cmocka_unit_test(each_rule_that_is_broken_is_the_one_named),
		cmocka_unit_test(every_rule_has_a_case_that_breaks_it),
		cmocka_unit_test(rules_that_are_broken_together_are_named_in_the_manuals_order),
	};

	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
