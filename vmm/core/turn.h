/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time of the running VM: the end of its slice, and the VMM's next look for another reason.
 *
 * Rule: an end is a moment, a value of the TSC, not an amount of guest time. The VMM's work for a
 * VM counts as that VM's time, so a VM that exits all the time gets no more than its equal. The
 * processor's timer brings the VMM in where the guest runs on. The run loop compares the TSC at
 * each exit.
 */
#ifndef VMM_TURN_H
#define VMM_TURN_H

#include "arch/x86/cpu/hints.h"
#include "vmm/core/pit.h"
#include "vmm/core/processor.h"
#include "vmm/core/trace.h"

#include <stdbool.h>
#include <stdint.h>

/* Returns true when it is time for turn_look(). count: the value that trace_record() returned; each
 * exit records at least one entry. The hint: without, a switch on irqmux takes 419 instructions and
 * a wake-up 566, with 417 and 550 (test_irqmux_figures.py). */
static inline bool turn_is_due(uint32_t count)
{
	return unlikely((int32_t)(count - processor.turn.look) >= 0);
}

/* Entries of the trace between two looks. LOOK_CONTENDED: while a VM waits for the slice's end.
 * LOOK_ALONE: while only the VMM's own housekeeping wait. LOOK_TICK: while a tick of a halted VM
 * has to be in time (vmm/core/pit.h). */
enum { LOOK_CONTENDED = 4, LOOK_ALONE = 64, LOOK_TICK = 1 };

/* A switch waits so long for the end of the interrupt in service (a handler's length); then the
 * in-service bits move into software. */
enum { TURN_EOI_WAIT_US = 200 };

/* No deadline is farther away, in TSC ticks: the processor's timer holds no more. */
#define TURN_MOST UINT64_C(0xffffffff)

/* Begins or continues a turn of vm: the VMM looks at the turn when the TSC has come to deadline.
 * Arms the processor's timer. contended: a VM of the same priority waits. */
static inline void turn_arm(struct vm *vm, uint64_t now, uint64_t deadline, bool contended)
{
	processor.turn.deadline = deadline;
	processor.turn.look = (uint32_t)processor.trace.count +
	                      (contended ? LOOK_CONTENDED : LOOK_ALONE);
	int64_t left = (int64_t)(deadline - now);
	virt_set_timer(vm->vcpu, left > 0 ? (uint64_t)left : 0);
}

/* Has the run loop look after each exit while a tick of a halted VM has to be in time. Call after
 * turn_arm(). */
static inline void turn_watch_tick(void)
{
	if (pit_due != PIT_NEVER)
		processor.turn.look = (uint32_t)processor.trace.count + LOOK_TICK;
}

/* Ends a turn of vm for another VM. The rest of the slice stays with vm. */
static inline void turn_leave(struct vm *vm, uint64_t now)
{
	vm->slice_left = processor.turn.slice_end > now ? processor.turn.slice_end - now : 0;
	processor.turn.slice_end = 0;
	vm->switch_waits = processor.turn.waited = false;
}
/* Ends the slice of the running VM: the slice is used up, or the VM gives the slice away. */
static inline void turn_end(void)
{
	processor.turn.slice_end = 0;
}
/* Lets the slice end only when the interrupt in service has ended (R11), or so many TSC ticks later
 * at the latest. Arms the timer. */
void turn_wait(struct vm *vm, uint64_t now, uint64_t ticks);
/* Undoes turn_wait(): no other VM wants the processor any more, and vm goes on. */
void turn_wait_no_more(struct vm *vm);
/* Ends the turn where the time is over, else arms the timer anew. Call it when the timer has ended,
 * or when turn_is_due() says so. */
void turn_look(struct vm *vm);

#endif
