/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical interrupts while the VMM runs: off, but for the moments in which somebody opens the door
 * (interrupts.S).
 *
 * Rule: the hook notes an interrupt and ends it at its controller; it changes nothing else of the
 * VMM's.
 */
#ifndef ARCH_X86_INTERRUPTS_H
#define ARCH_X86_INTERRUPTS_H

#include <stdbool.h>

/* Called for each interrupt, interrupts off; false: the vector is none of its own, and counts as
 * spurious. NULL: so are all. */
extern bool (*interrupt_hook)(unsigned vector);

/* Take what is at the processor's door: returns when nothing is. */
void interrupts_take(void);
/* Sleep until an interrupt was taken or an NMI came; returns at once when an NMI was counted
 * already (arch/x86/nmi.h). */
void interrupts_halt(void);

#endif
