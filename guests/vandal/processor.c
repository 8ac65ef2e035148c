/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attacks at the processor: VMX and SVM instructions, model-specific and control registers, XCR0.
 *
 * Rule: each attempt is a row of a table, with the exception that must come under a VMM and on the
 * bare machine. Attempts that an emulator's bare machine may carry out, and not survive, are left
 * out there.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/machine.h"
#include "guests/lib/traps.h"
#include "guests/vandal/vandal.h"

enum { NONE = -1, UD = 6, GP = 13, ANY = -2, SKIP = -3 };

struct tally {
	unsigned tried, wrong;
	/* the first failed attempt, the vector that came and the expected vector */
	const char *first;
	int came, wanted;
};

static void tally(struct tally *t, const char *name, int came, int wanted)
{
	t->tried++;
	if (came == wanted || wanted == ANY)
		return;
	if (t->wrong++ == 0) {
		t->first = name;
		t->came = came;
		t->wanted = wanted;
	}
}

struct attempt {
	const char *name;
	uint32_t number;
	bool write;
	uint64_t value;
	int bare, guest; /* expected vector on the bare machine, and under a VMM */
};

static void attempt_all(struct tally *t, void (*body)(void *), struct attempt *rows, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		int wanted = machine_is_virtual() ? rows[i].guest : rows[i].bare;

		if (wanted != SKIP)
			tally(t, rows[i].name, trap_try(body, &rows[i]), wanted);
	}
}

static void says(const struct tally *t, const char *kind)
{
	if (t->wrong == 0)
		vandal_says(true, "%u %s, each answered as it must be", t->tried, kind);
	else
		vandal_says(false, "%u %s, %u answered wrong, first %s: vector %d instead of %d",
		            t->tried, kind, t->wrong, t->first, t->came, t->wanted);
}

/* ---- Virtualisation instructions ---- */

static uint64_t operand[2] __attribute__((aligned(4096)));

#define BODY(name, code)                                                      \
	static void try_##name(void *unused)                                  \
	{                                                                     \
		(void)unused;                                                 \
		__asm__ volatile(code                                         \
		                 :                                            \
		                 : "m"(operand), "a"(0ul), "c"(0ul), "d"(0ul) \
		                 : "memory", "cc");                           \
	}
BODY(vmxon, "vmxon %0")
BODY(vmxoff, "vmxoff")
BODY(vmclear, "vmclear %0")
BODY(vmptrld, "vmptrld %0")
BODY(vmptrst, "vmptrst %0")
BODY(vmread, "vmread %%rax, %%rdx")
BODY(vmwrite, "vmwrite %%rdx, %%rax")
BODY(vmlaunch, "vmlaunch")
BODY(vmresume, "vmresume")
BODY(invept, "invept %0, %%rax")
BODY(invvpid, "invvpid %0, %%rax")
BODY(vmfunc, ".byte 0x0f, 0x01, 0xd4")
BODY(vmrun, "vmrun %%rax")
BODY(vmload, "vmload %%rax")
BODY(vmsave, "vmsave %%rax")
BODY(stgi, "stgi")
BODY(clgi, "clgi")
BODY(skinit, "skinit %%eax")
BODY(invlpga, "invlpga %%rax, %%ecx")

void vandal_vmx(const char *argument)
{
	static const struct {
		const char *name;
		void (*body)(void *);
	} rows[] = {
		{ "VMXON", try_vmxon },       { "VMXOFF", try_vmxoff },
		{ "VMCLEAR", try_vmclear },   { "VMPTRLD", try_vmptrld },
		{ "VMPTRST", try_vmptrst },   { "VMREAD", try_vmread },
		{ "VMWRITE", try_vmwrite },   { "VMLAUNCH", try_vmlaunch },
		{ "VMRESUME", try_vmresume }, { "INVEPT", try_invept },
		{ "INVVPID", try_invvpid },   { "VMFUNC", try_vmfunc },
		{ "VMRUN", try_vmrun },       { "VMLOAD", try_vmload },
		{ "VMSAVE", try_vmsave },     { "STGI", try_stgi },
		{ "CLGI", try_clgi },         { "SKINIT", try_skinit },
		{ "INVLPGA", try_invlpga },
	};
	struct tally t = { 0 };

	(void)argument;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tally(&t, rows[i].name, trap_try(rows[i].body, NULL), UD);
	says(&t, "VMX and SVM instructions");
}

/* ---- Registers by number ---- */

static void try_msr(void *argument)
{
	const struct attempt *a = argument;

	if (a->write)
		msr_write(a->number, a->value);
	else
		(void)msr_read(a->number);
}

#define MSR_EFER 0xc0000080u
enum {
	MSR_APIC_BASE = 0x1b,
	MSR_FEATURE_CONTROL = 0x3a,
	MSR_VMX_BASIC = 0x480,
	MSR_NOWHERE = 0x1234567
};

void vandal_msr(const char *argument)
{
	uint64_t efer = msr_read(MSR_EFER);
	struct attempt rows[] = {
		{ "reading FEATURE_CONTROL", MSR_FEATURE_CONTROL, false, 0, ANY, GP },
		{ "writing FEATURE_CONTROL", MSR_FEATURE_CONTROL, true, 0, SKIP, GP },
		{ "reading APIC_BASE", MSR_APIC_BASE, false, 0, ANY, GP },
		{ "writing APIC_BASE, reserved bits", MSR_APIC_BASE, true, ~0ul, SKIP, GP },
		{ "reading VMX_BASIC", MSR_VMX_BASIC, false, 0, ANY, GP },
		{ "writing VMX_BASIC", MSR_VMX_BASIC, true, 0, SKIP, GP },
		{ "reading an MSR that is none", MSR_NOWHERE, false, 0, ANY, GP },
		{ "writing an MSR that is none", MSR_NOWHERE, true, 0, SKIP, GP },
		{ "EFER, reserved bits", MSR_EFER, true, efer | 1ul << 20, ANY, GP },
		{ "EFER without LME while paging", MSR_EFER, true, efer & ~(1ul << 8), SKIP, GP },
		{ "EFER as it is", MSR_EFER, true, efer, NONE, NONE },
	};
	struct tally t = { 0 };

	(void)argument;
	attempt_all(&t, try_msr, rows, sizeof(rows) / sizeof(rows[0]));
	says(&t, "accesses to MSRs");
}

static void try_cr(void *argument)
{
	const struct attempt *a = argument;

	if (a->number == 0)
		cr0_write(a->value);
	else
		cr4_write(a->value);
}

#define CR0_PE (1ul << 0)
#define CR0_WP (1ul << 16)
#define CR0_NW (1ul << 29)
#define CR0_CD (1ul << 30)
#define CR0_PG (1ul << 31)
#define CR4_MCE (1ul << 6)
#define CR4_PAE (1ul << 5)
#define CR4_VMXE (1ul << 13)
#define CR4_PKE (1ul << 22)
#define CR4_CET (1ul << 23)
#define CR4_RESERVED (1ul << 31)

void vandal_cr(const char *argument)
{
	const int upper = args_number("upper", 1) ? GP : SKIP;
	uint64_t cr0 = cr0_read(), cr4 = cr4_read();
	struct attempt rows[] = {
		{ "CR4.VMXE", 4, true, cr4 | CR4_VMXE, SKIP, GP },
		{ "CR4.PKE", 4, true, cr4 | CR4_PKE, SKIP, GP },
		{ "CR4.CET", 4, true, cr4 | CR4_CET, SKIP, GP },
		{ "CR4, a reserved bit", 4, true, cr4 | CR4_RESERVED, SKIP, GP },
		{ "CR4 without PAE in long mode", 4, true, cr4 & ~CR4_PAE, SKIP, GP },
		{ "CR0 without PG in 64-bit code", 0, true, cr0 & ~CR0_PG, SKIP, GP },
		{ "CR0 without PG, with CD", 0, true, (cr0 & ~CR0_PG) | CR0_CD, SKIP, GP },
		{ "CR0 without PE", 0, true, cr0 & ~CR0_PE, SKIP, GP },
		{ "CR0.NW without CD", 0, true, (cr0 | CR0_NW) & ~CR0_CD, SKIP, GP },
		{ "CR0, upper half", 0, true, cr0 | 1ul << 40, SKIP, upper },
		{ "CR0.CD", 0, true, cr0 | CR0_CD, NONE, NONE },
		{ "CR0.WP", 0, true, cr0 | CR0_WP, NONE, NONE },
		{ "CR0 as it was", 0, true, cr0, NONE, NONE },
		{ "CR4.MCE", 4, true, cr4 | CR4_MCE, NONE, NONE },
		{ "CR4 as it was", 4, true, cr4, NONE, NONE },
	};
	struct tally t = { 0 };

	(void)argument;
	attempt_all(&t, try_cr, rows, sizeof(rows) / sizeof(rows[0]));
	tally(&t, "reading CR0 back", cr0_read() == cr0 ? NONE : GP, NONE);
	tally(&t, "reading CR4 back", cr4_read() == cr4 ? NONE : GP, NONE);
	says(&t, "writes to control registers");
}

/* ---- XCR0 ---- */

enum { CPUID_XSAVE = 1 << 26 };
#define CR4_OSXSAVE (1ul << 18)

static void try_xsetbv(void *argument)
{
	const struct attempt *a = argument;

	__asm__ volatile("xsetbv"
	                 :
	                 : "c"(a->number), "a"((uint32_t)a->value),
	                   "d"((uint32_t)(a->value >> 32)));
}

void vandal_xsetbv(const char *argument)
{
	struct attempt rows[] = {
		{ "XCR0 = 0", 0, true, 0, ANY, GP },
		{ "XCR0 without x87", 0, true, 2, ANY, GP },
		{ "XCR0, AVX without SSE", 0, true, 5, ANY, GP },
		{ "XCR0, a reserved bit", 0, true, 1ul << 62 | 3, ANY, GP },
		{ "XCR1", 1, true, 3, ANY, GP },
		{ "XCR0 with x87 and SSE", 0, true, 3, NONE, NONE },
		{ "XCR0 with x87", 0, true, 1, NONE, NONE },
	};
	struct tally t = { 0 };

	(void)argument;
	if (!(cpu_id(1, 0).ecx & CPUID_XSAVE)) {
		vandal_says(true, "there is no XSAVE");
		return;
	}
	cr4_write(cr4_read() | CR4_OSXSAVE);
	attempt_all(&t, try_xsetbv, rows, sizeof(rows) / sizeof(rows[0]));
	cr4_write(cr4_read() & ~CR4_OSXSAVE);
	says(&t, "writes to XCR0");
}

/* ---- Caches ---- */

BODY(wbinvd, "wbinvd")
BODY(invd, "invd")

/* A word that was written before must be there afterwards. INVD would lose the word on the bare
 * machine. */
void vandal_caches(const char *argument)
{
	enum { ROUNDS = 2000, WORDS = 64 };
	static volatile uint32_t words[WORDS];
	const uint32_t rounds = (uint32_t)vandal_number(argument, "rounds", ROUNDS);
	struct tally t = { 0 };
	unsigned lost = 0;

	for (uint32_t i = 0; i < rounds; i++) {
		words[i % WORDS] = ~i;
		tally(&t, "WBINVD", trap_try(try_wbinvd, NULL), NONE);
		if (machine_is_virtual())
			tally(&t, "INVD", trap_try(try_invd, NULL), NONE);
		lost += words[i % WORDS] != ~i;
	}
	if (lost != 0)
		vandal_says(false, "%u words lost of %u", lost, (unsigned)rounds);
	else
		says(&t, "cache instructions");
}
