/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bound of a VM's wait. See the header for the rule.
 */
#include "vmm/budget/blocking.h"

/* Returns what a budget allows at most in any stretch of time that is longer than w. */
static uint64_t use(uint64_t w, uint64_t budget, uint64_t period)
{
	return w < budget ? budget : budget * (2 + (w - budget) / period);
}

/* Returns what all others and the VMM take at most in a stretch w. */
static uint64_t taken(const struct blocking_vm *vms, unsigned count, unsigned of,
                      const struct blocking_vmm *vmm, uint64_t w)
{
	uint64_t sum = use(w, vmm->portion + vmm->late, vmm->period);

	for (unsigned i = 0; i < count; i++) {
		if (i == of || vms[i].priority < vms[of].priority)
			continue;
		if (vms[i].priority == vms[of].priority)
			sum += vms[i].slice + vmm->late;
		else
			sum += use(w, vms[i].budget, vms[i].period) + vmm->late;
	}
	return sum;
}

uint32_t blocking_worst(const struct blocking_vm *vms, unsigned count, unsigned of,
                        const struct blocking_vmm *vmm)
{
	for (unsigned i = 0; i < count; i++)
		if (vms[i].priority > vms[of].priority && vms[i].period == 0)
			return BLOCKING_NONE;
	uint64_t w = 0, next = 1;

	while (next != w) {
		w = next;
		if (w > BLOCKING_MOST)
			return BLOCKING_LONG;
		next = taken(vms, count, of, vmm, w);
	}
	return (uint32_t)w;
}
