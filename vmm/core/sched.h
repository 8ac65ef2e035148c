/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler: strict priorities, and round robin in slices among equals (R13, R18).
 *
 * Rule: every decision is a few operations on bit sets, whatever the number of VMs.
 */
#ifndef VMM_SCHED_H
#define VMM_SCHED_H

#include "vmm/core/processor.h"

/* Makes vm READY, HALTED or STOPPED. Asks for a decision when the change may matter. */
void sched_set_state(struct vm *vm, enum vm_state state);
/* Returns the VM that should run now, or NULL when no VM is ready. */
struct vm *sched_pick(void);
/* Ends vm's turn: the slice is used up, or given away. The next VM of the same priority comes
 * first. */
void sched_end_turn(struct vm *vm);
/* Returns true where a VM of another priority than vm's is ready. */
bool sched_others_ready(const struct vm *vm);
/* Returns true where another VM of vm's priority is ready. */
bool sched_contended(const struct vm *vm);
/* Halts vm outside a HLT: the processor cannot sleep in vm. Lasts until the next change of
 * state. */
void sched_set_frozen(struct vm *vm);
/* Never lets the processor sleep in vm: the processor would wake up in vm without an exit. */
void sched_set_sleepless(const struct vm *vm);
/* Returns true where the processor may not sleep in vm. */
bool sched_is_sleepless(const struct vm *vm);
/* Sets every VM's mask anew (404). Call it after a VM has come to VM_WAITING, or has left that
 * state. */
void sched_set_masks(void);
/* Returns true where a VM is halted. */
bool sched_anybody_halted(void);
/* Returns the lines of the halted VMs. */
line_set sched_awaited(void);
/* Returns the halted VM to sleep in, or NULL when no VM is halted in its HLT. The VM that a line
 * woke last comes first. Call it when no VM is ready. */
struct vm *sched_idle_vm(void);
/* Makes the halted vm ready, for a line of vm. sched_idle_vm() prefers vm from now on. */
void sched_wake(struct vm *vm);
/* Returns the lines that do not end vm's turn now (404): vm's mask. Where a masked line raises no
 * NMI, lines of halted VMs are left out of the mask. */
line_set sched_masked(const struct vm *vm);
/* Masks the lines that do not end vm's turn now, where the mask may have changed since the last
 * entry (404). Call it before an entry. */
static inline void sched_mask(const struct vm *vm)
{
	if (chipset_mask_due())
		chipset_mask(sched_masked(vm));
}

/* Lets vm take part from now on, and sets every VM's mask (404). A line ends a turn where a VM of
 * higher priority has the line (¶56), or the VMM. Call it once for each VM, at boot, after
 * line_assign(). */
void sched_add(struct vm *vm);

#endif
