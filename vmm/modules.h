/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot loader's modules, of which VMs are made.
 *
 * Rule: a module becomes a VM or a part of one, or a message says why the module is of no use.
 */
#ifndef VMM_MODULES_H
#define VMM_MODULES_H

#include "arch/x86/machine/multiboot.h"
#include "vmm/config/config.h"

/* Makes a VM of each module, and starts the VM. Returns the number of modules of no use. Where no
 * VM came of the modules, a message says so, and vm_count is 0. vmm: the words of the VMM's own
 * line. Call it once at boot, when the chipset is known. */
unsigned modules_load(const struct multiboot_info *info, const struct vmm_config *vmm);

#endif
