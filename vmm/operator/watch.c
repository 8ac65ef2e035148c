/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The watch over the VMs' exits and entries. See the header for the rule.
 *
 * Rule: the watch is on the path from an exit to an entry. The work at each end has a bound, and
 * prints nothing.
 */
#include "vmm/operator/watch.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "vmm/core/flows.h"
#include "vmm/core/lines.h"
#include "vmm/core/trace.h"

/* The trace's events that an entry looks at: an exit makes fewer, but for the VMM's own turn. */
enum { LOOK_MOST = 32 };

static struct {
	uint64_t left;           /* the TSC of the last exit */
	uint64_t seen[LINES];    /* reports of each line so far */
	uint64_t wakeups[LINES]; /* turns that each line has ended so far */
	/* The condition of the stop, and the number of events that were held against it. */
	enum trace_event stop; /* TRACE_NONE: there is no condition */
	uint64_t least, looked;
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

/* Records the lines of VMs that were reported since the last call, and those that have ended
 * another VM's turn for vm. vm: NULL where no VM is entered. */
static void record_lines(const struct vm *vm)
{
	unsigned number = vm != NULL ? vm->number : TRACE_NO_VM;

	for (unsigned i = 0; i < LINES; i++) {
		const struct line *line = &line_table[i];
		uint64_t reports = line->exits + line->held_by_vmm;
		if (reports != watch.seen[i] && line->vms != 0)
			trace_record(TRACE_HELD, number, i, (uint32_t)reports);
		watch.seen[i] = reports;
		if (line->wakeups != watch.wakeups[i] && vm != NULL && line->vms & VM_BIT(number))
			trace_record(TRACE_WAKE_UP, number, i, (uint32_t)(cpu_tsc() - watch.left));
		watch.wakeups[i] = line->wakeups;
	}
}

/* Keeps the last events. A copy, because the trace itself goes on, for who drains it. */
static void keep(uint64_t end)
{
	processor.kept.count = end;
	for (uint64_t i = end - TRACE_KEPT; i != end; i++)
		processor.kept.entry[i % TRACE_KEPT] = processor.trace.entry[i % TRACE_ENTRIES];
}

/* Holds the new events against the condition of the stop. */
static void look_for_stop(void)
{
	for (unsigned i = 0; i < LOOK_MOST && watch.looked < processor.trace.count; i++) {
		const struct trace_entry *e =
			&processor.trace.entry[watch.looked++ % TRACE_ENTRIES];
		if (e->event == watch.stop && e->b >= watch.least) {
			watch.stop = TRACE_NONE;
			keep(watch.looked);
			log_note("the trace has stopped behind event %lu", watch.looked);
			return;
		}
	}
}

/* Before an entry. */
static void on_entry(struct vm *vm)
{
	record_lines(vm);
	trace_record(TRACE_ENTRY, vm->number, 0, (uint32_t)(cpu_tsc() - watch.left));
	if (watch.stop != TRACE_NONE)
		look_for_stop();
}

static const struct flow_watch calls = { on_exit, on_entry };

bool watch_is_on(void)
{
	return flow_watch != NULL;
}

void watch_stop_on(enum trace_event event, uint64_t least)
{
	watch_set(true);
	watch.stop = event;
	watch.least = least;
	watch.looked = processor.trace.count;
}

void watch_set(bool on)
{
	record_lines(NULL);
	flow_watch = on ? &calls : NULL;
	watch.left = cpu_tsc();
	watch.stop = TRACE_NONE;
	processor.kept.count = 0;
	for (unsigned i = 0; i < vm_count; i++) {
		struct vm *vm = vms[i];
		vm_set_at_exit(vm, (vm->at_exit & ~AT_EXIT_WATCH) | (on ? AT_EXIT_WATCH : 0));
		vm->at_entry = (uint8_t)((vm->at_entry & ~AT_ENTRY_WATCH) |
		                         (on ? AT_ENTRY_WATCH : 0));
		vm->controller.changed = true; /* vm_invoke() tells of the entry */
	}
}
