/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Floating-point and vector state (x87, SSE, AVX, AVX-512) of the guests.
 *
 * Rule: the VMM computes with general registers only. The VMM touches this state only to move it.
 */
#ifndef ARCH_X86_CPU_FPU_H
#define ARCH_X86_CPU_FPU_H

#include <stdbool.h>
#include <stdint.h>

/* Turns the processor's features on. Returns 0, or -ENODEV without FXSAVE (every 64-bit processor
 * has FXSAVE). */
int fpu_init(void);
/* fpu_offered() returns XCR0 with all components that guests may have, or 0 without XSAVE.
 * fpu_offered_bytes() returns the bytes of their area, in the standard format. */
uint64_t fpu_offered(void);
uint32_t fpu_offered_bytes(void);
/* XCR0 (SDM 3A 2.6): 7:5 AVX-512 */
enum { FPU_AVX512 = 7 << 5 };
/* Returns true when a guest may set XCR0 to the value (SDM 1 13.3). */
bool fpu_allows(uint64_t xcr0);
/* Sets XCR0 to the value of a guest. Call it only after fpu_allows(). Returns 0, or -EPERM when the
 * processor has refused the value. */
int fpu_try_xcr0(uint64_t xcr0);
/* From now on all components of the processor are moved, offered or not. For a processor whose
 * guests change XCR0 unseen. Call it before fpu_create(). */
void fpu_take_all(void);
/* Returns the present XCR0, for the same processor. */
uint64_t fpu_xcr0(void);
/* Returns a state area in its reset state, or NULL when memory has run out. */
void *fpu_create(void);
void fpu_reset(void *area);
/* Returns true when a guest can have touched x87 and SSE only. FXSAVE then moves both, and
 * components that XCR0 hides stay hidden. */
static inline bool fpu_is_legacy(uint64_t widest)
{
	return widest <= 3; /* XCR0: 1 SSE | 0 x87 */
}
extern uint64_t fpu_xcr0_now;
void fpu_save_wide(void *area, uint64_t widest);
void fpu_load_wide(const void *area, uint64_t widest);
void fpu_set_xcr0(uint64_t xcr0);
/* A bit that no XCR0 has. A guest with the bit in its widest XCR0 takes the long way at each load:
 * the load overwrites the x87 pointers of the last guest (fpu_pointers.h). */
#define FPU_POINTERS (1ull << 63)
/* What a guest's widest XCR0 is at its reset: x87, and FPU_POINTERS on a processor whose loads
 * leave the pointers. */
extern uint64_t fpu_widest_at_reset;
/* Save the registers to the area, or load them. widest: every bit that the guest's XCR0 ever had.
 * xcr0: the present value, in force after the load. */
static inline void fpu_save(void *area, uint64_t widest)
{
	if (fpu_is_legacy(widest))
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
	else
		fpu_save_wide(area, widest);
}
static inline void fpu_load(const void *area, uint64_t widest, uint64_t xcr0)
{
	if (fpu_is_legacy(widest))
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
	else
		fpu_load_wide(area, widest);
	if (xcr0 != fpu_xcr0_now)
		fpu_set_xcr0(xcr0);
}

#endif
