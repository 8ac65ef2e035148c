/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The x87 pointers that a load of floating-point state leaves. See the header for the rule.
 */
#include "arch/x86/cpu/fpu_pointers.h"
#include "arch/x86/cpu/io.h"

#include <stdint.h>

#define LEAF_EXTENDED 0x80000000u
#define LEAF_SIZES 0x80000008u
enum { EBX_XSAVE_ERROR_POINTERS = 1 << 2 };
enum { VENDOR_AUTH = 0x68747541, VENDOR_HYGO = 0x6f677948 }; /* CPUID.0:EBX */

bool fpu_pointers_stay(void)
{
	const uint32_t vendor = cpu_id(0, 0).ebx;

	if (vendor != VENDOR_AUTH && vendor != VENDOR_HYGO)
		return false;
	return cpu_id(LEAF_EXTENDED, 0).eax < LEAF_SIZES ||
	       !(cpu_id(LEAF_SIZES, 0).ebx & EBX_XSAVE_ERROR_POINTERS);
}

/* FNCLEX: FILD would raise a pending exception. EMMS empties all registers, so FILD has a free
 * register and raises no exception of its own. */
void fpu_forget_pointers(void)
{
	static const uint32_t harmless;

	__asm__ volatile("fnclex; emms; fildl %0" : : "m"(harmless));
}
