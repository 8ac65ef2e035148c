/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Floating-point and vector state (x87, SSE, AVX, AVX-512) of the guests.
 *
 * Rule: the VMM itself computes with general registers only; it touches this state to move it, and
 * for nothing else.
 */
#ifndef ARCH_X86_FPU_H
#define ARCH_X86_FPU_H

#include <stdbool.h>
#include <stdint.h>

/* Turn on what the processor has; 0, or -ENODEV (no FXSAVE: no 64-bit processor lacks it). */
int fpu_init(void);
/* XCR0 with everything that guests may have; 0 where there is no XSAVE. Bytes of its area, in the
 * standard format. */
uint64_t fpu_offered(void);
uint32_t fpu_offered_bytes(void);
/* XCR0 (SDM 3A 2.6): 7:5 AVX-512 */
enum { FPU_AVX512 = 7 << 5 };
/* May a guest set XCR0 to this (SDM 1 13.3)? */
bool fpu_allows(uint64_t xcr0);
/* Set XCR0 to what a guest asked for: 0, or -EPERM, the processor has refused it. Only where
 * fpu_allows() it. */
int fpu_try_xcr0(uint64_t xcr0);
/* From now on all that the processor has counts, offered or not: for one whose guests open it
 * unseen. Before fpu_create(). */
void fpu_take_all(void);
/* XCR0 as it is, for the same. */
uint64_t fpu_xcr0(void);
/* A state area in its reset state; NULL when memory has run out. */
void *fpu_create(void);
void fpu_reset(void *area);
/* x87 and SSE are all that a guest can have touched: FXSAVE moves them, and what XCR0 hides stays
 * hidden. */
static inline bool fpu_is_legacy(uint64_t widest)
{
	return widest <= 3; /* XCR0: 1 SSE | 0 x87 */
}
extern uint64_t fpu_xcr0_now;
void fpu_save_wide(void *area);
void fpu_load_wide(const void *area);
void fpu_set_xcr0(uint64_t xcr0);
/* Move the registers to the area or back. widest: every bit that the guest's XCR0 has ever had;
 * xcr0: what it is now, in force after the load. */
static inline void fpu_save(void *area, uint64_t widest)
{
	if (__builtin_expect(fpu_is_legacy(widest), 1))
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
	else
		fpu_save_wide(area);
}
static inline void fpu_load(const void *area, uint64_t widest, uint64_t xcr0)
{
	if (__builtin_expect(fpu_is_legacy(widest), 1))
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
	else
		fpu_load_wide(area);
	if (__builtin_expect(xcr0 != fpu_xcr0_now, 0))
		fpu_set_xcr0(xcr0);
}

#endif
