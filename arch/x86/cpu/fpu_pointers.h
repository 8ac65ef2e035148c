/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The x87 pointers (FOP, FIP, FDP: opcode and addresses of the last x87 instruction) on processors
 * whose FXRSTOR and XRSTOR leave the pointers in place while the loaded state has no pending x87
 * exception (APM 2 11.4.4; CVE-2006-1056). There a guest could read the pointers of the guest
 * before.
 *
 * Rule: on such a processor the VMM overwrites the pointers before each load. Other processors pay
 * nothing.
 */
#ifndef ARCH_X86_CPU_FPU_POINTERS_H
#define ARCH_X86_CPU_FPU_POINTERS_H

#include <stdbool.h>

/* Returns true for a processor of AMD or Hygon without XSaveErPtr (CPUID.80000008h:EBX[2], APM 3
 * E.4.7). */
bool fpu_pointers_stay(void);
/* Gives the pointers the addresses of an instruction and of a constant of the VMM. Pending x87
 * exceptions and the contents of the x87 registers are lost. Call the function right before a
 * load. */
void fpu_forget_pointers(void);

#endif
