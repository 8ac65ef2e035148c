/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Floating-point and vector state: by XSAVE if the processor has XSAVE, else by FXSAVE.
 *
 * Rule: once a guest has had more than x87 and SSE, a save takes all components that any guest may
 * use, with any present value of XCR0. Hidden state comes back when the guest opens XCR0 again (SDM
 * 1 13.5). The caller passes the widest XCR0 that the guest has had.
 */
#include "arch/x86/cpu/fpu.h"
#include "arch/x86/cpu/fpu_pointers.h"
#include "arch/x86/cpu/guarded.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"

#include <errno.h>
#include <string.h>

enum { CR4_OSFXSR = 1 << 9, CR4_OSXMMEXCPT = 1 << 10, CR4_OSXSAVE = 1 << 18 };
/* NE: a guest's pending x87 error in the registers raises no interrupt of the machine. */
enum { CR0_MP = 1 << 1, CR0_EM = 1 << 2, CR0_TS = 1 << 3, CR0_NE = 1 << 5 };
enum { CPUID1_XSAVE = 1 << 26, CPUID1_FXSR = 1 << 24 };

/* XCR0 (SDM 3A 2.6): 0 x87 | 1 SSE | 2 AVX | 7:5 AVX-512. MPX and PKRU are not offered to
 * guests. */
enum { XCR0_X87 = 1 << 0, XCR0_SSE = 1 << 1, XCR0_AVX = 1 << 2, XCR0_AVX512 = FPU_AVX512 };

enum {
	FXSAVE_BYTES = 512,
	FXSAVE_FCW = 0,
	FXSAVE_MXCSR = 24,
	FCW_RESET = 0x37f,
	MXCSR_RESET = 0x1f80
};

enum { XSAVE_HEADER = 512 };

uint64_t fpu_xcr0_now;
uint64_t fpu_widest_at_reset = XCR0_X87;

/* The components, as bits of XCR0, and the bytes of their areas. Without XSAVE there are no bits,
 * and the area is that of FXSAVE. */
static struct {
	uint64_t moved, moved_bytes;
	uint64_t offered; /* to guests */
	uint32_t offered_bytes;
} components;

static void xcr0_write(uint64_t value)
{
	if (value == fpu_xcr0_now)
		return;
	fpu_xcr0_now = value;
	__asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static __attribute__((cold)) void set_features(uint64_t wanted)
{
	components.moved = wanted;
	xcr0_write(components.moved);
	components.moved_bytes = cpu_id(0xd, 0).ebx; /* the size for the present XCR0 */
}

__attribute__((cold)) int fpu_init(void)
{
	struct cpuid id = cpu_id(1, 0);

	if (!(id.edx & CPUID1_FXSR))
		return -ENODEV;
	if (fpu_pointers_stay())
		fpu_widest_at_reset |= FPU_POINTERS;
	cr0_write((cr0_read() | CR0_MP | CR0_NE) & ~(uint64_t)(CR0_EM | CR0_TS));
	cr4_write(cr4_read() | CR4_OSFXSR | CR4_OSXMMEXCPT |
	          (id.ecx & CPUID1_XSAVE ? CR4_OSXSAVE : 0));
	components.moved_bytes = FXSAVE_BYTES;
	if (!(id.ecx & CPUID1_XSAVE))
		return 0;
	components.offered = cpu_id(0xd, 0).eax & (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512);
	if ((components.offered & XCR0_AVX512) != XCR0_AVX512)
		components.offered &= ~(uint64_t)XCR0_AVX512;
	set_features(components.offered);
	components.offered_bytes = (uint32_t)components.moved_bytes;
	return 0;
}

void fpu_take_all(void)
{
	if (components.moved != 0)
		set_features(cpu_id(0xd, 0).eax);
}

uint64_t fpu_xcr0(void)
{
	uint32_t low = 1, high = 0;

	if (components.moved != 0)
		__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return fpu_xcr0_now = (uint64_t)high << 32 | low;
}

uint64_t fpu_offered(void)
{
	return components.offered;
}

uint32_t fpu_offered_bytes(void)
{
	return components.offered_bytes;
}

bool fpu_allows(uint64_t xcr0)
{
	if (!(xcr0 & XCR0_X87) || (xcr0 & ~components.offered))
		return false;
	if ((xcr0 & XCR0_AVX) && !(xcr0 & XCR0_SSE))
		return false;
	uint64_t wide = xcr0 & XCR0_AVX512;
	return wide == 0 || (wide == XCR0_AVX512 && (xcr0 & XCR0_AVX));
}

int fpu_try_xcr0(uint64_t xcr0)
{
	if (guarded_xcr_write(0, xcr0) != 0)
		return -EPERM;
	fpu_xcr0_now = xcr0;
	return 0;
}

void fpu_reset(void *area)
{
	memset(area, 0, components.moved_bytes);
	*(uint16_t *)((char *)area + FXSAVE_FCW) = FCW_RESET;
	*(uint32_t *)((char *)area + FXSAVE_MXCSR) = MXCSR_RESET;
	if (components.moved != 0) /* XRSTOR must load the part of the area that FXSAVE leaves */
		*(uint64_t *)((char *)area + XSAVE_HEADER) = XCR0_X87 | XCR0_SSE;
}

void *fpu_create(void)
{
	void *area = frames_alloc_vmm((components.moved_bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1),
	                              PAGE);

	if (area != NULL)
		fpu_reset(area);
	return area;
}

void fpu_save_wide(void *area, uint64_t widest)
{
	if (fpu_is_legacy(widest & ~FPU_POINTERS)) {
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
		return;
	}
	xcr0_write(components.moved);
	__asm__ volatile("xsave64 (%0)"
	                 :
	                 : "r"(area), "a"((uint32_t)components.moved), "d"(0)
	                 : "memory");
}

void fpu_load_wide(const void *area, uint64_t widest)
{
	if (widest & FPU_POINTERS)
		fpu_forget_pointers();
	if (fpu_is_legacy(widest & ~FPU_POINTERS)) {
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
		return;
	}
	xcr0_write(components.moved);
	__asm__ volatile("xrstor64 (%0)"
	                 :
	                 : "r"(area), "a"((uint32_t)components.moved), "d"(0)
	                 : "memory");
}

void fpu_set_xcr0(uint64_t xcr0)
{
	if (components.moved != 0)
		xcr0_write(xcr0);
}
