/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time is allotted before the first VM runs. See the header for the rule.
 */
#include "vmm/allotments.h"

#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "vmm/budget/blocking.h"
#include "vmm/budget/frame.h"
#include "vmm/core/allot.h"
#include "vmm/core/background.h"
#include "vmm/core/sched.h"
#include "vmm/core/turn.h"

/* The state of the one processor. */
static struct allotments *const all = &processor.allot;

/* The table of frame=. */
static struct frame frame;

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
		const struct allotment *a = &vms[i]->allot;
		about[i] = (struct blocking_vm){ .priority = c->priority,
			                         .slice = jitter ? c->slice_us / 4 * 7
			                                         : c->slice_us,
			                         .budget = a->share_us,
			                         .period = a->share_of_us };
	}
	for (unsigned i = 0; i < vm_count; i++) {
		struct allotment *a = &vms[i]->allot;
		/* alone in its parts, but for the VMM */
		if (a->framed)
			a->worst_wait_us = (uint32_t)tsc_to_us(frame_longest_gap(&frame, i)) +
			                   blocking_worst(&about[i], 1, 0, &vmm);
		else if (all->frame != NULL)
			a->worst_wait_us = BLOCKING_NONE;
		else
			a->worst_wait_us = blocking_worst(about, vm_count, i, &vmm);
	}
}

/* Makes the table of frame=. The time of a part without a VM is part of the rest. */
static void begin_frame(uint64_t now, const struct vmm_config *config)
{
	all->on = true;
	all->frame = &frame;
	frame = (struct frame){ .length = tsc_from_us(config->frame_us), .begin = now };
	for (unsigned i = 0; i < config->part_count; i++) {
		const struct config_part *part = &config->part[i];
		struct vm *vm = vm_find(part->vm);
		frame_add(&frame, tsc_from_us(part->us), vm != NULL ? vm->number : FRAME_REST);
		if (vm == NULL) {
			log_line("%s:%uus: there is no such VM; the part is part of the rest",
			         part->vm, (unsigned)part->us);
			continue;
		}
		vm->allot.framed = true;
		vm->allot.share_us += part->us;
		vm->allot.share_of_us = config->frame_us;
	}
}

void allotments_begin(uint64_t now, const struct vmm_config *config)
{
	all->due = ALLOT_NEVER;
	all->frame = NULL;
	if (config->frame_us != 0)
		begin_frame(now, config);
	for (unsigned i = 0; i < vm_count; i++) {
		const struct vm_config *c = &vms[i]->config;
		struct allotment *a = &vms[i]->allot;
		budget_begin(&a->budget, tsc_from_us(c->budget_us), tsc_from_us(c->period_us), now);
		budget_begin(&a->wakeups, c->wakeups, tsc_from_us(c->window_us), now);
		if (c->budget_us != 0) {
			a->share_us = c->budget_us;
			a->share_of_us = c->period_us;
		}
		if (c->budget_us != 0 || all->frame != NULL)
			sched_set_sleepless(vms[i]);
		all->on |= c->budget_us != 0 || c->wakeups != 0;
	}
	if (all->on)
		bound_waits(config->jitter != 0);
}
