/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The watch over the VMs' exits and entries. See the header for the rule.
 *
 * Rule: the watch is on the path from an exit to an entry. The work at each end has a bound, and
 * prints nothing.
 */
#include "vmm/operator/watch.h"

#include "arch/x86/cpu/io.h"
#include "vmm/core/flows.h"
#include "vmm/core/lines.h"
#include "vmm/core/trace.h"

static struct {
	uint64_t left;        /* the TSC of the last exit */
	uint64_t seen[LINES]; /* reports of each line so far */
} watch;

/* After an exit, before the trace's entry EXIT. Records the operation that exited. */
static void on_exit(struct vm *vm, enum vm_exit_reason reason)
{
	const struct vcpu_regs *regs = vcpu_regs(vm->vcpu);

	watch.left = cpu_tsc();
	if (reason == VM_EXIT_CALL) {
		trace_record(TRACE_CALL, vm->number, (unsigned)regs->rax, (uint32_t)regs->rbx);
	} else if (reason == VM_EXIT_IO) {
		struct vcpu_io io = virt_exit_io(vm->vcpu);
		bool in = io.kind & IO_IN;
		trace_record(in ? TRACE_IN : TRACE_OUT, vm->number, io.port,
		             in ? io.size : (uint32_t)regs->rax);
	}
}

/* Records the lines of VMs that were reported since the last call. vm: a VM's number, or
 * TRACE_NO_VM. */
static void record_reports(unsigned vm)
{
	for (unsigned i = 0; i < LINES; i++) {
		uint64_t reports = line_table[i].exits + line_table[i].held_by_vmm;
		if (reports == watch.seen[i])
			continue;
		watch.seen[i] = reports;
		if (line_table[i].vms != 0)
			trace_record(TRACE_HELD, vm, i, (uint32_t)reports);
	}
}

/* Before an entry. */
static void on_entry(struct vm *vm)
{
	record_reports(vm->number);
	trace_record(TRACE_ENTRY, vm->number, 0, (uint32_t)(cpu_tsc() - watch.left));
}

static const struct flow_watch calls = { on_exit, on_entry };

bool watch_is_on(void)
{
	return flow_watch != NULL;
}

void watch_set(bool on)
{
	if (watch_is_on())
		record_reports(TRACE_NO_VM);
	flow_watch = on ? &calls : NULL;
	watch.left = cpu_tsc();
	for (unsigned i = 0; i < vm_count; i++) {
		struct vm *vm = vms[i];
		vm->at_exit = (uint8_t)((vm->at_exit & ~AT_EXIT_WATCH) | (on ? AT_EXIT_WATCH : 0));
		vm->at_entry = (uint8_t)((vm->at_entry & ~AT_ENTRY_WATCH) |
		                         (on ? AT_ENTRY_WATCH : 0));
		vm->controller.changed = true; /* vm_invoke() tells of the entry */
	}
}
