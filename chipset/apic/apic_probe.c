/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor's local APIC at boot.
 *
 * Rule: the file leaves the local APIC in x2APIC mode and switched on. No entry of the local vector
 * table is open.
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/replay.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "chipset/apic/apic.h"

#include <errno.h>

/* Measures the timer's pace by the TSC. The timer counts down from the highest value. */
static void measure_pace(void)
{
	enum { DIVIDE_BY_1 = 0xb };
	msr_write(APIC_TIMER, APIC_LVT_MASKED);
	msr_write(APIC_DIVIDE, DIVIDE_BY_1);
	msr_write(APIC_INITIAL, UINT32_MAX);
	uint64_t from = cpu_tsc(), first = msr_read_apart(APIC_COUNT),
		 end = from + tsc_from_us(1000);
	while (cpu_tsc() < end)
		;
	uint64_t ticks = cpu_tsc() - from, counts = first - msr_read_apart(APIC_COUNT);
	msr_write(APIC_INITIAL, 0);
	if (counts == 0)
		counts = 1;
	apic_pace.tsc_of_count = (ticks << 32) / counts;
	apic_pace.count_of_tsc = (counts << 32) / ticks;
}

/* Returns whether the processor is QEMU's emulation: "TCGTCGTCGTCG". */
static bool is_tcg(void)
{
	enum { LEAF_HYPERVISOR = 0x40000000, EBX_TCG = 0x54474354 };

	return cpu_id(LEAF_HYPERVISOR, 0).ebx == EBX_TCG;
}

__attribute__((cold)) int apic_probe_local(void)
{
	if (lapic_use_x2apic() != 0) {
		log_line("chipset apic: this processor has no x2APIC (CPUID.1:ECX[21]): take "
		         "chipset=pc, or QEMU 10");
		return -ENODEV;
	}
	if (replay_init() != 0)
		return -ENODEV;
	msr_write(APIC_LINT0, APIC_LVT_MASKED);
	msr_write(APIC_SVR, APIC_SVR_ENABLE | APIC_SPURIOUS);
	measure_pace();
	apic_pace.is_tcg = is_tcg();
	apic_msr_init();
	return 0;
}
