/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC's registers as MSRs (SDM 3A table 10-6), and the bits that the VMM uses.
 *
 * Rule: the numbers are MSRs of x2APIC mode. No other mode is used.
 */
#ifndef CHIPSET_APIC_REGISTERS_H
#define CHIPSET_APIC_REGISTERS_H

enum {
	APIC_BASE = 0x1b,
	APIC_DEADLINE = 0x6e0,
	APIC_FIRST = 0x800, /* the registers' MSRs */
	APIC_LAST = 0x8ff,
	APIC_ID = 0x802,
	APIC_VERSION = 0x803,
	APIC_TPR = 0x808,
	APIC_PPR = 0x80a,
	APIC_EOI = 0x80b,
	APIC_LDR = 0x80d,
	APIC_SVR = 0x80f,
	APIC_ISR = 0x810,
	APIC_IRR = 0x820,
	APIC_IRR_LAST = 0x827,
	APIC_ESR = 0x828,
	APIC_CMCI = 0x82f,
	APIC_ICR = 0x830,
	APIC_TIMER = 0x832,
	APIC_THERMAL = 0x833, /* then counters, LINT0, LINT1, error */
	APIC_LINT0 = 0x835,
	APIC_ERROR = 0x837,
	APIC_INITIAL = 0x838,
	APIC_COUNT = 0x839,
	APIC_DIVIDE = 0x83e,
	APIC_SELF_IPI = 0x83f,
};

/* SVR: 8 software enable | 7:0 vector of a spurious interrupt. While the VMM takes interrupts, the
 * vector is one that no interrupt can have: Bochs does not end an interrupt of the spurious vector
 * (docs/emulators.md). */
enum { APIC_SVR_ENABLE = 1 << 8, APIC_SPURIOUS = 0x0f };

/* LVT: 18:17 timer mode | 16 mask | 7:0 vector */
enum {
	APIC_VECTOR = 0xff,
	APIC_LVT_MASKED = 1 << 16,
	APIC_TIMER_PERIODIC = 1 << 17,
	APIC_TIMER_DEADLINE = 1 << 18,
	APIC_TIMER_MODE = 3 << 17,
};

#endif
