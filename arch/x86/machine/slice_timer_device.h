/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The HPET comparator of the slice timer, as the search (slice_timer_find.c) hands it to the use
 * (slice_timer.c).
 *
 * Rule: section numbers are those of the IA-PC HPET specification 1.0a. Registers are accessed in
 * words of 32 bits.
 */
#ifndef ARCH_X86_MACHINE_SLICE_TIMER_DEVICE_H
#define ARCH_X86_MACHINE_SLICE_TIMER_DEVICE_H

#include "arch/x86/cpu/io.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * 000h, capabilities (2.3.4)
 *   63:32 period in femtoseconds | 31:16 vendor | 15 legacy routes | 13 counter has 64 bits |
 *   12:8 last comparator | 7:0 revision
 * 010h, configuration (2.3.5)
 *   1 legacy replacement route | 0 counter runs
 */
enum { HPET_CAPABILITY = 0x000, HPET_PERIOD = 0x004, HPET_CONFIG = 0x010, HPET_COUNTER = 0x0f0 };
enum {
	CAP_LAST_SHIFT = 8,
	CAP_LAST = 0x1f,
	CAP_REVISION = 0xff,
	CONFIG_RUNS = 1 << 0,
	CONFIG_LEGACY = 1 << 1
};

/* The registers of a comparator (2.3.8 to 2.3.10), from the first comparator on. */
enum { HPET_COMPARATORS = 0x100, TN_STRIDE = 0x20 };
enum { TN_CONFIG = 0x00, TN_PINS = 0x04, TN_VALUE = 0x08, TN_MESSAGE = 0x10, TN_ADDRESS = 0x14 };
/*
 *   TN_CONFIG: 15 has messages | 14 messages on | 13:9 pin | 8 counts in 32 bits | 3 periodic |
 *              2 interrupts | 1 level
 *   TN_PINS:   the I/O APIC pins that the comparator can use
 */
enum {
	TN_HAS_MESSAGES = 1 << 15,
	TN_MESSAGES = 1 << 14,
	TN_PIN_SHIFT = 9,
	TN_PIN = 0x1f << TN_PIN_SHIFT,
	TN_32BIT = 1 << 8,
	TN_PERIODIC = 1 << 3,
	TN_INTERRUPTS = 1 << 2,
	TN_LEVEL = 1 << 1,
};

enum { HPET_FS_PER_US = 1000000000 };

struct slice_timer_device {
	uint64_t registers;  /* address of the HPET */
	uint64_t comparator; /* address of the comparator's first register; 0: none */
	uint64_t factor;     /* HPET ticks in a TSC tick, 32 bits after the point */
	uint32_t period;     /* of an HPET tick, in femtoseconds */
	uint32_t config;     /* TN_CONFIG with interrupts off */
	char name[48];
};

static inline uint32_t slice_timer_counter(const struct slice_timer_device *d)
{
	return mmio_read32(d->registers + HPET_COUNTER);
}

/* Checks the HPET and sets up one comparator after the other, until proves() returns true for a
 * comparator: it raises NMIs. Returns 0. Otherwise prints the findings, sets comparator to 0 and
 * returns -ENODEV. */
int slice_timer_find(struct slice_timer_device *out, bool (*proves)(void));

#endif
