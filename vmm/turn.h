/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time of the VM that runs: when its slice is used up, and when the VMM has to look for another
 * reason.
 *
 * Rule: an end is a moment, a value of the TSC, not an amount of guest time. What the VMM does for
 * a VM counts as that VM's time, so a VM that exits all the time gets no more than its equal. The
 * processor's timer brings the VMM in where the guest runs on; the run loop compares the TSC at
 * each exit.
 */
#ifndef VMM_TURN_H
#define VMM_TURN_H

#include "vmm/trace.h"
#include "vmm/vm.h"

#include <stdbool.h>
#include <stdint.h>

/* The turn that is under way on this processor. */
struct turn {
	/* the low half of trace_ring.count: an exit that comes there calls turn_look() */
	uint32_t look;
	/* the VM has something in service (switch_waits), and there is no more time to wait for its
	 * end */
	bool waited;
	uint64_t slice_end; /* 0: nobody waits for the processor, or the slice is used up */
	uint64_t deadline;  /* the earliest moment at which somebody has to look */
};
extern struct turn turn;

/* Is it time for turn_look()? count is what trace_record() returned: each exit records at least
 * one entry. */
static inline bool turn_is_due(uint32_t count)
{
	return __builtin_expect((int32_t)(count - turn.look) >= 0, 0);
}

/* Entries of the trace between two looks: while somebody waits for the slice's end; while only
 * the VMM's own chores wait. */
enum { LOOK_CONTENDED = 4, LOOK_ALONE = 64 };

/* No deadline is farther away, in TSC ticks: what the processor's timer holds. */
#define TURN_MOST UINT64_C(0xffffffff)

/* The VMM looks at the turn of vm, which runs on or begins, when the TSC has come to deadline.
 * Arms the processor's timer. */
static inline void turn_arm(struct vm *vm, uint64_t now, uint64_t deadline, bool contended)
{
	turn.deadline = deadline;
	turn.look = (uint32_t)trace_ring.count + (contended ? LOOK_CONTENDED : LOOK_ALONE);
	int64_t left = (int64_t)(deadline - now);
	virt_set_timer(vm->vcpu, left > 0 ? (uint64_t)left : 0);
}

/* vm, which ran, is left for another: what is left of its slice stays its own. */
static inline void turn_leave(struct vm *vm, uint64_t now)
{
	vm->slice_left = turn.slice_end > now ? turn.slice_end - now : 0;
	turn.slice_end = 0;
	vm->switch_waits = turn.waited = false;
}
/* The VM that runs has used up its slice, or gives it away. */
static inline void turn_end(void)
{
	turn.slice_end = 0;
}
/* A slice ends only when what is in service has ended (R11), so many TSC ticks later at the
 * latest. Arms the timer. */
void turn_wait(struct vm *vm, uint64_t now, uint64_t ticks);
/* Nobody else wants the processor any more: vm goes on. */
void turn_wait_no_more(struct vm *vm);
/* The timer has ended, or an exit came late: ends what has to end, else arms the timer anew. */
void turn_look(struct vm *vm);

#endif
