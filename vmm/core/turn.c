/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns end on time. See the header for the rule.
 *
 * VMX's preemption timer counts only while the guest runs. So the timer falls behind the TSC by the
 * VMM's own time. The timer is therefore armed anew after every few exits, with the rest of the
 * time by the TSC. An exit takes the VMM 2,000 instructions at most, so a turn is at worst
 * LOOK_CONTENDED times that time too long. SVM's timer (arch/x86/machine/slice_timer.h) counts real
 * time and is armed once.
 */
#include "vmm/core/turn.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/slice_timer.h"
#include "vmm/core/sched.h"
#include "vmm/core/trace.h"

/* A deadline so near counts as over: an exit and an entry take longer. In TSC ticks. */
enum { NEAR = 100 };

void turn_wait(struct vm *vm, uint64_t now, uint64_t ticks)
{
	vm->switch_waits = true;
	turn_arm(vm, now, now + ticks, true);
	turn_watch_tick();
}

void turn_wait_no_more(struct vm *vm)
{
	vm->switch_waits = processor.turn.waited = false;
	processor.turn.slice_end = 0;
}

void turn_look(struct vm *vm)
{
	uint64_t now = cpu_tsc();

	if (now + NEAR < processor.turn.deadline) {
		if (slice_timer_by_nmi)
			processor.turn.look = (uint32_t)processor.trace.count + LOOK_ALONE;
		else
			turn_arm(vm, now, processor.turn.deadline,
			         processor.turn.slice_end != 0 || processor.allot.on);
		turn_watch_tick();
		return;
	}
	if (vm->switch_waits) {
		processor.turn.waited = true;
	} else if (processor.turn.slice_end != 0 && now + NEAR >= processor.turn.slice_end) {
		trace_record(TRACE_SLICE, vm->number, 0, 0);
		sched_end_turn(vm);
	}
	processor.attention = true;
}
