/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest-physical memory outside the VM's own. Such memory is absent, or belongs to another owner.
 *
 * Rule: foreign memory reads as ones and keeps no value, as on a PC. An access to empty address
 * space is a probe. An access to a device of another VM or of the VMM is a fault.
 */
#ifndef VMM_ABSENT_H
#define VMM_ABSENT_H

#include "vmm/core/vm.h"

/* Makes all memory that a VM does not own absent or forbidden, for each VM. Returns 0 or -ENOMEM.
 * Call it once, when all VMs are there. */
int absent_begin(void);
/* Undoes all changes to absent memory from the former life of vm. Call it when a VM starts. */
void absent_reset(struct vm *vm);
/* Handles an exit for an access to memory. reason: the exit's reason. Call it once for each such
 * exit. */
void exit_memory(struct vm *vm, enum vm_exit_reason reason);

#endif
