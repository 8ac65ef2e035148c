/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPUID leaves by which a guest finds the VMM (40000000h and up, the range of hypervisors).
 *
 * Rule: constants only; guests include this header through vmm/abi.h.
 */
#ifndef ARCH_X86_CPU_HYPERVISOR_H
#define ARCH_X86_CPU_HYPERVISOR_H

/* CPUID.1:ECX[31] is 0 on hardware and in Bochs. Other emulators and hypervisors set the bit. */
#define CPUID_ECX_HYPERVISOR (1u << 31)
#define SB_SIGNATURE "SignalboxVMM" /* in EBX, ECX, EDX */

enum {
	SB_CPUID_LEAF = 0x40000000,
	/* EAX: the TSC's frequency in kHz, 0 if unknown; EBX: the bits below */
	SB_CPUID_TSC = 0x40000010,
	SB_CPUID_COUNTS = 1 << 0,  /* an emulator whose TSC counts instructions */
	SB_CPUID_VMMCALL = 1 << 1, /* calls use VMMCALL, else VMCALL */
};

#endif
