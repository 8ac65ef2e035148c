/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine with an HPET, for the slice timer: three comparators, an I/O APIC, a TSC.
 *
 * Rule: the HPET counts with the TSC and raises what its specification says, the wrap's extra
 * interrupt included; each access takes time.
 */
#ifndef TESTS_UNIT_SIM_HPET_H
#define TESTS_UNIT_SIM_HPET_H

#include "arch/x86/machine/slice_timer_device.h"

#include <stdbool.h>
#include <stdint.h>

enum { COMPARATORS = 3, HPET_AT = 0xfed00000, IOAPIC_AT = 0xfec00000, PINS = 24, APIC_ID = 5 };
enum { FS_100_MHZ = 10000000, FS_14_MHZ = 69841279, KHZ = 2000000 };

struct comparator {
	uint32_t config, pins, value, message, address;
	uint32_t stuck; /* bits of config that keep their value */
};
extern struct comparator comparators[COMPARATORS];

struct hpet {
	uint32_t capability, period, config;
	uint64_t count, rest;    /* the counter, and what has passed of its next tick */
	uint64_t rate_khz;       /* of the TSC, when the HPET's is what its period says */
	uint64_t cost, accesses; /* of an access, in TSC ticks; how many there were */
	bool frozen, deaf;       /* it does not count; what it raises reaches nobody */
	/* QEMU: a value that the counter has passed already is an end at once */
	bool past_counts;
	uint64_t raised, last_tsc; /* NMIs, and when the last one came */
	unsigned waiting;          /* NMIs at the processor, while the VMM keeps NMIs blocked */
};
extern struct hpet hpet;

extern uint32_t redirection[PINS], destination[PINS], apic_id;

/* Time passes, in TSC ticks. */
void pass(uint64_t ticks);
/* A test's set-up: the comparators have messages, the HPET is off. */
int power_on(void **state);
/* They have these pins instead. */
void messages_off(uint32_t pins);

#endif
