/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler. See the header for the rule.
 */
#include "vmm/sched.h"
#include "vmm/lines.h"
#include "vmm/turn.h"

enum { PRIORITIES = 16 };

bool sched_attention = true, sched_vm_stopped;
uint64_t sched_chores_due;

static vm_set ready[PRIORITIES];         /* VMs by number */
static uint16_t priorities;              /* priorities with a ready VM */
static vm_set halted, frozen;            /* frozen: the halted VMs outside a HLT */
static line_set awaited;                 /* lines of the halted VMs */
static uint8_t first[PRIORITIES];        /* the next VM among equals; the search begins here */
static line_set lines_above[PRIORITIES]; /* lines of the VMs of a higher priority */
static struct vm *woken_last;

void sched_add(struct vm *vm)
{
	for (unsigned lower = 0; lower < vm->config.priority; lower++)
		lines_above[lower] |= vm->controller.lines;
	chipset_standing.touched = true;
	for (unsigned i = 0; i < vm_count; i++)
		vms[i]->masked = (line_set) ~(lines_above[vms[i]->config.priority] | line_vmm);
}

/* Collects the lines of all halted VMs anew. A VM that leaves its HLT may share lines with other
 * halted VMs. */
static __attribute__((noinline)) void collect_awaited(void)
{
	awaited = 0;
	for (vm_set rest = halted; rest; rest &= rest - 1)
		awaited |= vms[__builtin_ctzll(rest)]->controller.lines;
}

static inline void leave_halted(const struct vm *vm)
{
	halted &= ~VM_BIT(vm->number);
	frozen &= ~VM_BIT(vm->number);
	awaited &= ~vm->controller.lines;
	if (__builtin_expect(vm->controller.shared != 0, 0))
		collect_awaited();
}

void sched_set_state(struct vm *vm, enum vm_state state)
{
	vm_set bit = VM_BIT(vm->number);
	unsigned priority = vm->config.priority;
	if (state == VM_READY)
		ready[priority] |= bit;
	else
		ready[priority] &= ~bit;
	if (ready[priority])
		priorities |= (uint16_t)(1u << priority);
	else
		priorities &= (uint16_t) ~(1u << priority);
	if (state == VM_HALTED) {
		halted |= bit;
		awaited |= vm->controller.lines;
	} else
		leave_halted(vm);
	vm->state = state;
	if (state == VM_STOPPED) {
		sched_vm_stopped = true;
		sched_chores_due = 0;
	}
	sched_attention = true;
}

struct vm *sched_pick(void)
{
	if (priorities == 0)
		return NULL;
	unsigned priority = 31u - (unsigned)__builtin_clz(priorities);
	vm_set from_first = ready[priority] & (~(vm_set)0 << first[priority]);
	return vms[__builtin_ctzll(from_first ? from_first : ready[priority])];
}

void sched_end_turn(struct vm *vm)
{
	first[vm->config.priority] = (uint8_t)((vm->number + 1) % CONFIG_VMS_MAX);
	turn_end();
	sched_attention = true;
}

bool sched_contended(const struct vm *vm)
{
	return (ready[vm->config.priority] & ~VM_BIT(vm->number)) != 0;
}

bool sched_others_ready(const struct vm *vm)
{
	return (priorities & ~(1u << vm->config.priority)) != 0;
}

void sched_set_frozen(struct vm *vm)
{
	sched_set_state(vm, VM_HALTED);
	frozen |= VM_BIT(vm->number);
}

bool sched_anybody_halted(void)
{
	return halted != 0;
}

line_set sched_awaited(void)
{
	return awaited;
}

struct vm *sched_idle_vm(void)
{
	const vm_set asleep = halted & ~frozen;
	if (woken_last != NULL && asleep & VM_BIT(woken_last->number))
		return woken_last;
	if (vm_current != NULL && asleep & VM_BIT(vm_current->number))
		return vm_current;
	return asleep ? vms[__builtin_ctzll(asleep)] : NULL;
}

void sched_wake(struct vm *vm)
{
	ready[vm->config.priority] |= VM_BIT(vm->number);
	priorities |= (uint16_t)(1u << vm->config.priority);
	leave_halted(vm);
	vm->state = VM_READY;
	woken_last = vm;
	sched_attention = true;
}

line_set sched_masked(const struct vm *vm)
{
	return chipset->holds ? vm->masked & (line_set)~awaited : vm->masked;
}
