/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switching VMs: Figure 5 of the seed, step by step. Block 510, recognising that a switch is due, is the run loop's
 * (vmm/run.c); block 560, the entry, is vm_invoke()'s.
 *
 * Rule: a controller is saved where nothing is in service, or its in-service bits move into software.
 */
#include "vmm/flows.h"
#include "vmm/sched.h"
#include "vmm/trace.h"

#include <errno.h>

int vm_switch(struct vm *next, bool force, uint64_t now)
{
	struct vm *last = vm_current;
	if (last != NULL) {
		if (chipset->save(&last->controller, force) != 0) { /* 520 */
			trace_record(TRACE_BUSY, last->number, 0, 0);
			return -EBUSY;
		}
		last->run_ticks += now - last->started_at;
		last->switch_waits = false;
		/* HLT with a request already at the door: the guest would have woken at once. */
		if (last->state == VM_HALTED && chipset->deliverable(&last->controller, 0))
			sched_set_state(last, VM_READY);
	}
	chipset->restore(&next->controller); /* 540 */
	virt_load(next->vcpu);
	vm_current = next;
	next->started_at = now;
	next->switches_in++;
	trace_record(TRACE_SWITCH, next->number, next->number, next->controller.lines);
	return 0;
}
