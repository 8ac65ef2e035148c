/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The choice of mitigations that this processor needs and offers. See the header for the rule.
 *
 * Sources: Intel's "Affected Processors: Transient Execution Attacks" and SDM 4 (MSRs 49h, 10Ah,
 * 10Bh); AMD's "Speculation Behavior" and "Transient Scheduler Attacks" papers, APM 3 appendix E.
 */
#include "arch/x86/cpu/mitigations.h"
#include "arch/x86/cpu/io.h"

#include <stdint.h>
#include <stdio.h>

enum { LEAF_STRUCTURED = 7 };
#define LEAF_EXTENDED 0x80000000u
#define LEAF_SIZES 0x80000008u
#define LEAF_FEATURES_2 0x80000021u

/* CPUID.7:EDX, CPUID.7:EBX */
enum {
	EDX_MD_CLEAR = 1 << 10,
	EDX_IBPB = 1 << 26,
	EDX_L1D_FLUSH = 1 << 28,
	EDX_ARCH = 1 << 29,
	EBX_RTM = 1 << 11
};
/* CPUID.80000008h:EBX; CPUID.80000021h:EAX and ECX */
enum { EBX_AMD_IBPB = 1 << 12, EBX_AMD_IBPB_RET = 1 << 30 };
enum { EAX_VERW_CLEAR = 1 << 5, ECX_TSA_NO = 3 << 1 };

enum { IA32_PRED_CMD = 0x49, IA32_ARCH_CAPABILITIES = 0x10a, IA32_FLUSH_CMD = 0x10b };
enum { PRED_CMD_IBPB = 1, FLUSH_CMD_L1D = 1 };
/* IA32_ARCH_CAPABILITIES */
enum {
	RDCL_NO = 1 << 0,
	SKIP_L1D_FLUSH = 1 << 3,
	MDS_NO = 1 << 5,
	PSCHANGE_MC_NO = 1 << 6,
	TAA_NO = 1 << 8,
	FB_CLEAR = 1 << 17,
	RFDS_CLEAR = 1 << 28,
};

struct mitigations mitigations;

/* The facts about the processor that matter here. */
struct processor {
	bool intel;
	unsigned family, model;
	struct cpuid structured, sizes, features_2; /* leaves 7, 80000008h and 80000021h; else 0 */
	uint64_t capabilities;
};

/* CPUID.1:EAX: 27:20 extended family | 19:16 extended model | 11:8 family | 7:4 model */
static struct processor look(void)
{
	enum { GENU = 0x756e6547, FAMILY_EXTENDED = 15 };
	struct cpuid vendor = cpu_id(0, 0);
	uint32_t signature = cpu_id(1, 0).eax, extended = cpu_id(LEAF_EXTENDED, 0).eax;
	struct processor p = { .intel = vendor.ebx == GENU };

	p.family = signature >> 8 & 15;
	p.model = (signature >> 4 & 15) | (signature >> 12 & 0xf0);
	if (p.family == FAMILY_EXTENDED)
		p.family += signature >> 20 & 0xff;
	if (vendor.eax >= LEAF_STRUCTURED)
		p.structured = cpu_id(LEAF_STRUCTURED, 0);
	if (extended >= LEAF_SIZES)
		p.sizes = cpu_id(LEAF_SIZES, 0);
	if (extended >= LEAF_FEATURES_2)
		p.features_2 = cpu_id(LEAF_FEATURES_2, 0);
	if (p.structured.edx & EDX_ARCH)
		p.capabilities = msr_read(IA32_ARCH_CAPABILITIES);
	return p;
}

/* Intel's small cores and Xeon Phi of family 6: neither L1TF nor the fault of the instruction
 * TLB. */
static bool is_small_core(const struct processor *p)
{
	static const uint8_t models[] = { 0x1c, 0x26, 0x27, 0x35, 0x36, 0x37, 0x4a,
		                          0x4c, 0x4d, 0x57, 0x5a, 0x5c, 0x5f, 0x75,
		                          0x7a, 0x85, 0x86, 0x96, 0x9c };

	for (unsigned i = 0; i < sizeof(models); i++)
		if (models[i] == p->model)
			return true;
	return false;
}

static bool leaks_l1d(const struct processor *p)
{
	return p->intel && p->family == 6 && !is_small_core(p) &&
	       !(p->capabilities & (RDCL_NO | SKIP_L1D_FLUSH));
}

/* Returns true when the processor needs VERW. RTM: an aborted transaction reads the same buffers.
 * FB_CLEAR, RFDS_CLEAR and VERW_CLEAR announce VERW as the remedy for attacks after MDS. */
static bool leaks_buffers(const struct processor *p)
{
	if (!p->intel)
		return p->features_2.eax & EAX_VERW_CLEAR &&
		       (p->features_2.ecx & ECX_TSA_NO) != ECX_TSA_NO;
	if (p->capabilities & (FB_CLEAR | RFDS_CLEAR))
		return true;
	bool aborts = p->structured.ebx & EBX_RTM && !(p->capabilities & TAA_NO);
	return p->family == 6 && (!(p->capabilities & MDS_NO) || aborts);
}

static bool has_multihit(const struct processor *p)
{
	return p->intel && p->family == 6 && !is_small_core(p) &&
	       !(p->capabilities & PSCHANGE_MC_NO);
}

static void want(bool asked, bool offered, unsigned what)
{
	if (asked && offered)
		mitigations.at_switch |= what;
	else if (asked)
		mitigations.missing |= what;
}

static void choose(const struct processor *p)
{
	bool ibpb = p->structured.edx & EDX_IBPB || p->sizes.ebx & EBX_AMD_IBPB;
	bool with_returns = p->sizes.ebx & EBX_AMD_IBPB_RET;
	bool verw = p->structured.edx & EDX_MD_CLEAR || p->capabilities & (FB_CLEAR | RFDS_CLEAR) ||
	            p->features_2.eax & EAX_VERW_CLEAR;

	want(true, ibpb, MITIGATE_IBPB);
	want(ibpb && !with_returns, true, MITIGATE_RSB);
	want(leaks_l1d(p), p->structured.edx & EDX_L1D_FLUSH, MITIGATE_L1D);
	want(leaks_buffers(p), verw, MITIGATE_VERW);
	mitigations.small_pages = has_multihit(p);
}

/* Carries out the mitigations. VERW comes last, because all code before may fill the buffers
 * again. */
void mitigations_carry_out(const void *vm)
{
	const unsigned what = mitigations.at_switch;

	if (vm == mitigations.last)
		return;
	mitigations.last = vm;
	if (what & MITIGATE_IBPB)
		msr_write(IA32_PRED_CMD, PRED_CMD_IBPB);
	if (what & MITIGATE_RSB)
		mitigations_fill_rsb();
	if (what & MITIGATE_L1D)
		msr_write(IA32_FLUSH_CMD, FLUSH_CMD_L1D);
	if (what & MITIGATE_VERW)
		mitigations_verw();
}

/* Returns the extra cost of a switch in TSC ticks, for the banner and the bench. */
static uint64_t measure(void)
{
	enum { TIMES = 16 };
	static const char somebody[TIMES];
	uint64_t begin = cpu_tsc();

	for (unsigned i = 0; i < TIMES; i++)
		mitigations_carry_out(&somebody[i]);
	mitigations.last = NULL;
	return (cpu_tsc() - begin) / TIMES;
}

void mitigations_init(bool off)
{
	struct processor p = look();

	mitigations = (struct mitigations){ .off = off };
	if (off)
		return;
	choose(&p);
	if (mitigations.at_switch != 0)
		mitigations.ticks = measure();
}

static int name(char *text, size_t size, unsigned what)
{
	static const char *const names[] = { "IBPB", "RSB fill", "L1D flush", "VERW" };
	int length = 0;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (what >> i & 1)
			length += snprintf(text + length, size - (size_t)length, "%s%s",
			                   length ? ", " : "", names[i]);
	return length;
}

const char *mitigations_describe(void)
{
	static char text[160];
	int at = 0;

	if (mitigations.off)
		return "off (mitigations=off)";
	if (mitigations.at_switch != 0) {
		at = name(text, sizeof(text), mitigations.at_switch);
		at += snprintf(text + at, sizeof(text) - (size_t)at, " at a switch, %lu TSC ticks",
		               (unsigned long)mitigations.ticks);
	} else {
		at = snprintf(text, sizeof(text), "nothing at a switch");
	}
	if (mitigations.small_pages)
		at += snprintf(text + at, sizeof(text) - (size_t)at,
		               "; code in 4K pages (iTLB multihit)");
	if (mitigations.missing != 0) {
		at += snprintf(text + at, sizeof(text) - (size_t)at, "; not offered: ");
		(void)name(text + at, sizeof(text) - (size_t)at, mitigations.missing);
	}
	return text;
}
