/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt dispatcher: what the VMM block's output leads to (Figure 3 from block 312 on, and
 * ¶52).
 *
 * Rule: after an NMI exit NMIs are blocked; they are unblocked here and nowhere else. Every source
 * is read each time, because one NMI may stand for several; a status bit is acknowledged before its
 * device is served.
 */
#include "arch/x86/log.h"
#include "arch/x86/nmi.h"
#include "arch/x86/slice_timer.h"
#include "vmm/flows.h"
#include "vmm/lines.h"
#include "vmm/sched.h"
#include "vmm/trace.h"
#include "vmm/turn.h"

enum { LOOKS_MAX = 4 };

struct dispatch_counters dispatch_counters;

static enum nmi_policy policy;
static struct vm *policy_vm;

void dispatch_set_policy(enum nmi_policy wanted, struct vm *vm)
{
	policy = wanted;
	policy_vm = vm;
}

/* ¶52: the signal came from no line: the external source's own treatment. Where lines raise NMIs
 * themselves, an NMI whose source does not tell of itself may have been a line's: an emulated I/O
 * APIC may take one edge for several (docs/emulators.md). Such an NMI is unattributed; nmi= says
 * what becomes of it all the same. A source that goes on must not drown the console, so from the
 * ninth on only each doubling is logged. */
static __attribute__((noinline)) void external_nmi(bool told)
{
	enum { EXTERNAL_LINES = 8 };
	uint64_t number = ++dispatch_counters.external;
	const char *kind = told || !chipset->ambiguous ? "external" : "unattributed";
	dispatch_counters.unattributed += !told && chipset->ambiguous;
	trace_record(TRACE_EXTERNAL, TRACE_NO_VM, 0, (uint32_t)number);
	if (policy == NMI_PANIC)
		panic("%s NMI (nmi=panic)", kind);
	if (number <= EXTERNAL_LINES || (number & (number - 1)) == 0)
		log_note("%s NMI number %lu%s%s%s", kind, number,
		         policy == NMI_VM ? ", goes to vm " : "",
		         policy == NMI_VM ? policy_vm->config.name : "",
		         number == EXTERNAL_LINES ? "; more are logged at each doubling only" : "");
	if (policy == NMI_VM) {
		policy_vm->nmi_due = policy_vm->controller.changed = true;
		if (policy_vm->state == VM_HALTED)
			sched_set_state(policy_vm, VM_READY);
		sched_attention = true;
	}
}

static __attribute__((noinline)) void note_echo(void)
{
	if (chipset->echo != NULL)
		chipset->echo();
}

/* An NMI that waited while a line was found or served is counted now. The line accounts for that
 * NMI too. */
static inline void look_for_echo(void)
{
	if (__builtin_expect(nmi_count != 0, 0))
		note_echo();
}

/* R14: devices of the VMM's own. A device that asserts its line anew while it is served raises
 * another NMI, and its handler has dealt with the cause before anybody can look at the line. */
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
}

static __attribute__((noinline)) void serve(line_set lines)
{
	for (; lines; lines &= lines - 1) {
		unsigned line = line_first(lines);
		line_table[line].exits++;
		trace_record(TRACE_LINE, TRACE_NO_VM, line, lines);
		chipset->acknowledge(LINE(line));
		serve_line(line);
	}
}

/* Its line has status while another VM runs: a halted VM is ready now, one above the running VM
 * ends its turn (R13). */
static inline void notify(struct vm *vm, const struct vm *running, unsigned line)
{
	if (vm->state == VM_HALTED &&
	    (chipset->deliverable(&vm->controller, LINE(line)) & LINE(line)))
		sched_wake(vm);
	if (running != NULL && vm->state == VM_READY &&
	    vm->config.priority > running->config.priority) {
		line_table[line].wakeups++;
		sched_attention = true;
	}
}

/* A line of VMs that do not run: held until one does (R08). */
static __attribute__((noinline)) void notify_owners(const struct vm *running, unsigned line)
{
	for (vm_set rest = line_table[line].vms; rest; rest &= rest - 1) {
		struct vm *vm = vms[__builtin_ctzll(rest)];
		notify(vm, running, line);
		if (sched_attention)
			trace_record(TRACE_WAKE, running != NULL ? running->number : TRACE_NO_VM,
			             line, vm->number);
	}
}

static void dispatch(struct vm *running, struct chipset_status status)
{
	if (status.asserted & line_vmm)
		serve(status.asserted & line_vmm);
	for (line_set rest = status.fresh & ~line_vmm; rest; rest &= rest - 1) {
		struct line *line = &line_table[line_first(rest)];
		if (running != NULL)
			line->exits++;
		else
			line->held_by_vmm++; /* the VMM had the processor: no exit */
		notify_owners(running, line_first(rest));
	}
	if (status.external)
		external_nmi(status.external == EXTERNAL_TOLD);
}

/* Where the slice timer's end is an NMI as well, one of these may be its own. The chipset is asked
 * first: what it can explain, or what its source itself tells, is not the timer's. Has a slice
 * ended? */
static __attribute__((noinline)) bool dispatch_beside_timer(struct vm *running, unsigned nmis,
                                                            bool ended, bool counted)
{
	struct chipset_status status = chipset->status(nmis);
	if (status.external == EXTERNAL_UNEXPLAINED) {
		enum slice_timer_part part = ended ? SLICE_TIMER_ENDED : slice_timer_part(counted);
		if (part != SLICE_TIMER_NO_PART)
			status.external = 0;
		ended = part == SLICE_TIMER_ENDED;
	} else if (ended) {
		slice_timer_expect();
	}
	dispatch(running, status);
	return ended;
}

void dispatch_timer(struct vm *running, bool slice)
{
	virt_unblock_nmi();
	(void)dispatch_beside_timer(running, 1, true, false);
	if (slice)
		turn_look(running);
}

static inline void dispatch_nmis(struct vm *running, unsigned nmis, bool counted)
{
	if (__builtin_expect(!slice_timer_by_nmi, 1))
		dispatch(running, chipset->status(nmis));
	else if (dispatch_beside_timer(running, nmis, slice_timer_ended(), counted) &&
	         running != NULL)
		turn_look(running);
}

/* A source that no mask silences may go on: the caller comes back, and looks at the time in
 * between. */
void dispatch_counted(struct vm *running)
{
	for (unsigned looks = 0; nmi_count != 0 && looks < LOOKS_MAX; looks++) {
		uint32_t nmis = nmi_take();
		dispatch_counters.counted += nmis;
		trace_record(TRACE_NMI, running != NULL ? running->number : TRACE_NO_VM,
		             chipset->asserted(), nmis);
		dispatch_nmis(running, nmis, true);
		nmi_looked(nmis);
	}
}

/* The VMM's own line, a shared one, one whose VM is to be woken; or nothing that single() could
 * make out (line < 0). */
static __attribute__((noinline)) void dispatch_other(struct vm *running, int line)
{
	struct vm *owner = line < 0 ? NULL : line_table[line].owner;
	if (line < 0) {
		dispatch_nmis(running, 1, false);
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

/* The way of most NMI exits: one line, of one VM that is ready anyway and has to wait. It is held
 * until its turn (R08). */
void dispatch_exit(struct vm *running)
{
	int line = chipset->single();
	/* one that came meanwhile is counted here, and looked at before the entry */
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
