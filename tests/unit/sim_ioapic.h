/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An I/O APIC beside a local APIC (82093AA datasheet, section 3): pins, redirection entries, and
 * the messages that follow.
 *
 * Rule: an edge at a masked pin is lost. A level that stands is sent anew after the EOI, and when
 * its mask opens.
 */
#ifndef TESTS_UNIT_SIM_IOAPIC_H
#define TESTS_UNIT_SIM_IOAPIC_H

#include "tests/unit/sim_apic.h"

enum { SIM_IOAPIC_PINS = 24, SIM_IOREGSEL = 0, SIM_IOWIN = 0x10 };
/* An entry's low word: 16 mask | 15 level triggered | 14 remote IRR | 13 active low | 12 send
 * pending | 11 logical destination | 10:8 delivery mode | 7:0 vector. */
enum {
	SIM_RTE_MASKED = 1 << 16,
	SIM_RTE_LEVEL = 1 << 15,
	SIM_RTE_REMOTE_IRR = 1 << 14,
	SIM_RTE_LOW = 1 << 13,
	SIM_RTE_NMI = 4 << 8
};

struct sim_ioapic {
	struct sim_apic *local; /* every message goes there */
	uint32_t entry[SIM_IOAPIC_PINS], entry_high[SIM_IOAPIC_PINS];
	uint32_t select, id;
	uint32_t high; /* pins whose input is high */
};

/* Brings the I/O APIC to the state after reset, and lays it beside a local APIC. */
void sim_ioapic_reset(struct sim_ioapic *io, struct sim_apic *local);
/* A 32-bit access to the page, by the offset. */
uint32_t sim_ioapic_read(const struct sim_ioapic *io, unsigned offset);
void sim_ioapic_write(struct sim_ioapic *io, unsigned offset, uint32_t value);
/* A device drives a pin. */
void sim_ioapic_drive(struct sim_ioapic *io, unsigned pin, bool high);

#endif
