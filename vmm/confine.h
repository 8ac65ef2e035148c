/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DMA of the VMs' functions, confined to the VMs' memory by the machine's IOMMU
 * (arch/x86/machine/dma.h).
 *
 * Rule: a function reaches its owner's memory, at the guest's own addresses, or nothing. The domain
 * is made with the VM and stays: a new life of the VM has the same memory.
 */
#ifndef VMM_CONFINE_H
#define VMM_CONFINE_H

#include "vmm/core/vm.h"

/* Blocks the DMA of all functions, where there is an IOMMU. Call once, before the VMs are made. */
void confine_begin(void);
/* Checks the functions of vm against the IOMMU and against the other VMs, and sets dma_confined.
 * Returns 0, or -EPERM with a message in err. Call it after config_check_vm(). */
int confine_check(unsigned n, struct vm_config *vm, const struct vm_config *const *accepted,
                  unsigned count, char *err, size_t size);
/* Gives the VM's functions their domain. Returns 0, or an error after a message on the console.
 * Call it when the VM is made. */
int confine_vm(const struct vm *vm);
/* Takes the blocked accesses that no look has taken. Call it at the end of a run. */
void confine_end(void);

#endif
