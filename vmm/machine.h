/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of the machine reaches beyond the VM that has it: reserved, switched off, or told.
 *
 * Rule: nothing is left on because firmware left it on. What a VM is trusted with is in the banner.
 */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include "arch/x86/multiboot.h"

/* What no VM may be given by a configuration word: RAM and the firmware's memory, the interrupt
 * controllers, power. Before the first check. 0, or -ENOMEM: there are more ranges than can be
 * kept, and a line says so. */
int machine_reserve(const struct multiboot_info *info);
/* The VMs are known: switch off what reaches all memory and none of them is trusted with. */
void machine_confine(void);
/* The banner's lines about it. */
void machine_describe(void);

#endif
