/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time by the TSC.
 *
 * Rule: see clock.h.
 */
#include "guests/lib/clock.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/machine.h"
#include "guests/lib/pit.h"

enum { KHZ_UNKNOWN = 1000000 };

static uint64_t khz;

void clock_init(void)
{
	if (machine_is_virtual()) {
		khz = cpu_id(SB_CPUID_LEAF, 0).eax >= SB_CPUID_TSC ? cpu_id(SB_CPUID_TSC, 0).eax
		                                                   : 0;
	} else {
		struct pit_rate rate = pit_measure();
		khz = rate.tsc * (PIT_HZ / 1000) / rate.counts;
	}
	khz = args_number("tsc_khz", khz != 0 ? khz : KHZ_UNKNOWN);
}

uint64_t clock_khz(void)
{
	return khz;
}

uint64_t clock_ms(uint64_t ms)
{
	return ms * khz;
}

bool clock_over(uint64_t start, uint64_t ms)
{
	return cpu_tsc() - start >= clock_ms(ms);
}
