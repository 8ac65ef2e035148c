/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handling of each kind of VM exit. See the header for the rule.
 */
#include "vmm/core/exits.h"
#include "arch/x86/machine/slice_timer.h"
#include "vmm/core/absent.h"
#include "vmm/core/flows.h"
#include "vmm/core/sched.h"
#include "vmm/core/turn.h"
#include "vmm/core/x87.h"

#include <errno.h>

static void exit_nmi(struct vm *vm, enum vm_exit_reason reason)
{
	(void)reason;
	dispatch_exit(vm);
}

static void exit_aborted(struct vm *vm, enum vm_exit_reason reason)
{
	(void)reason;
	dispatch_counted(vm);
}

static void exit_timer(struct vm *vm, enum vm_exit_reason reason)
{
	(void)reason;
	if (slice_timer_by_nmi)
		dispatch_timer(vm, true);
	else
		turn_look(vm);
}

/* The processor goes to the next ready VM. The halted VM is ready again when a line of the VM has
 * status. With interrupts off the VM sleeps on even then, until its NMI (nmi=vm:NAME). */
static void exit_hlt(struct vm *vm, enum vm_exit_reason reason)
{
	(void)reason;
	bool if_clear = !virt_interrupts_on(vm->vcpu);
	if (virt_skip(vm->vcpu)) /* its trap ends the HLT before the HLT begins */
		return;
	vm->asleep = if_clear;
	if (if_clear && vm_fault_of_hlt(vm))
		return;
	sched_set_state(vm, VM_HALTED);
	sched_end_turn(vm);
}

static void exit_window(struct vm *vm, enum vm_exit_reason reason)
{
	(void)reason;
	vm->interrupt_exits++;
	vm->controller.changed = true; /* vm_invoke() injects a waiting event */
	virt_want_window(vm->vcpu, WINDOW_NONE);
}

static void exit_nmi_window(struct vm *vm, enum vm_exit_reason reason)
{
	(void)reason;
	if (slice_timer_by_nmi)
		dispatch_timer(vm, false);
	vm->controller.changed = true; /* vm_invoke() injects a waiting event */
}

/* The VM goes on by itself at the next entry. */
static void exit_wake(struct vm *vm, enum vm_exit_reason reason)
{
	(void)vm;
	(void)reason;
}

/* Physical interrupts exit (soft). The chipset finds the line and handles the interrupt. */
static void exit_interrupt(struct vm *vm, enum vm_exit_reason reason)
{
	vm->interrupt_exits += reason == VM_EXIT_INTERRUPT;
	if (chipset->interrupted == NULL)
		vm_fault(vm, reason, false,
		         &(struct denial){
				 .format = "an interrupt exit, where none is configured" });
	else if (chipset->interrupted() != 0)
		dispatch_counted(vm);
}

/* Stops a VM that cannot go on. */
static __attribute__((cold)) void exit_fatal(struct vm *vm, enum vm_exit_reason reason)
{
	const struct denial what = { .format = reason == VM_EXIT_SHUTDOWN ? "triple fault"
		                               : reason == VM_EXIT_FAILED
		                                       ? "the processor refused the entry"
		                                       : "an exit of unknown reason" };

	vm_fault(vm, reason, true, &what);
}

static void exit_cpuid(struct vm *vm, enum vm_exit_reason reason)
{
	(void)reason;
	virt_cpuid(vm->vcpu);
}

/* WBINVD and INVD: no interrupt could break into the milliseconds that a WBINVD takes. The caches
 * are coherent with the guest's memory and with DMA, so the VMM skips both instructions. */
static __attribute__((cold)) void exit_caches(struct vm *vm, enum vm_exit_reason reason)
{
	(void)reason;
	virt_skip(vm->vcpu);
}

/* An instruction for the processor's back end: done for the guest, or denied and logged. */
static void exit_processor(struct vm *vm, enum vm_exit_reason reason)
{
	struct denial what = { .format = "an exit that nobody handles" };
	int error = virt_emulate(vm->vcpu, reason, &what);

	if (error == -EAGAIN)
		x87_error(vm, reason);
	else if (error != 0)
		vm_fault(vm, reason, error != -EPERM, &what);
}

typedef void (*exit_handler)(struct vm *vm, enum vm_exit_reason reason);

static const exit_handler handlers[VM_EXIT_COUNT] = {
	[VM_EXIT_NMI] = exit_nmi,
	[VM_EXIT_TIMER] = exit_timer,
	[VM_EXIT_HLT] = exit_hlt,
	[VM_EXIT_IO] = exit_port,
	[VM_EXIT_CPUID] = exit_cpuid,
	[VM_EXIT_CALL] = exit_call,
	[VM_EXIT_WINDOW] = exit_window,
	[VM_EXIT_NMI_WINDOW] = exit_nmi_window,
	[VM_EXIT_INTERRUPT] = exit_interrupt,
	[VM_EXIT_CR] = exit_processor,
	[VM_EXIT_DR] = exit_processor,
	[VM_EXIT_MSR_READ] = exit_processor,
	[VM_EXIT_MSR_WRITE] = exit_processor,
	[VM_EXIT_XSETBV] = exit_processor,
	[VM_EXIT_VIRT] = exit_processor,
	[VM_EXIT_INSTRUCTION] = exit_processor,
	[VM_EXIT_CACHES] = exit_caches,
	[VM_EXIT_EXCEPTION] = exit_processor,
	[VM_EXIT_MEMORY] = exit_memory,
	[VM_EXIT_TASK_SWITCH] = exit_processor,
	[VM_EXIT_SHUTDOWN] = exit_fatal,
	[VM_EXIT_ABORTED] = exit_aborted,
	[VM_EXIT_FAILED] = exit_fatal,
	[VM_EXIT_OTHER] = exit_fatal,
	[VM_EXIT_POLL] = exit_interrupt,
	[VM_EXIT_WAKE] = exit_wake,
};

void exit_handle(struct vm *vm, enum vm_exit_reason reason)
{
	handlers[reason](vm, reason);
}
