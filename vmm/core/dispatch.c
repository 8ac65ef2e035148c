/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt dispatcher: the handling of the VMM block's output (Figure 3 from block 312 on, and
 * ¶52).
 *
 * Rule: after an NMI exit NMIs are blocked; only this file unblocks NMIs. Every source is read each
 * time, because an NMI may stand for several sources. A status bit is acknowledged before its
 * device is served.
 */
#include "arch/x86/cpu/hints.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/slice_timer.h"
#include "vmm/core/flows.h"
#include "vmm/core/lines.h"
#include "vmm/core/sched.h"
#include "vmm/core/trace.h"
#include "vmm/core/turn.h"

enum { LOOKS_MAX = 4 };

struct dispatch_counters dispatch_counters;

/* The treatment of external NMIs (nmi=). */
static struct {
	enum nmi_policy policy;
	struct vm *vm; /* NMI_VM: the VM that gets the NMIs. */
} external;

static const struct dispatch_source *source; /* NULL: there is none */

void dispatch_set_source(const struct dispatch_source *other)
{
	source = other;
}

void dispatch_set_policy(enum nmi_policy policy, struct vm *vm)
{
	external.policy = policy;
	external.vm = vm;
}

bool dispatch_gives_nmis_to(const struct vm *vm)
{
	return external.vm == vm;
}

/* Handles a signal that came from no line, by the external source's own treatment (¶52). Where
 * lines raise NMIs themselves, an NMI from a silent source may have been a line's: an emulated I/O
 * APIC may take a single edge for several (docs/emulators.md). Such an NMI is unattributed; nmi=
 * decides all the same. A source that goes on must not drown the console, so from the ninth NMI on
 * only each doubling is logged. An IOMMU is asked last, because the question takes long.
 * cold: external NMIs are rare, and the function formats a message. */
static __attribute__((cold)) void take_external_nmi(uint16_t verdict)
{
	enum { EXTERNAL_LINES = 8 };

	bool told = verdict == EXTERNAL_TOLD;
	if (!nmi_account_judge_other(verdict, !told && source != NULL && source->spoke())) {
		processor_look_at_once();
		return;
	}
	uint64_t number = ++dispatch_counters.external;
	const char *kind = told || !chipset->ambiguous ? "external" : "unattributed";
	dispatch_counters.unattributed += !told && chipset->ambiguous;
	trace_record(TRACE_EXTERNAL, TRACE_NO_VM, 0, (uint32_t)number);
	if (external.policy == NMI_PANIC)
		panic("%s NMI (nmi=panic)", kind);
	if (number <= EXTERNAL_LINES || (number & (number - 1)) == 0)
		log_note("%s NMI number %lu%s%s%s", kind, number,
		         external.policy == NMI_VM ? ", goes to vm " : "",
		         external.policy == NMI_VM ? external.vm->config.name : "",
		         number == EXTERNAL_LINES ? "; more are logged at each doubling only" : "");
	if (external.policy == NMI_VM) {
		external.vm->at_entry |= AT_ENTRY_NMI;
		external.vm->controller.changed = true;
		if (external.vm->state == VM_HALTED)
			sched_set_state(external.vm, VM_READY);
		processor.attention = true;
	}
}

static inline void external_nmi(uint16_t verdict)
{
	if (verdict)
		take_external_nmi(verdict);
}

static void note_echo(void)
{
	if (chipset->block.echo != NULL)
		chipset->block.echo();
}

/* Counts an NMI that waited while a line was found or served. The line accounts for such an NMI
 * too. */
static inline void look_for_echo(void)
{
	if (nmi_count != 0)
		note_echo();
}

/* Serves a device of the VMM's own (R14). A device may assert its line anew during the service and
 * raise another NMI. The handler deals with the cause before the VMM can look at the line. */
static void serve_line(unsigned line)
{
	line_table[line].handler();
	look_for_echo();
}

void dispatch_again(void)
{
	line_set again = line_again;

	for (line_again = 0; again; again &= again - 1)
		serve_line(line_first(again));
	if (source != NULL)
		source->serve();
}

static void serve_lines(line_set lines)
{
	for (; lines; lines &= lines - 1) {
		unsigned line = line_first(lines);
		line_table[line].exits++;
		trace_record(TRACE_LINE, TRACE_NO_VM, line, lines);
		chipset->block.acknowledge(LINE(line));
		serve_line(line);
	}
}

static inline void serve(line_set lines)
{
	if (lines)
		serve_lines(lines);
}

/* A line of vm has status while another VM runs. A halted vm is ready now. A vm above the running
 * VM ends the running VM's turn (R13). */
static inline void notify(struct vm *vm, const struct vm *running, unsigned line)
{
	if (vm->state == VM_HALTED &&
	    (chipset->controller.deliverable(&vm->controller, LINE(line)) & LINE(line)))
		sched_wake(vm);
	if (running != NULL && vm->state == VM_READY &&
	    vm->config.priority > running->config.priority) {
		line_table[line].wakeups++;
		processor.attention = true;
	}
}

/* Handles a line of VMs that do not run: the line is held until an owner runs (R08). */
static void notify_owners(const struct vm *running, unsigned line)
{
	for (vm_set rest = line_table[line].vms; rest; rest &= rest - 1) {
		struct vm *vm = vms[__builtin_ctzll(rest)];
		notify(vm, running, line);
		if (processor.attention)
			trace_record(TRACE_WAKE, running != NULL ? running->number : TRACE_NO_VM,
			             line, vm->number);
	}
}

/* Handles the lines of VMs that no look has reported before. */
static inline void notify_all(const struct vm *running, line_set lines)
{
	for (; lines; lines &= lines - 1) {
		struct line *line = &line_table[line_first(lines)];
		if (running != NULL)
			line->exits++;
		else
			line->held_by_vmm++; /* the VMM had the processor: no exit */
		notify_owners(running, line_first(lines));
	}
}

/* Figure 3 from the VMM block's status (312) on. */
static void dispatch(struct vm *running, struct chipset_status status)
{
	serve(status.asserted & line_vmm);             /* the VMM's own lines (R14) */
	notify_all(running, status.fresh & ~line_vmm); /* 314: a turn ends, or 316: held */
	external_nmi(status.external);                 /* 320: the external signal */
}

/* Dispatches NMIs where the slice timer's end is an NMI as well: an NMI of these may be the
 * timer's. The chipset is asked first. An NMI that the chipset can explain, or that tells of its
 * own source, is not the timer's. Returns true where a slice has ended. */
static bool dispatch_beside_timer(struct vm *running, unsigned nmis, bool ended)
{
	struct chipset_status status = chipset->block.read_status(nmis);

	if (status.external == EXTERNAL_UNEXPLAINED) {
		enum slice_timer_part part = slice_timer_part(ended);
		status.external = nmi_account_judge_other(status.external,
		                                          part != SLICE_TIMER_NO_PART);
		ended = part == SLICE_TIMER_ENDED;
	} else if (ended) {
		slice_timer_expect();
	}
	nmi_account_settle_timer(&nmi_account, nmi_count != 0 || nmis >= NMI_STORM);
	dispatch(running, status);
	return ended;
}

void dispatch_timer(struct vm *running, bool slice)
{
	virt_unblock_nmi();
	(void)dispatch_beside_timer(running, 1, true);
	if (slice)
		turn_look(running);
}

static inline void dispatch_nmis(struct vm *running, unsigned nmis)
{
	if (!slice_timer_by_nmi)
		dispatch(running, chipset->block.read_status(nmis));
	else if (dispatch_beside_timer(running, nmis, slice_timer_ended()) && running != NULL)
		turn_look(running);
}

/* A source without a mask may go on for ever. So the loop has an end: the caller comes back, and
 * looks at the time in between. */
void dispatch_counted(struct vm *running)
{
	for (unsigned looks = 0; nmi_count != 0 && looks < LOOKS_MAX; looks++) {
		uint32_t nmis = nmi_take();
		dispatch_counters.counted += nmis;
		trace_record(TRACE_NMI, running != NULL ? running->number : TRACE_NO_VM,
		             chipset->block.asserted(), nmis);
		dispatch_nmis(running, nmis);
		nmi_looked(nmis);
	}
}

/* slow_path: inlined, a dispatcher pass on pc takes 13 instructions more (test_figures.py:
 * test_R12_a_dispatcher_pass_without_a_switch).
 * Handles the rarer NMI exits: the VMM's own line, a shared line, a line whose VM has to be woken;
 * or, where line < 0, an NMI that identify_line() could not explain. */
static slow_path void dispatch_other(struct vm *running, int line)
{
	struct vm *owner = line < 0 ? NULL : line_table[line].owner;

	if (line < 0) {
		dispatch_nmis(running, 1);
		return;
	}
	look_for_echo();
	if (owner == NULL) {
		dispatch(running,
		         (struct chipset_status){ .asserted = LINE(line), .fresh = LINE(line) });
	} else {
		line_table[line].exits++;
		notify(owner, running, (unsigned)line);
	}
}

/* Handles most NMI exits the short way: a single line, of a VM that is ready anyway and has to
 * wait. The line is held until the VM's turn (R08). */
void dispatch_exit(struct vm *running)
{
	int line = chipset->block.identify_line();

	/* an NMI that came meanwhile is counted here, and looked at before the entry */
	virt_unblock_nmi();
	const struct vm *owner = line < 0 ? NULL : line_table[line].owner;
	if (owner != NULL && owner->state == VM_READY &&
	    owner->config.priority <= running->config.priority) {
		line_table[(unsigned)line].exits++;
		look_for_echo();
	} else {
		dispatch_other(running, line);
	}
}
