/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What CPUID shows a guest: the processor, without what the VMM keeps for itself.
 *
 * Rule: a feature whose registers or events the VMM does not carry for each VM is not announced.
 */
#ifndef ARCH_X86_GUEST_CPUID_H
#define ARCH_X86_GUEST_CPUID_H

#include "arch/x86/virt.h"

/* Answer CPUID with the leaf in RAX and the subleaf in RCX; osxsave: CR4.OSXSAVE of the guest. */
void guest_cpuid(struct vcpu_regs *regs, bool osxsave, bool invpcid);

#endif
