/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A one-shot timer whose end is an NMI, for processors whose virtualisation has no timer of its
 * own: an HPET comparator, its message or its I/O APIC pin in NMI delivery mode.
 *
 * Rule: one NMI for one end; who takes an NMI asks here first whether it was the timer's, and is
 * told so once.
 */
#ifndef ARCH_X86_SLICE_TIMER_H
#define ARCH_X86_SLICE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/* There is one, and it is in use: any NMI may be its own. */
extern bool slice_timer_by_nmi;

/* Find one and set it up, stopped. 0, or -ENODEV; the line that was printed says what was looked
 * for. After acpi_init(), lapic_init(), ioapic_init() and tsc_calibrate(); takes 5 ms. */
int slice_timer_init(void);
/* One phrase for the banner; "none" before slice_timer_init() or where there is none. */
const char *slice_timer_describe(void);
/* An NMI after so many TSC ticks from now, instead of what was to come; UINT64_MAX: none. It ends
 * no earlier than 5 us from now, and no later than 2^30 ticks of the HPET (10 s at 100 MHz). */
void slice_timer_arm(uint64_t ticks);
/* TSC ticks until it ends; 0 when it has ended, UINT64_MAX when it is stopped. */
uint64_t slice_timer_left(void);
/* Has it ended since it was armed? True once for each time that it was armed; false where there is
 * none. For the way of every NMI: while the TSC says that the end is far, nothing else is asked. */
bool slice_timer_ended(void);

/* The end was told at an NMI that had another cause: the timer's own was that one as well, or is
 * still to come. */
void slice_timer_expect(void);
/* The last question about an NMI that nothing explains; asks no clock but the HPET's. counted: it
 * came while the VMM itself ran, and that may be a while ago; else it has just brought a guest
 * back. */
enum slice_timer_part {
	SLICE_TIMER_NO_PART,
	SLICE_TIMER_ENDED, /* as slice_timer_ended(), where the TSC was wrong about the time */
	/* the timer's, but of an end that is told already or of no interest any more; each is told
	 * once */
	SLICE_TIMER_PAST,
};
enum slice_timer_part slice_timer_part(bool counted);

#endif
