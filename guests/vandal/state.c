/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of a VM's state across many switches: vector registers and debug registers keep the VM's
 * values.
 *
 * Rule: several such VMs side by side hold different patterns (word seed=), so that a leak shows.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/machine.h"
#include "guests/lib/registers.h"
#include "guests/vandal/vandal.h"

#include <string.h>

enum { HOLDS = 200, HOLD_YIELDS = 4, HOLD_ROUNDS = 2000, YMM_BYTES = 32, YMM_COUNT = 16 };
enum { CPUID_XSAVE = 1 << 26, CPUID_AVX = 1 << 28, XCR0_AVX = 7 };
#define CR4_OSXSAVE (1ul << 18)

static uint8_t pattern[YMM_COUNT][YMM_BYTES], found[YMM_COUNT][YMM_BYTES];

#define FOR_YMM(move)                                                                             \
	move("0") move("1") move("2") move("3") move("4") move("5") move("6") move("7") move("8") \
		move("9") move("10") move("11") move("12") move("13") move("14") move("15")
#define XMM_ALL                                                                                  \
	"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
		"xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#define LOAD(n) "vmovdqu 32*" n "(%0), %%ymm" n "\n\t"
#define STORE(n) "vmovdqu %%ymm" n ", 32*" n "(%0)\n\t"

/* No code between load and store may use vector registers. The guest code called here uses no
 * vector registers. */
static unsigned ymm_hold(uint32_t seed, unsigned yields)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < sizeof(pattern); i++)
		(&pattern[0][0])[i] = (uint8_t)(seed * 31 + i * 7);
	__asm__ volatile(FOR_YMM(LOAD) : : "r"(pattern) : XMM_ALL, "memory");
	for (unsigned i = 0; i < yields; i++)
		machine_call(SB_CALL_YIELD, 0, 0, 0);
	__asm__ volatile(FOR_YMM(STORE) "vzeroupper" : : "r"(found) : XMM_ALL, "memory");
	for (unsigned i = 0; i < YMM_COUNT; i++)
		wrong += memcmp(pattern[i], found[i], YMM_BYTES) != 0;
	return wrong;
}

void vandal_xsave(const char *argument)
{
	uint32_t seed = (uint32_t)vandal_number(argument, "seed", 1), features = cpu_id(1, 0).ecx;
	bool avx = features & CPUID_XSAVE && features & CPUID_AVX;
	unsigned wrong = 0, holds = (unsigned)args_number("holds", HOLDS);

	if (avx) {
		cr4_write(cr4_read() | CR4_OSXSAVE);
		__asm__ volatile("xsetbv" : : "c"(0), "a"(XCR0_AVX), "d"(0));
	}
	for (unsigned i = 0; i < holds; i++) {
		if (avx)
			wrong += ymm_hold(seed + i, HOLD_YIELDS);
		if (machine_is_virtual())
			wrong += registers_hold_yielding(seed * 0x123456789ul + i, HOLD_YIELDS);
		wrong += registers_hold(seed * 0x987654321ul + i, HOLD_ROUNDS);
	}
	vandal_says(wrong == 0, "general, x87, SSE%s registers held %u times, %u wrong",
	            avx ? ", AVX" : "", holds, wrong);
}

static void debug_write(const uint64_t *value)
{
	__asm__ volatile("mov %0, %%dr0; mov %1, %%dr1; mov %2, %%dr2; mov %3, %%dr3"
	                 :
	                 : "r"(value[0]), "r"(value[1]), "r"(value[2]), "r"(value[3]));
}

static void debug_read(uint64_t *value)
{
	__asm__ volatile("mov %%dr0, %0; mov %%dr1, %1; mov %%dr2, %2; mov %%dr3, %3"
	                 : "=r"(value[0]), "=r"(value[1]), "=r"(value[2]), "=r"(value[3]));
}

void vandal_debugreg(const char *argument)
{
	uint64_t seed = vandal_number(argument, "seed", 1), wanted[4], now[4];
	unsigned wrong = 0, holds = (unsigned)args_number("holds", HOLDS);

	for (unsigned i = 0; i < holds; i++) {
		for (unsigned n = 0; n < 4; n++)
			wanted[n] = seed * 0x100000 + i * 64 + n * 8;
		debug_write(wanted);
		for (unsigned n = 0; n < HOLD_YIELDS; n++)
			machine_yield();
		debug_read(now);
		for (unsigned n = 0; n < 4; n++)
			wrong += now[n] != wanted[n];
	}
	vandal_says(wrong == 0, "DR0-DR3 held %u times, %u wrong", holds, wrong);
}
