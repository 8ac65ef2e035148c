/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose turn it is. See the header for the rule.
 */
#include "vmm/sched.h"
#include "vmm/flows.h"

enum { PRIORITIES = 16 };

bool sched_attention = true, sched_vm_stopped;
uint64_t sched_chores_due;

static uint16_t ready[PRIORITIES]; /* VMs by number */
static uint16_t priorities;        /* those with somebody ready */
static uint16_t halted;
static uint8_t turn[PRIORITIES]; /* whose turn it is among equals; the search begins here */
static uint16_t line_vms[LINES];
static struct vm *line_owner[LINES];
static line_set lines_above[PRIORITIES]; /* lines of the VMs of a higher priority */
static struct vm *woken_last;

void sched_add(struct vm *vm)
{
	for (line_set rest = vm->controller.lines; rest; rest &= rest - 1) {
		unsigned line = line_first(rest);
		line_owner[line] = line_vms[line] == 0 ? vm : NULL;
		line_vms[line] |= (uint16_t)(1u << vm->number);
	}
	for (unsigned lower = 0; lower < vm->config.priority; lower++)
		lines_above[lower] |= vm->controller.lines;
	chipset_standing.touched = true;
	for (unsigned i = 0; i < vm_count; i++)
		vms[i]->masked = (line_set) ~(lines_above[vms[i]->config.priority] | dispatch_vmm_lines());
}

void sched_set_state(struct vm *vm, enum vm_state state)
{
	uint16_t bit = (uint16_t)(1u << vm->number);
	unsigned priority = vm->config.priority;
	if (state == VM_READY)
		ready[priority] |= bit;
	else
		ready[priority] &= (uint16_t)~bit;
	if (ready[priority])
		priorities |= (uint16_t)(1u << priority);
	else
		priorities &= (uint16_t) ~(1u << priority);
	if (state == VM_HALTED) {
		halted |= bit;
		vm->slept = true;
	} else
		halted &= (uint16_t)~bit;
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
	uint32_t from_turn = ready[priority] & (~0u << turn[priority]);
	return vms[__builtin_ctz(from_turn ? from_turn : ready[priority])];
}

void sched_end_turn(struct vm *vm)
{
	turn[vm->config.priority] = (uint8_t)((vm->number + 1) % CONFIG_VMS_MAX);
	vm->fresh_slice = true;
	sched_attention = true;
}

bool sched_contended(const struct vm *vm)
{
	return (ready[vm->config.priority] & ~(1u << vm->number)) != 0;
}

bool sched_others_ready(const struct vm *vm)
{
	return (priorities & ~(1u << vm->config.priority)) != 0;
}

struct vm *sched_idle_vm(void)
{
	if (woken_last != NULL && woken_last->state == VM_HALTED)
		return woken_last;
	if (vm_current != NULL && vm_current->state == VM_HALTED)
		return vm_current;
	return halted ? vms[__builtin_ctz(halted)] : NULL;
}

void sched_wake(struct vm *vm)
{
	uint16_t bit = (uint16_t)(1u << vm->number);
	ready[vm->config.priority] |= bit;
	priorities |= (uint16_t)(1u << vm->config.priority);
	halted &= (uint16_t)~bit;
	vm->state = VM_READY;
	woken_last = vm;
	sched_attention = true;
}

struct vm *sched_line_owner(unsigned line)
{
	return line_owner[line];
}

line_set sched_masked(const struct vm *vm)
{
	line_set awaited = 0;
	if (halted != 0 && chipset->holds)
		for (uint32_t rest = halted; rest; rest &= rest - 1)
			awaited |= vms[__builtin_ctz(rest)]->controller.lines;
	return vm->masked & (line_set)~awaited;
}

uint16_t sched_line_vms(unsigned line)
{
	return line_vms[line];
}
