/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's answers to the reports and to the console's commands.
 *
 * Rule: all functions only read, except the three commands that start and stop VMs. A report is
 * background work, and may read for long before its first print. So each read is a point where the
 * work may pause.
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/cpu/stacks.h"
#include "arch/x86/cpu/work.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "vmm/core/background.h"
#include "vmm/core/exits.h"
#include "vmm/core/flows.h"
#include "vmm/core/lines.h"
#include "vmm/core/run.h"
#include "vmm/core/sched.h"
#include "vmm/operator/console.h"
#include "vmm/operator/report.h"

#include <errno.h>
#include <string.h>

unsigned vmm_vm_count(void)
{
	return vm_count;
}

static const char *state_name(const struct vm *vm)
{
	static const char *const names[] = { [VM_STOPPED] = "stopped",
		                             [VM_HALTED] = "halted",
		                             [VM_READY] = "ready",
		                             [VM_WAITING] = "waiting" };
	if (vm->state == VM_STOPPED && vm->done && !vm->stopped_by_operator)
		return vm->exit_status == 0 ? "done" : "failed";
	return vm == processor.vm && vm->state == VM_READY ? "running" : names[vm->state];
}

/* A write has hit memory of another owner. The bytes there tell the writer, so they are printed. */
_Noreturn static void overwritten(unsigned i, const struct vm *vm)
{
	enum { PER_LINE = 4, WORDS = 64 };
	const uint64_t *at = (const uint64_t *)vm;
	work_end();
	log_urgent();
	for (unsigned n = 0; n < WORDS; n += PER_LINE)
		log_line("  %p %016lx %016lx %016lx %016lx", (const void *)(at + n), at[n],
		         at[n + 1], at[n + 2], at[n + 3]);
	panic("the VMM's record of VM %u is overwritten: number %u, state %x", i, vm->number,
	      (unsigned)vm->state);
}

void vmm_vm_report(unsigned i, struct vm_report *out)
{
	const struct vm *vm = vms[i];

	background_point();
	if (vm->number != i || vm->state > VM_WAITING)
		overwritten(i, vm);
	*out = (struct vm_report){
		.name = vm->config.name,
		.state = state_name(vm),
		.priority = vm->config.priority,
		.memory = vm->config.memory,
		.lines = vm->controller.lines,
		.run_ticks = vm->run_ticks + (vm == processor.vm ? cpu_tsc() - vm->started_at : 0),
		.switches_in = vm->switches_in,
		.probes = vm->probes,
		.reinitialised = vm->controller.reinitialised,
		.faults = vm->faults,
		.status = vm->status,
		.exit_status = vm->exit_status,
		.done = vm->done && !vm->stopped_by_operator,
		.budget_us = vm->allot.share_us,
		.period_us = vm->allot.share_of_us,
		.worst_wait_us = vm->allot.worst_wait_us,
		.used_up = vm->allot.used_up,
		.woken_up = vm->allot.woken_up,
		.too_often = vm->allot.too_often,
		.held_for_budget = vm->allot.held,
		.most_over = (uint64_t)vm->allot.budget.most_over,
	};
	for (unsigned reason = 0; reason < VM_EXIT_COUNT; reason++) {
		out->exits[reason] = vm->exits[reason];
		out->exits_total += reason == VM_EXIT_ABORTED ? 0 : vm->exits[reason];
	}
}

/* Each exit has seen an assertion and held it. The VMM's own lines are served at once. */
static uint64_t held_of(unsigned line)
{
	const struct line *counters = &line_table[line];

	return line_in(line_vmm, line) ? 0 : counters->exits + counters->held_by_vmm;
}

void vmm_line_report(unsigned line, struct line_report *out)
{
	const struct line *counters = &line_table[line];
	vm_set owners = counters->vms;
	bool vmm = line_in(line_vmm, line);

	background_point();
	*out = (struct line_report){
		.owner = vmm      ? "vmm"
		         : owners ? vms[__builtin_ctzll(owners)]->config.name
		                  : NULL,
		.exits = counters->exits,
		.held = held_of(line),
		.injected = counters->injected,
		.wakeups = counters->wakeups,
		.to_controller = processor.vm != NULL &&
		                 line_in(processor.vm->controller.lines, line),
		.pending = line_in(chipset->block.asserted(), line),
	};
	out->masked = line_in(chipset->block.masked(), line);
}

unsigned vmm_result_count(void)
{
	return calls_result_count();
}

const struct sb_result *vmm_result(unsigned i, const char **name)
{
	const struct vm *vm;
	const struct sb_result *result = calls_result(i, &vm);

	*name = vm->config.name;
	return result;
}

void vmm_totals(struct vmm_totals *out)
{
	uint64_t nmis = dispatch_counters.counted, switches = 0, dropped = console_dropped(),
		 held = 0;

	for (unsigned i = 0; i < vm_count; i++) {
		nmis += vms[i]->exits[VM_EXIT_NMI];
		switches += vms[i]->switches_in;
		dropped += vms[i]->output.dropped;
	}
	for (unsigned line = 0; line < LINES; line++)
		held += held_of(line);
	*out = (struct vmm_totals){
		.nmis = nmis,
		.nmi_windows = nmi_windows,
		.external_nmis = dispatch_counters.external,
		.unattributed_nmis = dispatch_counters.unattributed,
		.held = held,
		.switches = switches,
		.ticks = run_ticks(),
		.dropped = dropped,
	};
}

/* The console's commands are background work. An NMI may leave the work at any instruction, so a
 * command changes a VM in one step (work_hold()). */
int vmm_vm_stop(const char *name)
{
	struct vm *vm = vm_find(name);

	if (vm == NULL)
		return -ENOENT;
	if (vm->state == VM_STOPPED)
		return -EINVAL;
	work_hold();
	vm->stopped_by_operator = true;
	vm_stop(vm, 1, &(struct denial){ .format = "stopped by the operator" });
	work_release();
	return 0;
}

static int start(struct vm *vm)
{
	work_hold();
	vm_start(vm);
	work_release();
	return 0;
}

int vmm_vm_start(const char *name)
{
	struct vm *vm = vm_find(name);

	if (vm == NULL)
		return -ENOENT;
	return vm->state != VM_STOPPED ? -EINVAL : start(vm);
}

int vmm_vm_restart(const char *name)
{
	struct vm *vm = vm_find(name);

	return vm == NULL ? -ENOENT : start(vm);
}

/* The NMI ends this stretch of background work, and is dispatched before the work goes on. Where a
 * line speaks at the very moment, the dispatcher would take the NMI for the line's NMI. Then the
 * VMM raises another NMI. */
void vmm_raise_nmi(void)
{
	if (chipset->block.raise_external != NULL) {
		work_hold();
		chipset->block.raise_external();
		work_release();
		return;
	}
	uint64_t before = dispatch_counters.external;
	for (unsigned tries = 0; tries < 8 && dispatch_counters.external == before; tries++) {
		lapic_send_nmi_self();
		background_pause();
	}
}

bool vmm_stack_report(unsigned i, struct stack_report *out)
{
	if (i >= STACKS)
		return false;
	*out = (struct stack_report){ stacks[i].name, stacks[i].bytes, stack_deepest(i) };
	return true;
}

void vmm_quit(void)
{
	run_quit();
}

void vmm_stay(bool on)
{
	work_hold();
	run_stay(on);
	work_release();
}
