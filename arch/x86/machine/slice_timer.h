/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A one-shot timer that raises an NMI at its end, for processors whose virtualisation has no timer:
 * an HPET comparator, by message or by an I/O APIC pin in NMI delivery mode.
 *
 * Rule: one NMI for one end. The code that takes an NMI first asks here whether the timer caused
 * the NMI. Each end is reported once.
 */
#ifndef ARCH_X86_MACHINE_SLICE_TIMER_H
#define ARCH_X86_MACHINE_SLICE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/* True when a timer is in use, so any NMI may come from the timer. */
extern bool slice_timer_by_nmi;

/* Finds a comparator and sets it up, stopped. Returns 0, or -ENODEV after a printed line with the
 * result of the search. Call it after acpi_init(), lapic_init(), ioapic_init() and tsc_calibrate().
 * Takes 5 ms. */
int slice_timer_init(void);
/* Turns off all of the HPET's interrupts that firmware has set up. A running counter goes on. Call
 * it once at boot, after acpi_init() and before slice_timer_init(), with or without a slice
 * timer. */
void slice_timer_quieten(void);
/* Returns a phrase for the banner; "none" before slice_timer_init() or without a timer. */
const char *slice_timer_describe(void);
/* Makes the timer raise an NMI after `ticks` TSC ticks from now, in place of any earlier end.
 * UINT64_MAX stops the timer. The end comes no earlier than 5 us from now, and no later than 2^30
 * ticks of the HPET (10 s at 100 MHz). */
void slice_timer_arm(uint64_t ticks);
/* Returns the TSC ticks until the end; 0 after the end, UINT64_MAX when the timer is stopped. */
uint64_t slice_timer_left(void);
/* Returns true when the timer has ended, once each time that the timer was armed. Returns false
 * without a timer. Call it for every NMI: while the TSC shows that the end is far, the function
 * reads no other clock. */
bool slice_timer_ended(void);

/* Call it when the end was reported at an NMI with another cause. The timer's own NMI was the same
 * NMI, or is still to come. */
void slice_timer_expect(void);
/* The last question about an unexplained NMI. ended: slice_timer_ended() has returned true at this
 * NMI. */
enum slice_timer_part {
	SLICE_TIMER_NO_PART,
	SLICE_TIMER_ENDED, /* as slice_timer_ended(), when the TSC was wrong about the time */
	/* the timer's NMI, but for an end that was reported before or that no longer matters; each
	 * such NMI is reported once */
	SLICE_TIMER_PAST,
};
enum slice_timer_part slice_timer_part(bool ended);

#endif
