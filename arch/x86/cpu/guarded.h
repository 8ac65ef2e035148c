/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes of values that a guest chose, and reads of MSRs that may be absent. The processor may
 * answer with #GP.
 *
 * Rule: such a #GP is an answer, never an exception of the VMM (tables.c). The caller checks values
 * by the manuals first. The guard is for cases that the manuals leave open, and for emulators and
 * newer processors with other rules.
 */
#ifndef ARCH_X86_CPU_GUARDED_H
#define ARCH_X86_CPU_GUARDED_H

#include <stdint.h>

/* Return 0, or -1 when the processor raised #GP; then no register has changed. (guarded.S) */
int guarded_msr_write(uint32_t msr, uint64_t value);
int guarded_msr_read(uint32_t msr, uint64_t *value);
int guarded_xcr_write(uint32_t number, uint64_t value);

/* Returns the address to go on at after a #GP at rip, or 0 when rip is no guarded instruction. */
uint64_t guarded_resume(uint64_t rip);

#endif
