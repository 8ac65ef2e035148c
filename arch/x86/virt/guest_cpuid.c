/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The answers of CPUID to a guest. See the header for the rule. The bits are from SDM 2A, CPUID,
 * and APM 3, appendix E.
 */
#include "arch/x86/virt/guest_cpuid.h"
#include "arch/x86/cpu/fpu.h"
#include "arch/x86/cpu/hypervisor.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/guest_registers.h"

#include <string.h>

#define BIT(n) (1u << (n))
#define BITS(high, low) (UINT32_MAX >> (31 - (high)) & UINT32_MAX << (low))

enum { LEAF_FEATURES = 1, LEAF_CACHES = 4, LEAF_STRUCTURED = 7, LEAF_XSAVE = 0xd };
enum { LEAF_POWER = 6, EAX_ARAT = 1 << 2 };
enum { LEAF_TSC = 0x15, LEAF_FREQUENCIES = 0x16 };
#define LEAF_EXTENDED 0x80000000u
#define LEAF_EXTENDED_LAST 0x80000008u
#define LEAF_EXTENDED_FEATURES 0x80000001u

/* SSE3 PCLMULQDQ SSSE3 FMA CX16 PCID SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX F16C RDRAND. No
 * MONITOR, VMX, SMX, EIST, thermal, PDCM, x2APIC, TSC_DEADLINE. */
#define SHOW_1_ECX                                                                              \
	(BIT(0) | BIT(1) | BIT(9) | BIT(12) | BIT(13) | BIT(17) | BIT(19) | BIT(20) | BIT(22) | \
	 BIT(23) | BIT(25) | BIT(26) | BIT(28) | BIT(29) | BIT(30))
#define ECX_OSXSAVE BIT(27)
/* FPU VME DE PSE TSC MSR PAE CX8 SEP PGE CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2 SS. A guest has the
 * 8259 pair and no local APIC; no MCE, MTRR, MCA, DS, ACPI, HTT, TM, PBE. */
#define SHOW_1_EDX (BITS(6, 0) | BIT(8) | BIT(11) | BIT(13) | BITS(17, 15) | BIT(19) | BITS(27, 23))
/* FSGSBASE BMI1 HLE AVX2 FDP_EXCPTN_ONLY SMEP BMI2 ERMS INVPCID RTM FCS_FDS AVX512F DQ RDSEED ADX
 * SMAP IFMA CLFLUSHOPT CLWB PF ER CD SHA BW VL. No SGX, PQM, MPX, PQE, PT. */
#define SHOW_7_EBX (BIT(0) | BITS(11, 3) | BIT(13) | BITS(21, 16) | BITS(24, 23) | BITS(31, 26))
#define EBX_INVPCID BIT(10)
/* Shown always: the VMM answers for the MSR TSC_ADJUST (guest_registers.c). */
#define EBX_TSC_ADJUST BIT(1)
#define EBX_AVX512 (BIT(16) | BIT(17) | BIT(21) | BITS(28, 26) | BIT(30) | BIT(31))
/* PREFETCHWT1 VBMI UMIP VBMI2 GFNI VAES VPCLMULQDQ VNNI BITALG VPOPCNTDQ RDPID CLDEMOTE MOVDIRI
 * MOVDIR64B. No PKU, WAITPKG, CET, TME, LA57, KL, bus lock detection, ENQCMD, SGX_LC, PKS. */
#define SHOW_7_ECX (BITS(2, 0) | BIT(6) | BITS(12, 8) | BIT(14) | BIT(22) | BIT(25) | BITS(28, 27))
#define ECX_RDPID BIT(22)
#define ECX_AVX512 (BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14))
/* 4VNNIW 4FMAPS FSRM VP2INTERSECT MD_CLEAR RTM_ALWAYS_ABORT SERIALIZE TSXLDTRK AVX512_FP16. No
 * UINTR, PCONFIG, CET_IBT, AMX. No speculation controls, because a guest has none of their MSRs. */
#define SHOW_7_EDX (BITS(4, 2) | BIT(8) | BITS(11, 10) | BIT(14) | BIT(16) | BIT(23))
#define EDX_AVX512 (BIT(2) | BIT(3) | BIT(8) | BIT(23))
/* AVX_VNNI AVX512_BF16 FZLRM FSRS FSRC AVX_IFMA */
#define SHOW_7_1_EAX (BITS(5, 4) | BITS(12, 10) | BIT(23))
#define EAX_AVX512_BF16 BIT(5)
/* XSAVEOPT XSAVEC XGETBV_1; no XSAVES, no XFD */
#define SHOW_D_1_EAX BITS(2, 0)
/* LAHF AltMovCr8 ABM SSE4A MISALIGNSSE 3DNOWPREFETCH XOP FMA4 TBM. No SVM, ExtApicSpace, OSVW, IBS,
 * SKINIT, WDT, LWP, TCE, topology, counters, breakpoint masks, MONITORX. */
#define SHOW_EXTENDED_ECX (BIT(0) | BITS(8, 4) | BIT(11) | BIT(16) | BIT(21))
/* The bits of leaf 1 that AMD repeats */
#define EDX_REPEATED 0x0183f3ffu
/* SYSCALL NX MMXEXT 1-GiB pages RDTSCP LM 3DNOWEXT 3DNOW; no FFXSR */
#define SHOW_EXTENDED_EDX (BIT(11) | BIT(20) | BIT(22) | BITS(27, 26) | BITS(31, 29))
#define EDX_RDTSCP BIT(27)
/* Shown always. Each processor that has what the VMM needs has an invariant TSC. An emulator or an
 * outer hypervisor may hide the bit. The VMM keeps each VM's times by the TSC in any case. */
#define INVARIANT_TSC BIT(8)
/* CLZERO, the pointers of FXSAVE, WBNOINVD (stepped over as WBINVD); no RDPRU, INVLPGB, MCOMMIT */
#define SHOW_EXTENDED_8_EBX (BIT(0) | BIT(2) | BIT(9))

/* Linux takes x2APIC mode without interrupt remapping only where a hypervisor that Linux knows says
 * so by being there. KVM's leaves of features are 0: there is no feature of KVM. */
#define LEAF_KVM 0x40000100u
#define KVM_SIGNATURE "KVMKVMKVM\0\0"

static void signature(struct cpuid *c, uint32_t last, const char *name)
{
	c->eax = last; /* the highest leaf */
	memcpy(&c->ebx, name, 4);
	memcpy(&c->ecx, &name[4], 4);
	memcpy(&c->edx, &name[8], 4);
}

static struct cpuid features(struct cpuid c, unsigned has)
{
	const struct guest_msr_device *apic = guest_msr_device;

	c.ebx &= 0x0000ffff; /* one processor, APIC id 0 */
	c.ecx = (c.ecx & (SHOW_1_ECX | (apic != NULL ? apic->features_ecx : 0))) |
	        CPUID_ECX_HYPERVISOR | (has & GUEST_HAS_OSXSAVE ? ECX_OSXSAVE : 0);
	c.edx &= SHOW_1_EDX | (apic != NULL ? apic->features_edx : 0);
	return c;
}

static struct cpuid structured(struct cpuid c, uint32_t subleaf, unsigned has)
{
	const bool wide = fpu_offered() & FPU_AVX512;

	if (subleaf == 1)
		return (struct cpuid){ .eax = c.eax & SHOW_7_1_EAX &
			                      ~(wide ? 0 : EAX_AVX512_BF16) };
	if (subleaf != 0)
		return (struct cpuid){ 0 };
	c.eax = c.eax != 0; /* the last subleaf */
	c.ebx &= SHOW_7_EBX & ~(has & GUEST_HAS_INVPCID ? 0 : EBX_INVPCID) &
	         ~(wide ? 0 : EBX_AVX512);
	c.ebx |= EBX_TSC_ADJUST;
	c.ecx &= SHOW_7_ECX & ~(has & GUEST_HAS_RDTSCP ? 0 : ECX_RDPID) & ~(wide ? 0 : ECX_AVX512);
	c.edx &= SHOW_7_EDX & ~(wide ? 0 : EDX_AVX512);
	return c;
}

/* Subleaf 0: the bits of XCR0, and the size of XSAVE's area in bytes for the present XCR0 and at
 * most. The registers of the running VM are in the processor, and so is its XCR0. */
static struct cpuid xsave(struct cpuid c, uint32_t subleaf)
{
	const uint32_t offered = (uint32_t)fpu_offered();

	if (subleaf == 0)
		return (struct cpuid){ offered, c.ebx, fpu_offered_bytes(), 0 };
	if (subleaf == 1)
		return (struct cpuid){ c.eax & SHOW_D_1_EAX, c.eax & SHOW_D_1_EAX ? c.ebx : 0, 0,
			               0 };
	return subleaf < 32 && offered >> subleaf & 1 ? c : (struct cpuid){ 0 };
}

/* The TSC's measured frequency as a crystal's frequency in Hz (ECX) times EBX / EAX. Half of the
 * frequency is shown where the whole does not fit into 32 bits. A frequency of 0 is unknown. */
static struct cpuid tsc_frequency(uint64_t khz)
{
	enum { HZ_PER_KHZ = 1000 };
	const uint32_t times = khz > UINT32_MAX / HZ_PER_KHZ ? 2 : 1;
	if (khz == 0)
		return (struct cpuid){ 0 };
	return (struct cpuid){ .eax = 1,
		               .ebx = times,
		               .ecx = (uint32_t)(khz / times * HZ_PER_KHZ) };
}

/* The base and the highest frequency in MHz: the TSC's. The bus is left out. */
static struct cpuid frequencies(uint64_t khz)
{
	const uint32_t mhz = (uint32_t)((khz + 500) / 1000);

	return (struct cpuid){ .eax = mhz, .ebx = mhz };
}

static struct cpuid basic(struct cpuid c, uint32_t leaf, uint32_t subleaf, unsigned has)
{
	if (!guest_cpuid_differs(leaf))
		return c;
	switch (leaf) {
	case LEAF_FEATURES:
		return features(c, has);
	case LEAF_CACHES: /* no other processor shares the caches */
		c.eax &= 0x3fff;
		return c;
	case LEAF_POWER: /* the timer of the local APIC goes on in every sleep */
		return (struct cpuid){ .eax = guest_msr_device != NULL ? EAX_ARAT : 0 };
	case LEAF_STRUCTURED:
		return structured(c, subleaf, has);
	case LEAF_XSAVE:
		return xsave(c, subleaf);
	case LEAF_TSC:
		return tsc_frequency(platform.tsc_khz);
	case LEAF_FREQUENCIES:
		return frequencies(platform.tsc_khz);
	default:
		return (struct cpuid){ 0 };
	}
}

static struct cpuid extended(struct cpuid c, uint32_t leaf, unsigned has)
{
	switch (leaf - LEAF_EXTENDED) {
	case 0: /* the highest leaf, and the vendor */
		c.eax = c.eax < LEAF_EXTENDED_LAST ? c.eax : LEAF_EXTENDED_LAST;
		return c;
	case 1:
		c.ecx &= SHOW_EXTENDED_ECX;
		c.edx &= (SHOW_1_EDX & EDX_REPEATED) | SHOW_EXTENDED_EDX;
		c.edx &= ~(has & GUEST_HAS_RDTSCP ? 0 : EDX_RDTSCP);
		return c;
	case 2: /* the name, and caches */
	case 3:
	case 4:
	case 5:
	case 6:
		return c;
	case 7:
		return (struct cpuid){ .edx = INVARIANT_TSC };
	case 8: /* the widths of addresses */
		return (struct cpuid){ c.eax, c.ebx & SHOW_EXTENDED_8_EBX, 0, 0 };
	default:
		return (struct cpuid){ 0 };
	}
}

/* Returns the VMM's own leaves. */
static struct cpuid own(uint32_t leaf)
{
	struct cpuid c = { 0 };

	if (leaf == SB_CPUID_LEAF)
		signature(&c, SB_CPUID_TSC, SB_SIGNATURE);
	else if (leaf == LEAF_KVM && guest_msr_device != NULL)
		signature(&c, LEAF_KVM + 1, KVM_SIGNATURE);
	else if (leaf == SB_CPUID_TSC)
		c = (struct cpuid){ .eax = (uint32_t)platform.tsc_khz,
			            .ebx = (platform.bochs ? SB_CPUID_COUNTS : 0) |
			                   (virt_is_second ? SB_CPUID_VMMCALL : 0) };
	return c;
}

struct cpuid guest_cpuid_shown(struct cpuid c, uint32_t leaf, uint32_t subleaf, unsigned has)
{
	if (leaf >= LEAF_EXTENDED)
		return extended(c, leaf, has);
	return leaf >= SB_CPUID_LEAF ? own(leaf) : basic(c, leaf, subleaf, has);
}

void guest_cpuid_filter(struct vcpu_regs *regs, uint32_t leaf, uint32_t subleaf, unsigned has)
{
	struct cpuid c = { (uint32_t)regs->rax, (uint32_t)regs->rbx, (uint32_t)regs->rcx,
		           (uint32_t)regs->rdx };

	c = guest_cpuid_shown(c, leaf, subleaf, has);
	regs->rax = c.eax;
	regs->rbx = c.ebx;
	regs->rcx = c.ecx;
	regs->rdx = c.edx;
}
