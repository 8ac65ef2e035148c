/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI interrupts as lines of chipset pc: ICH9's PIRQ registers are the lines' multiplexers.
 *
 * Rule: pc.c chooses these calls when the machine is probed. On a machine without such lines no
 * code of the file runs after the probe.
 */
#ifndef CHIPSET_PIRQ_H
#define CHIPSET_PIRQ_H

#include "chipset/chipset.h"

/* Finds the lines that PIRQs feed and no other source feeds. Returns 0, or -ENODEV where there is
 * no such line. Prints nothing. Call in pc.c's probe. */
int pirq_probe(void);

/* The calls of pc_block.c and pc_steps.c with the steps that the PIRQs need (chipset.h). */
void pirq_claim(line_set lines, bool by_vmm);
void pirq_route(struct controller *c);
void pirq_mask(line_set masked);
struct chipset_status pirq_read_status(unsigned nmis);
int pirq_identify_line(void);
int pirq_save(struct controller *c, bool force);
void pirq_restore(struct controller *c);

#endif
