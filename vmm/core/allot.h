/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time that is allotted: budgets of VMs, limits of their wake-ups, and the VMM's frame.
 *
 * Rule: a VM that has used up its budget is VM_WAITING until its next period. So is a VM that has
 * ended the turns of VMs below as often as it may in its window, from its next attempt on. With a
 * frame, each VM is VM_WAITING outside its parts. The VM's lines are masked meanwhile, so their
 * interrupts are held and end no turn. A run without such VMs
 * takes no step of this file (vmm/core/run.c:decide_with_times()).
 */
#ifndef VMM_ALLOT_H
#define VMM_ALLOT_H

#include "vmm/core/processor.h"

#define ALLOT_NEVER UINT64_MAX

/* Charges the VM that ran, sends VMs without time to wait, and fetches VMs whose time has come.
 * Returns the VM that should run now, or NULL when no VM is ready. Call it in place of sched_pick()
 * where processor.allot.on is set. */
struct vm *allot_pick(uint64_t now);
/* A turn of vm begins. Returns the TSC of the next look for the sake of a budget, or ALLOT_NEVER.
 * Call it after allot_pick(). */
uint64_t allot_begin_turn(struct vm *vm);

#endif
