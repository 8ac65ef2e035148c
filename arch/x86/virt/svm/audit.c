/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The manual's checks on VMRUN, run in software after the processor has refused a VMRUN. The
 * message then names the broken rule.
 *
 * Rule: each check has one row, in the order of the manual, with its section. A check reads the
 * VMCB only. A bit counts as reserved only when no processor has given a meaning to the bit.
 */
#include "arch/x86/virt/svm/audit.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "arch/x86/virt/svm/svm.h"

#include <stddef.h>
#include <string.h>

#define CR0_PE (1ull << 0)
#define CR0_NW (1ull << 29)
#define CR0_CD (1ull << 30)
#define CR0_PG (1ull << 31)
#define CR4_PAE (1ull << 5)
#define EFER_LME (1ull << 8)
#define EFER_SVME (1ull << 12)
enum { CS_LONG = 1 << 9, CS_DEFAULT_32 = 1 << 10 };
enum { PAGE = 4096, IOPM_PAGES = 3, MSRPM_PAGES = 2 }; /* APM 2 15.10.1, 15.11 */
#define LEAF_ADDRESS_SIZES 0x80000008u

/*
 * CR4 (APM 2 3.1.3): 23 CET | 22 PKE | 21 SMAP | 20 SMEP | 18 OSXSAVE | 17 PCIDE | 16 FSGSBASE |
 * 12 LA57 | 11 UMIP | 10:0 VME ...
 * EFER (APM 2 3.1.7): 21 AIBRSE | 20 UAIE | 18 INTWB | 17 MCOMMIT | 15 TCE | 14 FFXSR | 13 LMSLE |
 * 12 SVME | 11 NXE | 10 LMA |
 *   8 LME | 7:1 read as zero | 0 SCE
 */
#define CR4_RESERVED (~0xf71fffull)
#define EFER_RESERVED (~0x36fdffull)
#define HIGH_HALF (~0ull << 32)

/* Returns the bits of an address that the processor does not have (CPUID 80000008h). */
static uint64_t beyond_memory(void)
{
	unsigned bits = cpu_id(LEAF_ADDRESS_SIZES, 0).eax & 0xff;

	return ~0ull << bits;
}

/* Returns true when all pages of the map lie in the machine's memory. The processor ignores the low
 * bits of a map's address. */
static bool in_memory(uint64_t map, unsigned pages)
{
	uint64_t last = (map | (PAGE - 1)) + (uint64_t)(pages - 1) * PAGE;

	return !((map | last) & beyond_memory());
}

static bool long_mode_paging(const struct vmcb *c)
{
	return c->efer & EFER_LME && c->cr0 & CR0_PG;
}

static bool svme_ok(const struct vmcb *c)
{
	return c->efer & EFER_SVME;
}
static bool cache_ok(const struct vmcb *c)
{
	return c->cr0 & CR0_CD || !(c->cr0 & CR0_NW);
}
static bool cr0_ok(const struct vmcb *c)
{
	return !(c->cr0 & HIGH_HALF);
}
static bool cr3_ok(const struct vmcb *c)
{
	return !long_mode_paging(c) || !(c->cr3 & beyond_memory());
}
static bool cr4_ok(const struct vmcb *c)
{
	return !(c->cr4 & CR4_RESERVED);
}
static bool dr6_ok(const struct vmcb *c)
{
	return !(c->dr6 & HIGH_HALF);
}
static bool dr7_ok(const struct vmcb *c)
{
	return !(c->dr7 & HIGH_HALF);
}
static bool efer_ok(const struct vmcb *c)
{
	return !(c->efer & EFER_RESERVED);
}
static bool pae_ok(const struct vmcb *c)
{
	return !long_mode_paging(c) || c->cr4 & CR4_PAE;
}
static bool protection_ok(const struct vmcb *c)
{
	return !long_mode_paging(c) || c->cr0 & CR0_PE;
}
static bool cs_ok(const struct vmcb *c)
{
	const unsigned both = CS_LONG | CS_DEFAULT_32;

	return !(long_mode_paging(c) && c->cr4 & CR4_PAE && (c->cs.attributes & both) == both);
}
static bool vmrun_ok(const struct vmcb *c)
{
	return c->intercept_2 & INTERCEPT_VMRUN;
}
static bool msrpm_ok(const struct vmcb *c)
{
	return !(c->intercept_1 & INTERCEPT_MSR) || in_memory(c->msrpm_base, MSRPM_PAGES);
}
static bool iopm_ok(const struct vmcb *c)
{
	return !(c->intercept_1 & INTERCEPT_IOIO) || in_memory(c->iopm_base, IOPM_PAGES);
}
static bool event_ok(const struct vmcb *c)
{
	enum { VECTOR_NMI = 2, EXCEPTIONS = 32 };
	const uint64_t type = c->event_injection & EVENT_TYPE, vector = c->event_injection & 0xff;
	if (!(c->event_injection & EVENT_VALID))
		return true;
	if (type == EVENT_EXCEPTION)
		return vector < EXCEPTIONS && vector != VECTOR_NMI;
	return type == EVENT_INTERRUPT || type == EVENT_NMI || type == EVENT_SOFTWARE;
}
static bool asid_ok(const struct vmcb *c)
{
	return c->asid != 0;
}
static bool asids_ok(const struct vmcb *c)
{
	return c->asid < svm_caps.asids;
}
static bool nested_cr3_ok(const struct vmcb *c)
{
	return !(c->nested_paging & 1) || !(c->nested_cr3 & beyond_memory());
}
/* Types are UC, WC, WT, WP, WB and UC-: 0, 1, 4, 5, 6, 7 (APM 2 7.8.1). */
static bool pat_ok(const struct vmcb *c)
{
	bool valid = true;

	for (unsigned shift = 0; shift < 64; shift += 8) {
		unsigned type = c->pat >> shift & 0xff;
		valid = valid && type < 8 && type != 2 && type != 3;
	}
	return valid || !(c->nested_paging & 1);
}

#define FIELD(name) offsetof(struct vmcb, name), sizeof(((struct vmcb *)0)->name)

static const struct svm_rule rules[] = {
	{ svme_ok, "EFER.SVME must be set", FIELD(efer), "5.1" },
	{ cache_ok, "CR0.NW must be clear where CD is", FIELD(cr0), "5.1" },
	{ cr0_ok, "CR0[63:32] must be zero", FIELD(cr0), "5.1" },
	{ cr3_ok, "CR3 must be an address that the processor has", FIELD(cr3), "5.1" },
	{ cr4_ok, "reserved bits of CR4 must be zero", FIELD(cr4), "5.1" },
	{ dr6_ok, "DR6[63:32] must be zero", FIELD(dr6), "5.1" },
	{ dr7_ok, "DR7[63:32] must be zero", FIELD(dr7), "5.1" },
	{ efer_ok, "reserved bits of EFER must be zero", FIELD(efer), "5.1" },
	{ pae_ok, "EFER.LME and CR0.PG need CR4.PAE", FIELD(cr4), "5.1" },
	{ protection_ok, "EFER.LME and CR0.PG need CR0.PE", FIELD(cr0), "5.1" },
	{ cs_ok, "CS must not be L and D in long mode", FIELD(cs.attributes), "5.1" },
	{ vmrun_ok, "VMRUN must be intercepted", FIELD(intercept_2), "5.1" },
	{ msrpm_ok, "the MSR permission map must be in memory that the processor has",
	  FIELD(msrpm_base), "5.1" },
	{ iopm_ok, "the I/O permission map must be in memory that the processor has",
	  FIELD(iopm_base), "5.1" },
	{ event_ok, "type and vector of the injected event must agree", FIELD(event_injection),
	  "20" },
	{ asid_ok, "ASID must not be 0", FIELD(asid), "5.1" },
	{ asids_ok, "ASID must be one that the processor has", FIELD(asid), "16" },
	{ nested_cr3_ok, "nested CR3 must be an address that the processor has", FIELD(nested_cr3),
	  "25.4" },
	{ pat_ok, "each type in PAT must exist", FIELD(pat), "25.4" },
};

static uint64_t read_field(const struct vmcb *c, size_t field, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, (const uint8_t *)c + field, size);
	return value;
}

const struct svm_rule *svm_rule(unsigned row)
{
	return row < sizeof(rules) / sizeof(rules[0]) ? &rules[row] : NULL;
}

unsigned svm_audit(struct vcpu *v)
{
	const struct svm_rule *r;
	unsigned broken = 0;

	for (unsigned row = 0; (r = svm_rule(row)) != NULL; row++) {
		if (r->holds(v->vmcb))
			continue;
		log_note("vm %s: entry rule broken: %s; VMCB[%lxh] = %lx (APM 2 15.%s)", v->name,
		         r->rule, r->field, read_field(v->vmcb, r->field, r->size), r->section);
		broken++;
	}
	return broken;
}
