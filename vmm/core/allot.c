/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Budgets at work. See the header for the rule.
 */
#include "vmm/core/allot.h"
#include "arch/x86/machine/platform.h"
#include "vmm/budget/blocking.h"
#include "vmm/core/background.h"
#include "vmm/core/sched.h"
#include "vmm/core/trace.h"
#include "vmm/core/turn.h"

/* The state of the one processor. */
static struct allotments *const all = &processor.allot;

/* Computes the worst blocking of each VM. */
static void bound_waits(bool jitter)
{
	/* A turn may last LOOK_CONTENDED exits too long. Each exit takes the VMM 2,000 instructions
	 * at most, and an instruction takes a tick. Then a switch may wait for an EOI. */
	enum { EXIT_TICKS = 2000 };
	const struct blocking_vmm vmm = {
		.portion = BACKGROUND_PORTION_US,
		.period = BACKGROUND_PORTION_US * (1 + BACKGROUND_SHARE),
		.late = (uint32_t)tsc_to_us(LOOK_CONTENDED * EXIT_TICKS) + TURN_EOI_WAIT_US,
	};
	struct blocking_vm about[CONFIG_VMS_MAX];

	for (unsigned i = 0; i < vm_count; i++) {
		const struct vm_config *c = &vms[i]->config;
		about[i] = (struct blocking_vm){ .priority = c->priority,
			                         .slice = jitter ? c->slice_us / 4 * 7
			                                         : c->slice_us,
			                         .budget = c->budget_us,
			                         .period = c->period_us };
	}
	for (unsigned i = 0; i < vm_count; i++)
		vms[i]->allot.worst_wait_us = blocking_worst(about, vm_count, i, &vmm);
}

void allot_begin(uint64_t now, bool jitter)
{
	all->due = ALLOT_NEVER;
	for (unsigned i = 0; i < vm_count; i++) {
		const struct vm_config *c = &vms[i]->config;
		if (c->budget_us == 0)
			continue;
		budget_begin(&vms[i]->allot.budget, tsc_from_us(c->budget_us),
		             tsc_from_us(c->period_us), now);
		sched_set_sleepless(vms[i]);
		all->on = true;
	}
	if (all->on)
		bound_waits(jitter);
}

/* The VM has no time. */
static void withhold(struct vm *vm)
{
	vm->allot.used_up++;
	all->waiting |= VM_BIT(vm->number);
	sched_set_state(vm, VM_WAITING);
	sched_set_masks();
	trace_record(TRACE_STATE, vm->number, VM_WAITING, 0);
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
 * interrupts at its next turn. */
static void release(struct vm *vm)
{
	line_set held = chipset->block.asserted() & vm->controller.lines;

	all->waiting &= ~VM_BIT(vm->number);
	if (vm->state == VM_WAITING) { /* else the operator has stopped or started the VM */
		for (; held; held &= held - 1)
			vm->allot.held++;
		sched_set_state(vm, VM_READY);
		trace_record(TRACE_STATE, vm->number, VM_READY, 0);
	}
	sched_set_masks();
}

static void release_due(uint64_t now)
{
	all->due = ALLOT_NEVER;
	for (vm_set rest = all->waiting; rest; rest &= rest - 1) {
		struct vm *vm = vms[__builtin_ctzll(rest)];
		struct budget *b = &vm->allot.budget;
		budget_refill(b, now + BUDGET_NEAR);
		if (vm->state != VM_WAITING || !budget_is_used_up(b))
			release(vm);
		else if (b->refill < all->due)
			all->due = b->refill;
	}
}

struct vm *allot_pick(uint64_t now)
{
	struct vm *next;

	charge(now);
	end_slice(now);
	release_due(now);
	while ((next = sched_pick()) != NULL) {
		struct budget *b = &next->allot.budget;
		budget_refill(b, now);
		if (!budget_is_used_up(b))
			break;
		withhold(next);
		if (b->refill < all->due)
			all->due = b->refill;
	}
	processor.attention = false;
	return next;
}

uint64_t allot_begin_turn(struct vm *vm)
{
	if (vm->allot.budget.period == 0 || vm->state != VM_READY)
		return all->due;
	uint64_t look = budget_look(&vm->allot.budget, all->since);

	all->charged = vm;
	return look < all->due ? look : all->due;
}
