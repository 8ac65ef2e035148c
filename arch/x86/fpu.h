/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Floating-point and vector state (x87, SSE, AVX, AVX-512) of the guests.
 *
 * Rule: the VMM itself computes with general registers only; it touches this state to move it, and for nothing else.
 */
#ifndef ARCH_X86_FPU_H
#define ARCH_X86_FPU_H

#include <stdbool.h>
#include <stdint.h>

/* Turn on what the processor has; 0, or -ENODEV (no FXSAVE: no 64-bit processor lacks it). */
int fpu_init(void);
/* XCR0 with everything that guests may have; 0 where there is no XSAVE. */
uint64_t fpu_features(void);
/* May a guest set XCR0 to this (SDM 1 13.3)? */
bool fpu_allows(uint64_t xcr0);
/* A state area in its reset state; NULL when memory has run out. */
void *fpu_create(void);
void fpu_reset(void *area);
/* Move the registers to the area or back. widest: every bit that the guest's XCR0 has ever had; xcr0: what it is now, in force
 * after the load. */
void fpu_save(void *area, uint64_t widest);
void fpu_load(const void *area, uint64_t widest, uint64_t xcr0);

#endif
