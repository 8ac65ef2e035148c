/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switching VMs: Figure 5 of the seed, step by step. The run loop (vmm/core/run.c) does block 510
 * and recognises that a switch is due. vm_invoke() does block 560, the entry.
 *
 * Rule: a controller is saved only with an empty ISR, or its in-service bits move into software.
 */
#include "vmm/core/flows.h"
#include "vmm/core/pit.h"
#include "vmm/core/sched.h"
#include "vmm/core/trace.h"
#include "vmm/core/turn.h"

#include <errno.h>

/* 520: saves the controller of the VM that ran, if there is such a VM. pits: VMs have PITs of their
 * own. */
static inline int save_last(bool force, uint64_t now, bool pits)
{
	struct vm *last = processor.vm;

	if (last == NULL)
		return 0;
	if (pits)
		pit_take(last);
	if (chipset->controller.save(&last->controller, force) != 0) {
		if (pits)
			pit_load(last);
		trace_record(TRACE_BUSY, last->number, 0, 0);
		return -EBUSY;
	}
	last->run_ticks += now - last->started_at;
	/* HLT with a request that waits already: the guest would have woken at once. */
	if (last->state == VM_HALTED && chipset->controller.deliverable(&last->controller, 0))
		sched_set_state(last, VM_READY);
	if (pits)
		pit_put_away(last);
	turn_leave(last, now);
	processor.vm = NULL;
	return 0;
}

/* 540: restores the controller of the next VM. */
static inline void restore_next(struct vm *next, uint64_t now)
{
	chipset->controller.restore(&next->controller);
	virt_load(next->vcpu);
	processor.vm = next;
	next->started_at = now;
	next->switches_in++;
	trace_record_at(now, TRACE_SWITCH, next->number, next->number, next->controller.lines);
}

/* Figure 5. 510 is before, in vmm/core/run.c:run_decide(); 560 is after, in vm_invoke(). */
int vm_switch(struct vm *next, bool force, uint64_t now)
{
	if (save_last(force, now, false) != 0) /* 520 */
		return -EBUSY;
	restore_next(next, now); /* 540 */
	return 0;
}

int vm_switch_with_pit(struct vm *next, bool force, uint64_t now)
{
	if (vm_put_away(force, now) != 0)
		return -EBUSY;
	pit_load(next);
	restore_next(next, now);
	return 0;
}

__attribute__((cold)) int vm_put_away(bool force, uint64_t now)
{
	return save_last(force, now, pit_moves);
}
