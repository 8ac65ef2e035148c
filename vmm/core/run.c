/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run loop. See the header for the rule.
 */
#include "vmm/core/run.h"
#include "arch/x86/cpu/hints.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "vmm/core/allot.h"
#include "vmm/core/background.h"
#include "vmm/core/ending.h"
#include "vmm/core/exits.h"
#include "vmm/core/flows.h"
#include "vmm/core/lines.h"
#include "vmm/core/pit.h"
#include "vmm/core/run_parts.h"
#include "vmm/core/sched.h"
#include "vmm/core/trace.h"
#include "vmm/core/turn.h"
#include "vmm/core/vm_build.h"

/* HOUSEKEEPING_US: the VMM looks up so often when no other event brings the VMM in. WORK_WAIT_US:
 * the background work waits so long for an interrupt of a VM. Where the guest has its interrupts
 * off, or is in a handler, each further wait is twice as long, and WORK_WAITS of them are enough:
 * each is an exit of that guest. */
enum { HOUSEKEEPING_US = 1000000, WORK_WAIT_US = 100, WORK_WAITS = 3 };

/* The run under way, or the run before. */
static struct {
	const struct vmm_config *config;
	const struct operator_calls *person;
	uint64_t started, ended; /* TSC. 0: not yet. */
	uint32_t random_state;   /* The state of the random numbers (jitter=SEED). */
} this_run;

/* The VMM's housekeeping beside running VMs. All times are in TSC ticks. */
static struct {
	uint64_t status_interval; /* The time between two status lines. */
	uint64_t status_due;      /* The next status line. UINT64_MAX: never. */
	uint64_t end_due;         /* The next look at the run's end. UINT64_MAX: never. */
	uint64_t interval;        /* The longest time between two rounds of housekeeping. */
	uint64_t due;             /* decide_with_times() */
} housekeeping;

/* The VMM's own turn: for the background work, for the start of a VM, or for sleep. */
static struct {
	const struct vm *displaced; /* The VM that lost the turn to the VMM. */
	unsigned interrupt_waits;   /* Times that the work has waited for an interrupt. */
} vmm_turn;

static void look_at_once(void)
{
	processor_look_at_once();
}

void run_quit(void)
{
	ending_quit();
	look_at_once();
}

void run_stay(bool on)
{
	ending_set_stay(on);
	look_at_once();
}

uint64_t run_ticks(void)
{
	if (!this_run.started)
		return 0;
	return (this_run.ended ? this_run.ended : cpu_tsc()) - this_run.started;
}

/* Returns the length of a slice in TSC ticks. jitter=SEED: 0.25 to 1.75 of the slice, so that
 * switches fall at moments outside every guest's rhythm. */
static uint64_t slice_ticks(const struct vm *vm)
{
	if (this_run.config->jitter == 0)
		return vm->slice;
	this_run.random_state = this_run.random_state * 1664525 + 1013904223;
	return vm->slice / 4 + (vm->slice / 1024) * (this_run.random_state >> 16) * 1536 / 65536;
}

/* Returns how long vm may run on: the rest of the slice that was interrupted, or a new slice. */
static uint64_t slice_of(const struct vm *vm)
{
	return vm->slice_left != 0 ? vm->slice_left : slice_ticks(vm);
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Returns the time of the next status line, or of the look at the run's end where the look comes
 * first. UINT64_MAX: neither comes. */
static uint64_t first_due(void)
{
	return earliest(housekeeping.status_due, housekeeping.end_due);
}

/* The hints of this file. The gates are the switch and the wake-up of test_irqmux_figures.py, and
 * the limits are 417 and 564 instructions.
 * Measured one by one, where a switch takes 415 and a wake-up 550 with all hints:
 * - slow_path: without tell_activity()'s a switch takes 418, without find_sleeper()'s 417;
 *   waits_for_eoi() inlined takes 300 bytes more of the image (the limit is 196,608).
 * - unlikely: without the hint at housekeeping_due a switch takes 417, at work 418; without the
 *   hint in run() a mask write that the run loop sees took 206, else 205. On VMX the loop sees
 *   each eighth since (vmx/exit.c).
 * - cold: take_turn(), do_housekeeping() and decide_with_times() are made for their size, and the
 *   image has 1,800 bytes less.
 * - one_path: run_all() is then one function with the decision. Without begin_turn()'s a switch
 *   takes 433 and a wake-up 583, without run_decide()'s 454 and 600. */

/* Does the VMM's work beside running VMs, and sets the time of the next housekeeping. Returns true
 * when the background work has its turn. A look at the NMI count stands between the exit before and
 * the switch behind: together the two may take more than 2,000 instructions. */
static __attribute__((cold)) bool do_housekeeping(uint64_t now)
{
	dispatch_counted(processor.vm);
	dispatch_again();
	if (now >= housekeeping.status_due) {
		this_run.person->want_status();
		housekeeping.status_due = now + housekeeping.status_interval;
	}
	housekeeping.end_due = ending_look(now);
	uint64_t work = background_due(false);
	processor.housekeeping_due = earliest(now + housekeeping.interval,
	                                      earliest(first_due(), work));
	return work <= now;
}

/* A HLT may have begun or ended without an exit: only the processor knows. Takes the state over. */
static void note_activity(struct vm *vm)
{
	if (vm->state == VM_STOPPED)
		return;
	bool halted = virt_halted(vm->vcpu);
	vm->asleep = halted;
	if (halted && !virt_interrupts_on(vm->vcpu) && vm_fault_of_hlt(vm))
		return;
	if (vm->at_entry & AT_ENTRY_NMI) /* ends the HLT */
		halted = false;
	if (halted && vm->state == VM_READY)
		sched_set_state(vm, VM_HALTED);
	else if (!halted && vm->state == VM_HALTED)
		sched_set_state(vm, VM_READY);
}

/* Tells the processor whether vm is halted. A halted VM is entered in its HLT, a ready VM behind
 * the HLT. With interrupts off an NMI alone ends a HLT: a ready VM sleeps on in its turns. */
static slow_path void tell_activity(struct vm *vm)
{
	vm->asleep = vm->state == VM_HALTED ||
	             !(virt_interrupts_on(vm->vcpu) || vm->at_entry & AT_ENTRY_NMI);
	virt_set_halted(vm->vcpu, vm->asleep);
}

/* Returns the time of the next work for a VM that does not run. UINT64_MAX: there is no such
 * work. */
static uint64_t vms_due(void)
{
	return earliest(pit_due, processor.allot.due);
}

/* Waits for the next housekeeping. No VM's timer would wake the VMM for the status line, or for the
 * end of the run. Or all halted VMs stand at an x87 error (vmm/core/x87.h), and no VM can be
 * entered in its HLT. */
static void wait_for_housekeeping(void)
{
	while (nmi_count == 0 && !processor.attention &&
	       cpu_tsc() < earliest(processor.housekeeping_due, vms_due())) {
		chipset_look();
		__builtin_ia32_pause();
	}
}

/* Idles, when there is no VM to run: every line goes to the VMM block, and the processor sleeps
 * until a line speaks. */
static void idle(void)
{
	trace_record(TRACE_HALT, TRACE_NO_VM, 0, 0);
	chipset_route(NULL);
	chipset_mask((line_set) ~(line_vmm | sched_awaited()));
	if (sched_anybody_halted() || earliest(first_due(), vms_due()) != UINT64_MAX)
		wait_for_housekeeping();
	else if (chipset->halt != NULL)
		chipset->halt();
	else
		nmi_halt();
	dispatch_counted(NULL);
}

/* last has an interrupt in service. Returns true where last goes on until its EOI, and next has to
 * wait. Returns false where last is not ready and never reaches its EOI, where the time to wait is
 * over, or where next has a higher priority. */
static slow_path bool waits_for_eoi(struct vm *last, const struct vm *next, uint64_t now)
{
	if (last->state != VM_READY || processor.turn.waited ||
	    (next != NULL && next->config.priority > last->config.priority))
		return false;
	if (!last->switch_waits)
		turn_wait(last, now, tsc_from_us(TURN_EOI_WAIT_US));
	if (processor.allot.on)
		(void)allot_begin_turn(last);
	return true;
}

/* The VMM itself has the processor: every line goes to the VMM block, and each line outside masked
 * ends the VMM's turn. */
static void take_lines(line_set masked)
{
	chipset_route(NULL);
	chipset_mask(masked);
}

/* Returns true where the background work may be put off once more. A guest that keeps its
 * interrupts off may have a request for ever, and a guest without EOIs is in its handler for ever:
 * WORK_WAITS times are enough. */
static bool may_put_off_work(void)
{
	if (vmm_turn.interrupt_waits == WORK_WAITS)
		return false;
	vmm_turn.interrupt_waits++;
	return true;
}

/* Returns the length of the next wait in TSC ticks: 100 us where a VM comes first by its
 * priority; 200, 400 and 800 us, one after another, where an interrupt comes first. */
static uint64_t work_wait(void)
{
	return tsc_from_us(WORK_WAIT_US << vmm_turn.interrupt_waits);
}

/* Returns true where the work waits for a request at last's controller. */
static bool request_comes_first(const struct vm *last)
{
	return chipset->controller.deliverable(&last->controller, 0) && may_put_off_work();
}

/* Returns true where the work waits for the EOI of last's guest. */
static bool handler_comes_first(const struct vm *last)
{
	return chipset->controller.in_service != NULL &&
	       chipset->controller.in_service(&last->controller) && may_put_off_work();
}

/* Returns true where the background work has to wait for an interrupt. First case: a VM above the
 * VM that ran has just become ready. Second case: the VMM had the processor, and a line ended the
 * VMM's turn for a VM that has not run since. Third case: the VM that ran has an interrupt of its
 * request. */
static bool work_has_to_wait(const struct vm *last, const struct vm *next)
{
	if (next == NULL)
		return false;
	if (last == NULL)
		return !next->starting || next != vmm_turn.displaced;
	return next->config.priority > last->config.priority || request_comes_first(last);
}

/* Starved work goes on behind NMIs. A line that was reported is masked before the work goes on: the
 * line's status would hold the block's output up, and no other line could raise an NMI. */
static void work_in_background(bool nobody_ready, uint64_t since)
{
	bool nobody_waits = nobody_ready && processor.allot.due == ALLOT_NEVER;

	vmm_turn.interrupt_waits = 0;
	bool alarm = pit_set_alarm();
	do {
		take_lines(0);
		background_run(nobody_waits, since);
		dispatch_counted(NULL);
	} while (background_is_starved() && !processor.attention && !pit_is_due(cpu_tsc()));
	if (alarm) {
		pit_silence_alarm();
		dispatch_counted(NULL);
		pit_forget_alarm();
	}
	processor.housekeeping_due = 0;
}

/* Starts vm in steps. The start uses the VM's own turns; each step ends with a look at the NMI
 * count. */
static void start_in_steps(struct vm *vm, uint64_t now)
{
	uint64_t end = sched_contended(vm) ? now + slice_of(vm) : UINT64_MAX;
	uint64_t then = now, due = vms_due();

	if (processor.allot.on)
		due = earliest(pit_due, allot_begin_turn(vm));
	take_lines(sched_masked(vm));
	while (vm->starting && nmi_count == 0 && !processor.attention &&
	       then < earliest(end, earliest(processor.housekeeping_due, due))) {
		vm_start_step(vm);
		chipset_look();
		then = cpu_tsc();
	}
	vm->run_ticks += then - now;
	vm->slice_left = then < end && end != UINT64_MAX ? end - then : 0;
	if (then >= end)
		sched_end_turn(vm);
	dispatch_counted(NULL);
}

/* The background work waits. Returns NULL: the run loop decides again. */
static struct vm *put_off_work(uint64_t now)
{
	processor.housekeeping_due = now + work_wait();
	processor.attention = true;
	return NULL;
}

/* Gives the processor to the VMM itself: for the background work, for the start of a VM, or for
 * sleep. next: the VM that would run, NULL where no VM is ready. Returns the VM to invoke
 * instead, because the VM has an interrupt in service. Returns NULL when the caller has to decide
 * again. */
static __attribute__((cold)) struct vm *take_turn(struct vm *next, bool work, uint64_t now)
{
	struct vm *last = processor.vm;
	bool waits = work && next != NULL && last != NULL;

	if (waits && handler_comes_first(last))
		return put_off_work(now);
	for (bool force = false; vm_put_away(force, now) != 0; force = true)
		if (waits_for_eoi(last, NULL, now))
			return last;
	vmm_turn.displaced = next;
	/* a VM that has just halted has a request at its controller: the VM is ready */
	if (processor.attention)
		return NULL;
	/* The request came while the VM was put away. No NMI will tell of the request. */
	if (waits && request_comes_first(last))
		return put_off_work(now);
	if (work)
		work_in_background(next == NULL, now);
	else if (next != NULL)
		start_in_steps(next, now);
	else
		idle();
	processor.attention = true;
	return NULL;
}

/* No VM is ready. Chooses the background work (*work), or returns a VM in which the processor
 * sleeps: that VM's interrupts wake it with no exit, all other interrupts wake the VMM. Returns
 * NULL where there is no such VM. */
static slow_path struct vm *find_sleeper(bool *work, uint64_t now)
{
	*work = background_due(true) <= now;
	struct vm *vm = *work ? NULL : sched_idle_vm();
	if (vm != NULL)
		vm->asleep = true; /* tell_activity() */
	return vm;
}

/* timed: as for run_decide(). */
static one_path void begin_turn(struct vm *vm, uint64_t now, bool timed)
{
	const bool allots = timed && processor.allot.on;
	bool contended = sched_contended(vm);
	uint64_t deadline = processor.housekeeping_due;

	if (!contended)
		processor.turn.slice_end = 0;
	else {
		if (processor.turn.slice_end <= now)
			processor.turn.slice_end = now + slice_of(vm);
		deadline = earliest(processor.turn.slice_end, deadline);
	}
	if (timed)
		deadline = earliest(deadline, pit_due);
	if (allots)
		deadline = earliest(deadline, allot_begin_turn(vm));
	turn_arm(vm, now, deadline, contended || allots);
	if (timed)
		turn_watch_tick();
	vm->dozes = !virt_exit_on_hlt(vm->vcpu, contended || sched_others_ready(vm) ||
	                                                (allots && sched_is_sleepless(vm)));
}

/* Chooses the next VM, or NULL where no VM is ready. timed: as for run_decide(). */
static inline struct vm *choose(uint64_t now, bool timed)
{
	if (timed && pit_is_due(now))
		pit_work(now);
	return timed && processor.allot.on ? allot_pick(now) : sched_pick();
}

static struct vm *decide_with_times(uint64_t now);

/* Decides (510) whether it is another VM's turn, and brings that VM in. Returns the VM to invoke,
 * or NULL when the caller has to decide again. timed: moments are due for VMs that do not run,
 * because VMs have PITs of their own, or time is allotted (vmm/core/allot.h). */
one_path struct vm *run_decide(uint64_t now, bool timed)
{
	bool work = false;

	if (unlikely(now >= processor.housekeeping_due)) {
		if (!timed && (pit_moves || processor.allot.on))
			return decide_with_times(now);
		work = do_housekeeping(now);
		if (ending_is_here())
			return NULL;
	}
	struct vm *last = processor.vm; /* a command or a restart may have changed processor.vm */
	if (last != NULL && last->dozes)
		note_activity(last);
	processor.attention = false; /* a later event calls for another decision */
	struct vm *next = choose(now, timed);
	if (next == NULL && !work)
		next = find_sleeper(&work, now);
	else if (work && work_has_to_wait(last, next)) {
		work = false;
		processor.housekeeping_due = now + work_wait();
	}
	if (unlikely(work || next == NULL || next->starting))
		return take_turn(next, work, now);
	if (next != last) {
		for (bool force = false; (timed ? vm_switch_with_pit(next, force, now)
		                                : vm_switch(next, force, now)) != 0;
		     force = true)
			if (waits_for_eoi(last, next, now))
				return last;
	} else if (next->switch_waits) { /* no other VM wants the turn any more */
		turn_wait_no_more(next);
	}
	if (next->asleep)
		tell_activity(next);
	/* a tick's moment is exact; the switch took its time */
	begin_turn(next, timed && pit_due != PIT_NEVER ? cpu_tsc() : now, timed);
	return next;
}

/* The same where moments are due for VMs that do not run. processor.housekeeping_due is then in the
 * past at each decision, so that a decision without such VMs needs no test for them. The true time
 * is in housekeeping.due meanwhile. 0 in processor.housekeeping_due still means: now. */
static __attribute__((cold)) struct vm *decide_with_times(uint64_t now)
{
	enum { SET_ASIDE = 1 };

	if (processor.housekeeping_due == SET_ASIDE)
		processor.housekeeping_due = housekeeping.due;
	struct vm *vm = run_decide(now, true);
	housekeeping.due = processor.housekeeping_due;
	processor.housekeeping_due = SET_ASIDE;
	return vm;
}

static void run(struct vm *vm)
{
	/* A switch may find that the sleeping VM has a request that waits after all. */
	while (!processor.attention) {
		enum vm_exit_reason reason = vm_invoke(vm);
		if (unlikely(vm->at_exit))
			reason = vm_exited(vm, reason);
		uint32_t count = trace_record(TRACE_EXIT, vm->number, reason, 0);
		vm->exits[reason]++;
		if (turn_is_due(count))
			turn_look(vm);
		exit_handle(vm, reason);
	}
}

void run_begin(const struct vmm_config *config, const struct operator_calls *person)
{
	this_run.config = config;
	this_run.person = person;
	this_run.random_state = config->jitter;
	housekeeping.status_interval = tsc_from_us((uint64_t)config->status_ms * 1000);
	housekeeping.interval = config->status_ms ? housekeeping.status_interval
	                                          : tsc_from_us(HOUSEKEEPING_US);
	if (housekeeping.interval > TURN_MOST)
		housekeeping.interval = TURN_MOST;
	this_run.started = cpu_tsc();
	processor.attention = true;
	housekeeping.status_due = config->status_ms
	                                  ? this_run.started + housekeeping.status_interval
	                                  : UINT64_MAX;
	ending_begin(config, person, this_run.started);
	housekeeping.end_due = UINT64_MAX; /* until the first housekeeping */
	vmm_turn.interrupt_waits = 0;
}

int run_all(const struct vmm_config *config, const struct operator_calls *person)
{
	run_begin(config, person);
	for (;;) {
		struct vm *vm = run_decide(cpu_tsc(), false);
		if (vm != NULL)
			run(vm);
		else if (ending_is_here())
			break;
	}
	this_run.ended = cpu_tsc();
	(void)vm_put_away(true, this_run.ended); /* printing from here on counts for no VM */
	return ending_verdict();
}
