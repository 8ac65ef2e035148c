/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's driver of the local APIC in x2APIC mode, and of the I/O APIC with the ISA lines.
 *
 * Rule: line 0 enters pin 2, and each other line the pin of its number, edge triggered, as on every
 * PC without word to the contrary.
 */
#ifndef GUESTS_LIB_APIC_H
#define GUESTS_LIB_APIC_H

#include <stdbool.h>
#include <stdint.h>

/* MSRs of x2APIC mode (SDM 3A table 10-6). */
enum {
	APIC_MSR_TPR = 0x808,
	APIC_MSR_EOI = 0x80b,
	APIC_MSR_ISR = 0x810,
	APIC_MSR_IRR = 0x820,
	APIC_MSR_ICR = 0x830,
	APIC_MSR_TIMER = 0x832,
	APIC_MSR_INITIAL = 0x838,
	APIC_MSR_COUNT = 0x839,
	APIC_MSR_DIVIDE = 0x83e,
	APIC_MSR_SELF_IPI = 0x83f
};
enum { APIC_TIMER_PERIODIC = 1 << 17, APIC_TIMER_DEADLINE = 1 << 18, APIC_LVT_MASKED = 1 << 16 };
/* The timer has the entry of the cascade's line, which no device has. */
enum { APIC_TIMER_LINE = 2 };

/* Turns the local APIC on, and masks all pins. Returns false where the processor has no x2APIC. */
bool apic_init(void);
/* Opens or closes a line's pin. */
void apic_set_pin(unsigned line, uint8_t vector, bool open);
void apic_end(void);
/* Sets the timer's mode (0: one shot) and vector, divide by 1. */
void apic_timer_set(uint32_t mode, uint8_t vector);
/* Loads the timer's counter. */
void apic_timer_load(uint32_t count);
uint32_t apic_timer_count(void);

#endif
