/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI interrupts as lines of chipset pc: ICH9's PIRQ registers are the lines' multiplexers.
 *
 * Rule: pc.c calls the first functions while the machine boots. On a machine without such lines no
 * code of the file runs after boot.
 */
#ifndef CHIPSET_PIRQ_H
#define CHIPSET_PIRQ_H

#include "chipset/chipset.h"

/* Finds the lines that PIRQs feed and no other source feeds. Call in pc.c's probe(). */
void pirq_probe(void);
/* Gives the PIRQs' I/O APIC pins to VMs' lines that PIRQs feed. Returns whether PIRQs feed any line
 * of a VM: the calls below are then to be used. Call before VMs' lines are armed. */
bool pirq_claim(line_set lines);
/* Brings the PIRQs' other pins and registers in line with the state of pc_block.c. Call after VMs'
 * lines have been armed. */
void pirq_follow(void);

/* The calls of pc_steps.c and pc_identify_line(), with the steps that the PIRQs need (chipset.h). */
void pirq_route(struct controller *c);
void pirq_mask(line_set masked);
struct chipset_status pirq_read_status(unsigned nmis);
int pirq_identify_line(void);
int pirq_save(struct controller *c, bool force);
void pirq_restore(struct controller *c);

#endif
