/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What CPUID shows a guest.
 *
 * Rule: a list of what is shown. A leaf or a bit that is not in it reads as 0, so that what a new
 * processor announces is hidden until its registers and events have a place here. Leaves that tell
 * the same tell it alike.
 */
#ifndef ARCH_X86_GUEST_CPUID_H
#define ARCH_X86_GUEST_CPUID_H

#include "arch/x86/io.h"
#include "arch/x86/virt.h"

/* What of a guest's own CPUID depends on. */
enum guest_has {
	GUEST_HAS_OSXSAVE = 1 << 0, /* its CR4.OSXSAVE */
	GUEST_HAS_INVPCID = 1 << 1, /* these do not fault in it */
	GUEST_HAS_RDTSCP = 1 << 2,  /* RDPID goes with it */
};

/* Does this leaf differ for a guest? One test for the basic leaves, by bit. As they are: 0 the
 * highest leaf and the vendor, 2 caches, 15h and 16h frequencies. */
static inline bool guest_cpuid_differs(uint32_t leaf)
{
	const uint32_t same = 1u << 0 | 1u << 2 | 1u << 0x15 | 1u << 0x16;
	return leaf >= 32 || !(same >> leaf & 1);
}

/* What the processor answered, as the guest sees it. has: of enum guest_has. */
struct cpuid guest_cpuid_shown(struct cpuid c, uint32_t leaf, uint32_t subleaf, unsigned has);
/* The same for the registers that hold the processor's answer. */
void guest_cpuid_filter(struct vcpu_regs *regs, uint32_t leaf, uint32_t subleaf, unsigned has);

#endif
