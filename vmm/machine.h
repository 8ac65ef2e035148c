/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of the machine reaches beyond the VM that has it: switched off, or told.
 *
 * Rule: nothing is left on because firmware left it on. What a VM is trusted with is in the banner.
 */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include "arch/x86/multiboot.h"

/* The VMs are known: switch off what reaches all memory and none of them is trusted with. */
void machine_confine(void);
/* The banner's lines about it. */
void machine_describe(void);

#endif
