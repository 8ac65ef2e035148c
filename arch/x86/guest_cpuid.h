/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What CPUID shows a guest: the processor, without what the VMM keeps for itself.
 *
 * Rule: a feature whose registers or events the VMM does not carry for each VM is not announced.
 */
#ifndef ARCH_X86_GUEST_CPUID_H
#define ARCH_X86_GUEST_CPUID_H

#include "arch/x86/virt.h"

/* Does this leaf differ for a guest? One test for the basic leaves, by bit: features, MONITOR, power, structured features,
 * performance counters, topology, XSAVE, quality of service, SGX, trace; and all from the VMM's own (40000000h) up. */
static inline bool guest_cpuid_differs(uint32_t leaf)
{
	const uint32_t basic = 1u << 1 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 0xa | 1u << 0xb | 1u << 0xd | 1u << 0xf |
	                       1u << 0x10 | 1u << 0x12 | 1u << 0x14 | 1u << 0x1f;
	return leaf < 32 ? basic >> leaf & 1 : leaf >= 0x40000000;
}

/* Make what the processor answered fit for the guest. osxsave: its CR4.OSXSAVE; invpcid: it may use INVPCID. */
void guest_cpuid_filter(struct vcpu_regs *regs, uint32_t leaf, uint32_t subleaf, bool osxsave, bool invpcid);

#endif
