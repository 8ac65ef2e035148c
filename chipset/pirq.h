/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI interrupts as lines of chipset pc: ICH9's PIRQ registers are their multiplexers.
 *
 * Rule: what pc.c calls here is called while the machine boots; a machine without such lines never
 * comes back.
 */
#ifndef CHIPSET_PIRQ_H
#define CHIPSET_PIRQ_H

#include "arch/x86/lines.h"

/* Which lines are fed by PIRQs and by nothing else. */
void pirq_probe(void);
/* Before VMs' lines are armed: those of them that PIRQs feed get the PIRQs' I/O APIC pins. After
 * it: let the rest follow. */
void pirq_claim(line_set lines);
void pirq_follow(void);

#endif
