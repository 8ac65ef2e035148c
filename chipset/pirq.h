/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI interrupts as lines of chipset pc: ICH9's PIRQ registers are the lines' multiplexers.
 *
 * Rule: pc.c calls these functions while the machine boots. On a machine without such lines no code
 * of the file runs after boot.
 */
#ifndef CHIPSET_PIRQ_H
#define CHIPSET_PIRQ_H

#include "arch/x86/lines.h"

/* Finds the lines that PIRQs feed and no other source feeds. Call in pc.c's probe(). */
void pirq_probe(void);
/* Gives the PIRQs' I/O APIC pins to VMs' lines that PIRQs feed. Call before VMs' lines are
 * armed. */
void pirq_claim(line_set lines);
/* Brings the PIRQs' other pins and registers in line with the state of pc.c. Call after VMs' lines
 * have been armed. */
void pirq_follow(void);

#endif
