/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical interrupts while the VMM runs: off, except in the two functions below (interrupts.S).
 *
 * Rule: the hook notes an interrupt and ends it at its controller. The hook changes no other state
 * of the VMM.
 */
#ifndef ARCH_X86_CPU_INTERRUPTS_H
#define ARCH_X86_CPU_INTERRUPTS_H

#include <stdbool.h>

/* Called for each interrupt, with interrupts off. The hook returns false for a vector that it does
 * not own; such an interrupt counts as spurious. With NULL all interrupts count as spurious. */
extern bool (*interrupt_hook)(unsigned vector);

/* Takes all interrupts that wait at the processor, then returns. */
void interrupts_take(void);
/* Sleeps until an interrupt was taken or an NMI came. Returns at once when an NMI was counted
 * already (arch/x86/cpu/nmi.h). */
void interrupts_halt(void);

#endif
