/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts of a PC for a VM with the word pc: the CMOS, and the ports that reset a PC or switch a PC
 * off. The VM finds the parts without owning a device. A VM with pci= finds PCI's configuration
 * space (vmm/device/pci_space.h).
 *
 * Rule: no access to a part of the word pc reaches the machine. A port in the VM's io= is the
 * machine's port, and is not answered here.
 */
#ifndef VMM_PC_VIEW_H
#define VMM_PC_VIEW_H

#include "vmm/core/vm.h"

/* Handles an access to a port that is not open to the VM. Returns false where the port is no part
 * of the view. Otherwise the access is done: a write may have ended the VM. */
bool pc_view_access(struct vm *vm, const struct vcpu_io *io);
/* Returns true for the ports of PCI, where a system looks for devices, for a VM with the word pc or
 * with pci=. An access that pc_view_access() does not know is no fault there. */
bool pc_view_is_probe(const struct vm *vm, uint16_t port);
/* Forgets the state of the former life of vm. Call it at each start. */
void pc_view_reset(struct vm *vm);

#endif
