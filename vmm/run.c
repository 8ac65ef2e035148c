/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run loop. See the header for the rule.
 */
#include "vmm/run.h"
#include "arch/x86/io.h"
#include "arch/x86/log.h"
#include "arch/x86/nmi.h"
#include "arch/x86/platform.h"
#include "vmm/console.h"
#include "vmm/exits.h"
#include "vmm/flows.h"
#include "vmm/report.h"
#include "vmm/sched.h"
#include "vmm/trace.h"

/* How long a switch waits for the end of what is in service (a handler's length), before in-service bits move into
 * software; and how often the VMM looks up when nothing else brings it in. */
enum { SERVICE_WAIT_US = 200, HOUSEKEEPING_US = 1000000 };

static const struct vmm_config *config;
static bool quit, waited;
static uint64_t started, status_due, end_due, housekeeping;
static uint32_t random_state;

void run_quit(void)
{
	quit = true;
	sched_attention = true;
}

uint64_t run_ticks(void)
{
	return started ? cpu_tsc() - started : 0;
}

void run_timer(void)
{
	if (vm_current->switch_waits) {
		waited = true;
		sched_attention = true;
	} else {
		trace_record(TRACE_SLICE, vm_current->number, 0, 0);
		vm_current->sliced = false;
		sched_end_turn(vm_current);
	}
}

/* jitter=SEED: 0.25 to 1.75 of the slice, so that switches fall at moments that no guest's rhythm shares. */
static uint64_t slice_ticks(const struct vm *vm)
{
	if (config->jitter == 0)
		return vm->slice;
	random_state = random_state * 1664525 + 1013904223;
	return vm->slice / 4 + (vm->slice / 1024) * (random_state >> 16) * 1536 / 65536;
}

static uint64_t until_chores(void)
{
	uint64_t now = cpu_tsc();
	return sched_chores_due == UINT64_MAX ? housekeeping : sched_chores_due > now ? sched_chores_due - now : 0;
}

/* A slice is measured while somebody of the same priority waits for the next one; else the timer only brings the VMM in for
 * its own chores. */
static inline void arm_timer(struct vm *vm, bool contended)
{
	if (!vm->fresh_slice && vm->sliced == contended)
		return;
	vm->fresh_slice = false;
	vm->sliced = contended;
	virt_set_timer(vm->vcpu, contended ? slice_ticks(vm) : until_chores());
}

static bool all_done(void)
{
	for (unsigned i = 0; i < vm_count; i++)
		if (!vms[i]->done)
			return false;
	return !config->stay;
}

static __attribute__((noinline)) void do_chores(uint64_t now)
{
	if (console_has_command())
		console_poll();
	if (now >= status_due) {
		report_status();
		status_due = now + tsc_from_us((uint64_t)config->status_ms * 1000);
	}
	if (now >= end_due) {
		log_line("time is up (seconds=%lu)", (unsigned long)config->seconds);
		quit = true;
	}
	if (sched_vm_stopped) {
		sched_vm_stopped = false;
		quit |= all_done();
	}
	sched_chores_due = status_due < end_due ? status_due : end_due;
}

static inline uint64_t keep_house(void)
{
	uint64_t now = cpu_tsc();
	if (__builtin_expect(now >= sched_chores_due || console_has_command(), 0))
		do_chores(now);
	return now;
}

/* HLT may have been executed with no exit, or ended with none: the processor knows. */
static void note_activity(struct vm *vm)
{
	if (vm->state == VM_STOPPED)
		return;
	bool halted = virt_halted(vm->vcpu);
	if (halted && !virt_interrupts_on(vm->vcpu))
		(void)vm_fault(vm, true, "HLT with interrupts off: nothing can wake it");
	else if (halted && vm->state == VM_READY)
		sched_set_state(vm, VM_HALTED);
	else if (!halted && vm->state == VM_HALTED)
		sched_set_state(vm, VM_READY);
}

/* Nothing to run at all: every line to the VMM block, and sleep until one of them speaks. */
static void idle(void)
{
	trace_record(TRACE_HALT, TRACE_NO_VM, 0, 0);
	chipset_route(NULL);
	chipset_mask((line_set)~dispatch_vmm_lines());
	vm_current = NULL;
	if (chipset->halt != NULL)
		chipset->halt();
	else
		nmi_halt();
	dispatch_counted(NULL);
}

/* Something is in service: is there nobody who will end it, or no time to wait for that? */
static bool cannot_wait(const struct vm *last, const struct vm *next)
{
	return last->state != VM_READY || waited || next->config.priority > last->config.priority;
}

/* 510: is another VM's turn? Brings it in; the VM to invoke, or NULL: look again. */
static struct vm *decide(void)
{
	uint64_t now = keep_house();
	if (quit)
		return NULL;
	if (vm_current != NULL)
		note_activity(vm_current);
	sched_attention = false;                            /* what comes from here on calls for another decision */
	struct vm *last = vm_current, *next = sched_pick(); /* a command or a restart may have changed it */
	if (next == NULL)
		next = sched_idle_vm(); /* sleeps in the guest: its interrupts wake it with no exit, all others wake us */
	if (next == NULL) {
		idle();
		sched_attention = true;
		return NULL;
	}
	if (next != last) {
		for (bool force = false; vm_switch(next, force, now) != 0; force = true) {
			if (cannot_wait(last, next))
				continue;
			last->switch_waits = true;
			virt_set_timer(last->vcpu, tsc_from_us(SERVICE_WAIT_US));
			return last;
		}
		waited = false;
		if (next->slept && next->state == VM_READY) {
			next->slept = false;
			virt_set_halted(next->vcpu, false);
		}
	} else if (next->switch_waits) { /* nobody else wants the turn any more */
		next->switch_waits = waited = false;
		next->fresh_slice = true;
	}
	bool contended = sched_contended(next);
	arm_timer(next, contended);
	virt_exit_on_hlt(next->vcpu, contended || sched_others_ready(next));
	return next;
}

static void run(struct vm *vm)
{
	while (!sched_attention) { /* a switch may find that the VM which slept has a request at its door after all */
		enum vm_exit_reason reason = vm_invoke(vm);
		if (__builtin_expect(vm->routes_at_exit, 0))
			vm_leave();
		trace_record(TRACE_EXIT, vm->number, reason, 0);
		vm->exits[reason]++;
		exit_handle(vm, reason);
	}
}

static int verdict(void)
{
	int status = 0;
	for (unsigned i = 0; i < vm_count; i++) {
		if (vms[i]->done && vms[i]->exit_status == 0)
			continue;
		log_line("vm %s: %s", vms[i]->config.name, vms[i]->done ? "failed" : "did not finish");
		status = 1;
	}
	return status;
}

int run_all(const struct vmm_config *with)
{
	config = with;
	random_state = config->jitter;
	housekeeping = tsc_from_us(config->status_ms ? (uint64_t)config->status_ms * 1000 : HOUSEKEEPING_US);
	started = cpu_tsc();
	status_due = config->status_ms ? started + housekeeping : UINT64_MAX;
	end_due = config->seconds ? started + tsc_from_us((uint64_t)config->seconds * 1000000) : UINT64_MAX;
	for (;;) {
		struct vm *vm = decide();
		if (vm != NULL)
			run(vm);
		else if (quit)
			break;
	}
	return verdict();
}
