/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What CPUID shows a guest. See the header for the rule; bits are SDM 2A's, CPUID.
 */
#include "arch/x86/guest_cpuid.h"
#include "arch/x86/hypervisor.h"
#include "arch/x86/io.h"
#include "arch/x86/platform.h"

#include <string.h>

#define BIT(n) (1u << (n))

enum { LEAF_FEATURES = 1, LEAF_STRUCTURED = 7, LEAF_XSAVE = 0xd };
#define LEAF_EXTENDED 0x80000001u

/* DTES64 MONITOR DS_CPL VMX SMX EIST TM2 SDBG PDCM x2APIC TSC_DEADLINE: hidden */
#define HIDE_1_ECX                                                                                                     \
	(BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(11) | BIT(15) | BIT(21) | BIT(24))
#define ECX_OSXSAVE BIT(27)
/* MCE APIC MTRR MCA DS ACPI HTT TM PBE: hidden. A guest has the 8259 pair and no local APIC. */
#define HIDE_1_EDX (BIT(7) | BIT(9) | BIT(12) | BIT(14) | BIT(21) | BIT(22) | BIT(28) | BIT(29) | BIT(31))
/* TSC_ADJUST SGX PQM MPX PQE PT: hidden */
#define HIDE_7_EBX (BIT(1) | BIT(2) | BIT(12) | BIT(14) | BIT(15) | BIT(25))
#define EBX_INVPCID BIT(10)
/* PKU OSPKE WAITPKG CET_SS KL ENQCMD SGX_LC PKS: hidden */
#define HIDE_7_ECX (BIT(3) | BIT(4) | BIT(5) | BIT(7) | BIT(23) | BIT(29) | BIT(30) | BIT(31))
/* UINTR PCONFIG CET_IBT AMX and the speculation controls, whose MSRs are not the guest's: hidden */
#define HIDE_7_EDX                                                                                                     \
	(BIT(5) | BIT(18) | BIT(20) | BIT(22) | BIT(24) | BIT(25) | BIT(26) | BIT(27) | BIT(28) | BIT(29) | BIT(30) |  \
	 BIT(31))
#define HIDE_XSAVES BIT(3)
#define HIDE_SVM BIT(2)

static void signature(struct cpuid *c)
{
	c->eax = SB_CPUID_TSC; /* the highest leaf */
	memcpy(&c->ebx, SB_SIGNATURE, 4);
	memcpy(&c->ecx, SB_SIGNATURE + 4, 4);
	memcpy(&c->edx, SB_SIGNATURE + 8, 4);
}

/* A leaf that changes on its way to the guest; all others pass as they are. */
static void filter(struct cpuid *c, uint32_t leaf, uint32_t subleaf, bool invpcid)
{
	switch (leaf) {
	case LEAF_FEATURES:
		c->ebx &= 0x0000ffff; /* one processor, APIC id 0 */
		c->ecx = (c->ecx & ~(HIDE_1_ECX | ECX_OSXSAVE)) | CPUID_ECX_HYPERVISOR;
		c->edx &= ~HIDE_1_EDX;
		break;
	case LEAF_STRUCTURED:
		c->ebx &= ~(HIDE_7_EBX | (invpcid ? 0 : EBX_INVPCID));
		c->ecx &= ~HIDE_7_ECX;
		c->edx &= ~HIDE_7_EDX;
		break;
	case LEAF_XSAVE:
		if (subleaf == 1)
			c->eax &= ~HIDE_XSAVES;
		break;
	/* What a guest does not have: MONITOR, power, performance counters, topology, quality of service, SGX, trace. */
	case 5:
	case 6:
	case 0xa:
	case 0xb:
	case 0xf:
	case 0x10:
	case 0x12:
	case 0x14:
	case 0x1f:
		*c = (struct cpuid){ 0 };
		break;
	default:
		break;
	}
}

/* Leaves above the basic ones: the VMM's own (40000000h and up) and the extended ones. */
static void filter_high(struct cpuid *c, uint32_t leaf)
{
	if (leaf == LEAF_EXTENDED)
		c->ecx &= ~HIDE_SVM;
	else if (leaf == SB_CPUID_LEAF)
		signature(c);
	else if (leaf == SB_CPUID_TSC)
		*c = (struct cpuid){ .eax = (uint32_t)platform.tsc_khz,
			             .ebx = (platform.bochs ? SB_CPUID_COUNTS : 0) |
			                    (virt_is_second ? SB_CPUID_VMMCALL : 0) };
	else if (leaf > SB_CPUID_LEAF && leaf <= SB_CPUID_LEAF + 0xff)
		*c = (struct cpuid){ 0 };
}

void guest_cpuid_filter(struct vcpu_regs *regs, uint32_t leaf, uint32_t subleaf, bool osxsave, bool invpcid)
{
	struct cpuid c = { (uint32_t)regs->rax, (uint32_t)regs->rbx, (uint32_t)regs->rcx, (uint32_t)regs->rdx };
	if (leaf >= SB_CPUID_LEAF)
		filter_high(&c, leaf);
	else
		filter(&c, leaf, subleaf, invpcid);
	if (leaf == LEAF_FEATURES && osxsave)
		c.ecx |= ECX_OSXSAVE;
	regs->rax = c.eax;
	regs->rbx = c.ebx;
	regs->rcx = c.ecx;
	regs->rdx = c.edx;
}
