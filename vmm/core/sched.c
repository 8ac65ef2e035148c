/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler. See the header for the rule.
 */
#include "vmm/core/sched.h"
#include "vmm/core/lines.h"
#include "vmm/core/turn.h"

/* The schedule of the one processor. */
static struct schedule *const schedule = &processor.schedule;

void sched_add(struct vm *vm)
{
	(void)vm; /* is in vms[] */
	sched_set_masks();
}

/* The lines of a VM that waits for its time end no turn. */
void sched_set_masks(void)
{
	line_set at[PRIORITIES] = { 0 }, above = line_vmm;

	for (unsigned i = 0; i < vm_count; i++)
		if (vms[i]->state != VM_WAITING)
			at[vms[i]->config.priority] |= vms[i]->controller.lines;
	for (unsigned priority = PRIORITIES; priority-- > 0;) {
		line_set own = at[priority];
		at[priority] = (line_set)~above;
		above |= own;
	}
	for (unsigned i = 0; i < vm_count; i++)
		vms[i]->masked = at[vms[i]->config.priority];
	chipset_present.dirty = true;
}

void sched_set_sleepless(const struct vm *vm)
{
	schedule->sleepless |= VM_BIT(vm->number);
}

bool sched_is_sleepless(const struct vm *vm)
{
	return (schedule->sleepless & VM_BIT(vm->number)) != 0;
}

/* Collects the lines of all halted VMs anew. A VM that leaves its HLT may share lines with other
 * halted VMs. */
static void collect_awaited(void)
{
	schedule->awaited = 0;
	for (vm_set rest = schedule->halted; rest; rest &= rest - 1)
		schedule->awaited |= vms[__builtin_ctzll(rest)]->controller.lines;
}

static inline void leave_halted(const struct vm *vm)
{
	schedule->halted &= ~VM_BIT(vm->number);
	schedule->frozen &= ~VM_BIT(vm->number);
	schedule->awaited &= ~vm->controller.lines;
	if (vm->controller.shared != 0)
		collect_awaited();
}

void sched_set_state(struct vm *vm, enum vm_state state)
{
	vm_set bit = VM_BIT(vm->number);
	unsigned priority = vm->config.priority;

	if (state == VM_READY)
		schedule->ready[priority] |= bit;
	else
		schedule->ready[priority] &= ~bit;
	if (schedule->ready[priority])
		schedule->priorities |= (uint16_t)(1u << priority);
	else
		schedule->priorities &= (uint16_t) ~(1u << priority);
	if (state == VM_HALTED) {
		schedule->halted |= bit;
		schedule->awaited |= vm->controller.lines;
	} else
		leave_halted(vm);
	vm->state = state;
	if (state == VM_STOPPED) {
		processor.vm_stopped = true;
		processor.housekeeping_due = 0;
	}
	processor.attention = true;
}

struct vm *sched_pick(void)
{
	if (schedule->priorities == 0)
		return NULL;
	unsigned priority = 31u - (unsigned)__builtin_clz(schedule->priorities);
	vm_set from_first = schedule->ready[priority] & (~(vm_set)0 << schedule->first[priority]);
	if (from_first == 0)
		from_first = schedule->ready[priority];
	/* __builtin_ctzll() is an int, whose sign's extension is an instruction of each switch. */
	vm_set number = 0;
	__asm__("rep bsf %1, %0" : "=r"(number) : "r"(from_first) : "cc");
	return vms[number];
}

void sched_end_turn(struct vm *vm)
{
	schedule->first[vm->config.priority] = (uint8_t)((vm->number + 1) % CONFIG_VMS_MAX);
	turn_end();
	processor.attention = true;
}

bool sched_contended(const struct vm *vm)
{
	return (schedule->ready[vm->config.priority] & ~VM_BIT(vm->number)) != 0;
}

bool sched_others_ready(const struct vm *vm)
{
	return (schedule->priorities & ~(1u << vm->config.priority)) != 0;
}

void sched_set_frozen(struct vm *vm)
{
	sched_set_state(vm, VM_HALTED);
	schedule->frozen |= VM_BIT(vm->number);
}

bool sched_anybody_halted(void)
{
	return schedule->halted != 0;
}

line_set sched_awaited(void)
{
	return schedule->awaited;
}

struct vm *sched_idle_vm(void)
{
	const vm_set asleep = schedule->halted & ~schedule->frozen & ~schedule->sleepless;

	if (schedule->woken_last != NULL && asleep & VM_BIT(schedule->woken_last->number))
		return schedule->woken_last;
	if (processor.vm != NULL && asleep & VM_BIT(processor.vm->number))
		return processor.vm;
	return asleep ? vms[__builtin_ctzll(asleep)] : NULL;
}

void sched_wake(struct vm *vm)
{
	schedule->ready[vm->config.priority] |= VM_BIT(vm->number);
	schedule->priorities |= (uint16_t)(1u << vm->config.priority);
	leave_halted(vm);
	vm->state = VM_READY;
	schedule->woken_last = vm;
	processor.attention = true;
}

line_set sched_masked(const struct vm *vm)
{
	return chipset->masks_in_hardware ? vm->masked & (line_set)~schedule->awaited : vm->masked;
}
