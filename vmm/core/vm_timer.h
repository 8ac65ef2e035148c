/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer in a VM's controller (chipset=apic), beside the PITs of VMs: the moments at which the
 * VMM has to look at it.
 *
 * Rule: only vmm/core/pit.c includes this header. `timer` is PIT_NEVER where no moment is to come.
 */
#ifndef VMM_VM_TIMER_H
#define VMM_VM_TIMER_H

#include "vmm/core/lines.h"
#include "vmm/core/sched.h"

/* Returns whether controllers have timers. Call at boot, when the VMs are there. */
static inline bool vm_timer_begin(void)
{
	for (unsigned i = 0; i < vm_count; i++)
		vms[i]->pit.due = vms[i]->pit.timer = PIT_NEVER;
	return chipset->controller.timer != NULL;
}

/* Sets the moment for vm, which comes, or was put away. find_due() then sets pit_due anew,
 * where the moment is another than before. */
static inline void vm_timer_set(struct vm *vm, bool comes, void (*find_due)(void))
{
	if (chipset->controller.timer == NULL)
		return;
	const uint64_t before = vm->pit.timer;
	vm->pit.timer = comes || vm->state == VM_HALTED
	                        ? chipset->controller.timer(&vm->controller, comes)
	                        : PIT_NEVER;
	if (vm->pit.timer != before)
		find_due();
}

/* Does the work whose moment has come: a timer's next load for the VM that runs, or the end of the
 * HLT of a VM that is away. */
static inline void vm_timer_work(struct vm *vm)
{
	vm->pit.timer = PIT_NEVER;
	if (vm == processor.vm)
		vm->pit.timer = chipset->controller.tick(&vm->controller);
	else if (vm->state == VM_HALTED && chipset->controller.deliverable(&vm->controller, 0))
		sched_set_state(vm, VM_READY);
}

static inline uint64_t vm_timer_earliest(const struct pit *p, uint64_t other)
{
	uint64_t own = p->own && p->due < p->timer ? p->due : p->timer;

	return own < other ? own : other;
}

#endif
