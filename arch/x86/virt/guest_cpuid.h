/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The answers of CPUID to a guest.
 *
 * Rule: the code lists all leaves and bits that a guest sees. All others read as 0, so a new
 * feature of a processor stays hidden until its registers and events have a place here. Leaves that
 * report the same fact report the same value.
 */
#ifndef ARCH_X86_VIRT_GUEST_CPUID_H
#define ARCH_X86_VIRT_GUEST_CPUID_H

#include "arch/x86/cpu/io.h"
#include "arch/x86/virt/virt.h"

/* The state of a guest that changes its CPUID. */
enum guest_has {
	GUEST_HAS_OSXSAVE = 1 << 0, /* CR4.OSXSAVE of the guest is set */
	GUEST_HAS_INVPCID = 1 << 1, /* INVPCID does not fault in the guest */
	GUEST_HAS_RDTSCP = 1 << 2,  /* RDTSCP and RDPID do not fault */
};

/* Returns true when the leaf differs for a guest. One test by bit covers the basic leaves.
 * Unchanged leaves: 0 (highest leaf and vendor), 2 (caches). */
static inline bool guest_cpuid_differs(uint32_t leaf)
{
	const uint32_t same = 1u << 0 | 1u << 2;
	return leaf >= 32 || !(same >> leaf & 1);
}

/* Returns the answer that the guest gets. c: the processor's answer. has: bits of enum
 * guest_has. */
struct cpuid guest_cpuid_shown(struct cpuid c, uint32_t leaf, uint32_t subleaf, unsigned has);
/* Does the same in place: regs hold the processor's answer and get the guest's answer. */
void guest_cpuid_filter(struct vcpu_regs *regs, uint32_t leaf, uint32_t subleaf, unsigned has);

#endif
