/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC (SDM 3A, chapter 10), in the mode that the firmware left.
 *
 * Rule: virtual wire. The 8259's INTR enters by LINT0 as ExtINT, and the board's NMI enters by
 * LINT1. No other source interrupts.
 */
#include "arch/x86/machine/platform.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"

#include <errno.h>

/* CPUID.1:EDX */
enum { CPUID_EDX_APIC = 1 << 9 };

/* IA32_APIC_BASE: 51:12 base | 11 enable | 10 x2APIC */
enum { MSR_APIC_BASE = 0x1b, APIC_BASE_X2APIC = 1 << 10, APIC_BASE_ENABLE = 1 << 11 };
#define APIC_BASE_ADDRESS 0x000ffffffffff000

/* Register n is at base + n in memory and is MSR 800h + n / 16 in x2APIC mode (SDM 3A table
 * 10-6). */
enum {
	APIC_ID = 0x20,
	APIC_TPR = 0x80,
	APIC_SVR = 0xf0,
	APIC_ICR_LOW = 0x300,
	APIC_ICR_HIGH = 0x310,
	APIC_LVT_CMCI = 0x2f0,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_THERMAL = 0x330,
	APIC_LVT_COUNTERS = 0x340,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	MSR_X2APIC = 0x800,
};

/* LVT and ICR: 16 LVT mask | 14 ICR assert | 12 ICR pending | 10:8 delivery mode (4: NMI, 7:
 * ExtINT) | 7:0 vector */
enum {
	DELIVER_NMI = 4 << 8,
	DELIVER_EXTINT = 7 << 8,
	ICR_PENDING = 1 << 12,
	ICR_ASSERT = 1 << 14,
	LVT_MASKED = 1 << 16,
};
/* SVR: 8 software enable | 7:0 vector of a spurious interrupt */
enum { SVR_ENABLE = 1 << 8, SVR_VECTOR = 0xff };
enum { ICR_TRIES = 1 << 16 };

static bool x2apic;

static uint32_t lapic_read(unsigned offset)
{
	if (x2apic)
		return (uint32_t)msr_read(MSR_X2APIC + offset / 16);
	return mmio_read32(platform.lapic + offset);
}

static void lapic_write(unsigned offset, uint32_t value)
{
	if (x2apic)
		msr_write(MSR_X2APIC + offset / 16, value);
	else
		mmio_write32(platform.lapic + offset, value);
}

static void lvt_mask_unused(void)
{
	static const uint16_t unused[] = {
		APIC_LVT_TIMER, APIC_LVT_ERROR, APIC_LVT_COUNTERS, APIC_LVT_THERMAL, APIC_LVT_CMCI,
	};

	/* Version register, 23:16: number of the last LVT entry. The first two entries above exist
	 * everywhere; the number tells how many of the others exist. */
	unsigned last = lapic_read(0x30) >> 16 & 0xff;

	for (unsigned i = 0; i < sizeof(unused) / sizeof(unused[0]) && i + 2 <= last; i++)
		lapic_write(unused[i], LVT_MASKED);
}

int lapic_init(void)
{
	if (!(cpu_id(1, 0).edx & CPUID_EDX_APIC)) {
		log_line("no local APIC: CPUID.1:EDX[9] = 0");
		platform.lapic = 0;
		return -ENODEV;
	}
	uint64_t base = msr_read(MSR_APIC_BASE);

	if (!(base & APIC_BASE_ENABLE))
		msr_write(MSR_APIC_BASE, base |= APIC_BASE_ENABLE);
	x2apic = base & APIC_BASE_X2APIC;
	/* the address in the processor counts, not the address in the MADT */
	platform.lapic = base & APIC_BASE_ADDRESS;
	if (!x2apic && platform.lapic >> 32) {
		log_line("local APIC at %lxh is out of reach: above 4 GiB",
		         (unsigned long)platform.lapic);
		platform.lapic = 0;
		return -ENODEV;
	}
	/* SVR comes first: while the APIC is off, masks of the LVT cannot be cleared (10.4.7.2). */
	lapic_write(APIC_SVR, SVR_ENABLE | SVR_VECTOR);
	lvt_mask_unused();
	lapic_write(APIC_LVT_LINT0, DELIVER_EXTINT);
	lapic_write(APIC_LVT_LINT1, DELIVER_NMI);
	lapic_write(APIC_TPR, 0);
	return 0;
}

int lapic_use_x2apic(void)
{
	enum { CPUID_ECX_X2APIC = 1 << 21 };

	if (platform.lapic == 0 || !(cpu_id(1, 0).ecx & CPUID_ECX_X2APIC))
		return -ENODEV;
	msr_write(MSR_APIC_BASE, msr_read(MSR_APIC_BASE) | APIC_BASE_X2APIC);
	x2apic = true;
	return 0;
}

uint32_t lapic_id(void)
{
	uint32_t id = lapic_read(APIC_ID);

	return x2apic ? id : id >> 24;
}

/* Sends an NMI to this processor, by physical destination: the shorthand "self" takes only fixed
 * interrupts (SDM 3A table 10-3). */
void lapic_send_nmi_self(void)
{
	if (x2apic) {
		msr_write(MSR_X2APIC + APIC_ICR_LOW / 16,
		          (uint64_t)lapic_id() << 32 | ICR_ASSERT | DELIVER_NMI);
		return;
	}
	for (unsigned i = 0; i < ICR_TRIES && lapic_read(APIC_ICR_LOW) & ICR_PENDING; i++)
		;
	lapic_write(APIC_ICR_HIGH, lapic_id() << 24);
	lapic_write(APIC_ICR_LOW, ICR_ASSERT | DELIVER_NMI);
}
