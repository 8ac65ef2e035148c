/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What CPUID shows a guest. See the header for the rule; bits are SDM 2A's, CPUID.
 */
#include "arch/x86/guest_cpuid.h"
#include "arch/x86/io.h"
#include "arch/x86/platform.h"
#include "vmm/abi.h"

#include <string.h>

#define BIT(n) (1u << (n))

enum { LEAF_FEATURES = 1, LEAF_STRUCTURED = 7, LEAF_XSAVE = 0xd };
#define LEAF_EXTENDED 0x80000001u

/* DTES64 MONITOR DS_CPL VMX SMX EIST TM2 SDBG PDCM x2APIC TSC_DEADLINE: hidden */
#define HIDE_1_ECX                                                                                                     \
	(BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(11) | BIT(15) | BIT(21) | BIT(24))
#define ECX_OSXSAVE BIT(27)
#define ECX_HYPERVISOR BIT(31)
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

/* Leaves that describe what a guest does not have: MONITOR, power, performance counters, topology, SGX, trace. */
static bool leaf_is_empty(uint32_t leaf)
{
	return leaf == 5 || leaf == 6 || leaf == 0xa || leaf == 0xb || leaf == 0xf || leaf == 0x10 || leaf == 0x12 ||
	       leaf == 0x14 || leaf == 0x1f || (leaf > SB_CPUID_LEAF && leaf <= SB_CPUID_LEAF + 0xff);
}

void guest_cpuid(struct vcpu_regs *regs, bool osxsave, bool invpcid)
{
	uint32_t leaf = (uint32_t)regs->rax, subleaf = (uint32_t)regs->rcx;
	struct cpuid c = cpu_id(leaf, subleaf);
	if (leaf == LEAF_FEATURES) {
		c.ebx &= 0x0000ffff; /* one processor, APIC id 0 */
		c.ecx = (c.ecx & ~(HIDE_1_ECX | ECX_OSXSAVE)) | ECX_HYPERVISOR | (osxsave ? ECX_OSXSAVE : 0);
		c.edx &= ~HIDE_1_EDX;
	} else if (leaf == LEAF_STRUCTURED) {
		c.ebx &= ~(HIDE_7_EBX | (invpcid ? 0 : EBX_INVPCID));
		c.ecx &= ~HIDE_7_ECX;
		c.edx &= ~HIDE_7_EDX;
	} else if (leaf == LEAF_XSAVE && subleaf == 1) {
		c.eax &= ~HIDE_XSAVES;
	} else if (leaf == LEAF_EXTENDED) {
		c.ecx &= ~HIDE_SVM;
	} else if (leaf == SB_CPUID_LEAF) {
		signature(&c);
	} else if (leaf == SB_CPUID_TSC) {
		c = (struct cpuid){ .eax = (uint32_t)platform.tsc_khz };
	} else if (leaf_is_empty(leaf)) {
		c = (struct cpuid){ 0 };
	}
	regs->rax = c.eax;
	regs->rbx = c.ebx;
	regs->rcx = c.ecx;
	regs->rdx = c.edx;
}
