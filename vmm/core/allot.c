/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Budgets and the frame at work. See the header for the rule.
 */
#include "vmm/core/allot.h"
#include "vmm/budget/frame.h"
#include "vmm/core/flows.h"
#include "vmm/core/sched.h"
#include "vmm/core/trace.h"

/* The state of the one processor. */
static struct allotments *const all = &processor.allot;

/* Returns true where vm may end no more turns until the next window. */
static bool has_no_wakeups(const struct allotment *a)
{
	return a->wakeups.period != 0 && a->wakeups.left <= 0;
}

/* Looks at the NMI count. Many VMs may begin or end a wait in a single decision, and each of these
 * VMs takes 110 instructions. */
static void look_between_vms(void)
{
	dispatch_counted(processor.vm);
}

/* The VM has to wait: it has no time, or it may end no turn. */
static void withhold(struct vm *vm)
{
	struct allotment *a = &vm->allot;

	a->halted = vm->state == VM_HALTED;
	if (has_no_wakeups(a) && !budget_is_used_up(&a->budget))
		a->too_often++;
	else
		a->used_up += !a->halted;
	if (all->last == vm)
		all->last = NULL;
	all->waiting |= VM_BIT(vm->number);
	all->masks_due = true;
	sched_set_state(vm, VM_WAITING);
	trace_record(TRACE_STATE, vm->number, VM_WAITING, 0);
	look_between_vms();
}

/* Takes the time of the VM that ran off the VM's budget. The switch to a VM is the VM's time. A VM
 * without time has to wait even where an equal comes next: no switch waits for the VM's EOI. */
static void charge(uint64_t now)
{
	struct vm *vm = all->charged;

	all->charged = NULL;
	if (vm != NULL) {
		budget_charge(&vm->allot.budget, all->since, now);
		if (vm->state == VM_READY && budget_is_used_up(&vm->allot.budget))
			withhold(vm);
	}
	all->since = now;
}

/* A slice may be over although no timer has said so: another exit came first. */
static void end_slice(uint64_t now)
{
	struct vm *last = processor.vm;

	if (last != NULL && last->state == VM_READY && !last->switch_waits &&
	    processor.turn.slice_end != 0 && now + BUDGET_NEAR >= processor.turn.slice_end)
		sched_end_turn(last);
}

/* The VM has time again. The lines that asserted meanwhile are still held: the VM takes the
 * interrupts at its next turn. A VM that was halted is ready where an interrupt waits for it. */
static void release(struct vm *vm)
{
	line_set held = chipset->block.asserted() & vm->controller.lines;

	all->waiting &= ~VM_BIT(vm->number);
	all->masks_due = true;
	if (vm->state != VM_WAITING) /* the operator has stopped or started the VM */
		return;
	bool sleeps = vm->allot.halted && !(vm->at_entry & AT_ENTRY_NMI) &&
	              !chipset->controller.deliverable(&vm->controller, held);
	for (; held; held &= held - 1)
		vm->allot.held++;
	sched_set_state(vm, sleeps ? VM_HALTED : VM_READY);
	trace_record(TRACE_STATE, vm->number, vm->state, 0);
	look_between_vms();
}

/* Fetches VMs that have time again. idle: no VM is ready, so no turn can be ended. */
static void release_due(uint64_t now, bool idle)
{
	all->due = ALLOT_NEVER;
	for (vm_set rest = all->waiting; rest; rest &= rest - 1) {
		struct vm *vm = vms[__builtin_ctzll(rest)];
		struct allotment *a = &vm->allot;
		budget_refill(&a->budget, now + BUDGET_NEAR);
		budget_refill(&a->wakeups, now + BUDGET_NEAR);
		bool no_time = budget_is_used_up(&a->budget);
		const struct budget *awaited = no_time ? &a->budget : &a->wakeups;
		if (vm->state != VM_WAITING || (!no_time && (idle || !has_no_wakeups(a))))
			release(vm);
		else if (awaited->refill < all->due)
			all->due = awaited->refill;
	}
}

/* Returns true where a turn of vm would end a turn of a VM below that wants to go on. */
static bool ends_a_turn(const struct vm *vm)
{
	const struct vm *last = all->last;

	return last != NULL && last->state == VM_READY &&
	       last->config.priority < vm->config.priority;
}

static bool may_run(struct vm *vm, uint64_t now)
{
	struct allotment *a = &vm->allot;

	budget_refill(&a->budget, now + BUDGET_NEAR);
	budget_refill(&a->wakeups, now + BUDGET_NEAR);
	return !budget_is_used_up(&a->budget) && !(has_no_wakeups(a) && ends_a_turn(vm));
}

/* Sends the VMs to wait whose part of the frame it is not, and fetches the others. */
static void follow_frame(uint64_t now)
{
	uint32_t owner = frame_owner(all->frame, now + BUDGET_NEAR, &all->due);

	for (unsigned i = 0; i < vm_count; i++) {
		struct vm *vm = vms[i];
		bool own = owner == FRAME_REST ? !vm->allot.framed : i == owner;
		if (own && (all->waiting & VM_BIT(i)))
			release(vm);
		else if (!own && (vm->state == VM_READY || vm->state == VM_HALTED))
			withhold(vm);
	}
}

/* Sends the VMs to wait that have no time or may end no turn, and fetches the others. */
static void follow_budgets(uint64_t now)
{
	struct vm *next;

	release_due(now, false);
	while ((next = sched_pick()) != NULL && !may_run(next, now))
		withhold(next);
	release_due(now, next == NULL);
}

struct vm *allot_pick(uint64_t now)
{
	charge(now);
	end_slice(now);
	if (all->frame != NULL)
		follow_frame(now);
	else
		follow_budgets(now);
	if (all->masks_due)
		sched_set_masks();
	all->masks_due = false;
	processor.attention = false;
	return sched_pick();
}

uint64_t allot_begin_turn(struct vm *vm)
{
	struct allotment *a = &vm->allot;
	uint64_t look = ALLOT_NEVER;

	if (a->wakeups.period != 0 && ends_a_turn(vm)) {
		a->wakeups.left--;
		a->woken_up++;
	}
	all->last = vm;
	if (a->budget.period != 0 && vm->state == VM_READY) {
		all->charged = vm;
		look = budget_look(&a->budget, all->since);
	}
	return look < all->due ? look : all->due;
}
