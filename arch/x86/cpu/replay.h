/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts that the VMM itself takes from the local APIC, so that the state of the local APIC can
 * be emptied and brought back (replay.S).
 *
 * Rule: interrupts are off before and after. The vectors have an interrupt table of their own, for
 * the time of a call: an interrupt's vector may be one of an exception (16 to 31).
 */
#ifndef ARCH_X86_CPU_REPLAY_H
#define ARCH_X86_CPU_REPLAY_H

#include <stdint.h>

/* Makes the interrupt table. Returns 0 or -ENOMEM. Call once, after tables_init(). */
int replay_init(void);
/* Takes all interrupts that are pending at the local APIC, and ends each at once. Returns how many
 * there were. The local APIC is in x2APIC mode. */
uint32_t replay_drain(void);
/* Takes one interrupt, which stays in service. */
void replay_serve(void);

#endif
