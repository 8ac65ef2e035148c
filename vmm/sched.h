/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose turn it is: strict priorities, round robin in slices among equals (R13, R18).
 *
 * Rule: every decision is a few operations on bit sets, whatever the number of VMs.
 */
#ifndef VMM_SCHED_H
#define VMM_SCHED_H

#include "vmm/vm.h"

/* Something outside the running VM wants a decision: the run loop looks after each exit. */
extern bool sched_attention;
/* A VM stopped since somebody looked last. */
extern bool sched_vm_stopped;
/* When the run loop has other things to do than to run VMs: TSC; 0: now. */
extern uint64_t sched_chores_due;

/* Make vm READY, HALTED or STOPPED; asks for a decision when that may matter. */
void sched_set_state(struct vm *vm, enum vm_state state);
/* The VM that should run now, or NULL: nobody is ready. */
struct vm *sched_pick(void);
/* vm's slice is used up, or given away: the next of its priority comes first. */
void sched_end_turn(struct vm *vm);
/* Is anybody of another priority than vm's ready? */
bool sched_others_ready(const struct vm *vm);
/* Is anybody else of its priority ready? */
bool sched_contended(const struct vm *vm);
/* vm is halted, but not in its HLT: the processor cannot sleep in it. Until another state. */
void sched_set_frozen(struct vm *vm);
bool sched_anybody_halted(void);
/* Lines of the halted VMs. */
line_set sched_awaited(void);
/* Nobody is ready: the halted VM that a line woke last, NULL when none is halted in its HLT. */
struct vm *sched_idle_vm(void);
/* A line found vm halted: it is ready, and the one to sleep in when nobody is (sched_idle_vm). */
void sched_wake(struct vm *vm);
/* 404: what does not end vm's turn now: its mask, and where a masked line raises nothing, without
 * what halted VMs wait for. */
line_set sched_masked(const struct vm *vm);
/* vm, which has its lines (line_assign()), takes part from now on; sets every VM's mask (404): a line ends a turn where a VM of higher
 * priority has it (¶56), or the VMM. */
void sched_add(struct vm *vm);

#endif
