/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes of values that a guest chose, and reads of MSRs that may not be there: the processor may
 * answer with #GP.
 *
 * Rule: such a #GP is an answer, never the VMM's own exception (tables.c). Values are checked
 * before, by what the manuals say; this is for what they do not say, and for what an emulator or a
 * newer processor sees otherwise.
 */
#ifndef ARCH_X86_GUARDED_H
#define ARCH_X86_GUARDED_H

#include <stdint.h>

/* 0, or -1: the processor raised #GP, and nothing has changed. (guarded.S) */
int guarded_msr_write(uint32_t msr, uint64_t value);
int guarded_msr_read(uint32_t msr, uint64_t *value);
int guarded_xcr_write(uint32_t number, uint64_t value);

/* Where to go on after a #GP at this address; 0: it is none of these. */
uint64_t guarded_resume(uint64_t rip);

#endif
