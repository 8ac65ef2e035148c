/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The worst blocking of a VM: the longest time that a ready VM waits for other VMs and the VMM.
 *
 * Rule: the bound follows from the configuration alone, and no run may exceed the bound
 * (tests/unit/test_budgets.c). A VM above without a budget leaves no bound.
 *
 * The bound is the smallest w after which nobody above has time left:
 *     w = work(w) + sum over equals (slice + late) + sum over VMs above (use(w) + late).
 * A VM may use its budget at the end of a period and again at the start of the next period. So in
 * any stretch that is longer than w, a VM has at most
 *     use(w) = budget                                         for w < budget, else
 *     use(w) = budget * (2 + floor((w - budget) / period))
 * (a deferrable server: Strosnider, Lehoczky and Sha, IEEE Transactions on Computers 44(1), 1995).
 */
#ifndef VMM_BUDGET_BLOCKING_H
#define VMM_BUDGET_BLOCKING_H

#include <stdint.h>

/* A VM, as far as other VMs wait for the VM. Times are in microseconds. */
struct blocking_vm {
	uint32_t priority;
	uint32_t slice;          /* the longest turn among equals */
	uint32_t budget, period; /* period 0: the VM has no budget */
};

/* The VMM's own shares, in microseconds. The background work is a VM above all others. */
struct blocking_vmm {
	uint32_t portion, period; /* of the background work */
	uint32_t late;            /* a turn ends so late at most, a wait for an EOI counted in */
};

/* The answers beside a number of microseconds. NONE: a VM above has no budget, or the budgets above
 * leave no time. LONG: the bound is over BLOCKING_MOST. */
#define BLOCKING_NONE UINT32_MAX
#define BLOCKING_LONG (UINT32_MAX - 1)
#define BLOCKING_MOST UINT32_C(10000000) /* us */

/* Returns the worst blocking of vms[of] in microseconds, BLOCKING_NONE or BLOCKING_LONG. Call it at
 * boot, after the last VM was made. */
uint32_t blocking_worst(const struct blocking_vm *vms, unsigned count, unsigned of,
                        const struct blocking_vmm *vmm);

#endif
