/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest-physical memory that is not the VM's: absent, or somebody else's.
 *
 * Rule: it reads as ones and keeps nothing, as on a PC. An access is a probe where nothing is, and
 * a fault where a device of another VM's or of the VMM's is.
 */
#ifndef VMM_ABSENT_H
#define VMM_ABSENT_H

#include "vmm/vm.h"

/* Call when all VMs are there: what each of them has not is absent or forbidden from now on. 0 or
 * -ENOMEM. */
int absent_begin(void);
/* A VM starts: what its former life has touched is as it was at first. */
void absent_reset(struct vm *vm);
/* An access exited. */
void exit_memory(struct vm *vm, enum vm_exit_reason reason);

#endif
