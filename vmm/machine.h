/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts of the machine with a reach beyond their VM. The VMM switches such parts off, or the banner
 * names the parts.
 *
 * Rule: no part is left on because firmware left it on. The banner lists each VM's trust.
 */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include "arch/x86/machine/multiboot.h"

/* Stops all devices that reach all memory, except the devices of a trusted VM. Call it once, when
 * all VMs are known. */
void machine_confine(void);
/* Prints the banner's lines about such parts. Call it after machine_confine(). */
void machine_describe(void);

#endif
