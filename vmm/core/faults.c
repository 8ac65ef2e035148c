/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults of a VM: the report of a denied access, and the VM's policy (onfault=).
 *
 * Rule: a fault of the guest and a fault of the guest's device have the same policy. A storm of
 * faults is logged at each doubling only.
 */
#include "arch/x86/log/log.h"
#include "vmm/core/flows.h"
#include "vmm/core/trace.h"

#include <string.h>

enum { FAULT_LINES = 8, RESTARTS_MAX = 20 };

static void stop_for(struct vm *vm, const char *why)
{
	vm_stop(vm, 1, &(struct denial){ .format = why });
}

/* Starts the VM anew after a fault. A VM that faults at once again must not take the processor from
 * the others, and must not restart for ever. */
static void restart(struct vm *vm)
{
	if (++vm->restarts > RESTARTS_MAX) {
		stop_for(vm, "stopped: restarted too often (onfault=restart)");
		return;
	}
	log_notes_after(&vm->output.tail, vm->output.head);
	log_note("vm %s: restarted, number %lu (onfault=restart)", vm->config.name, vm->restarts);
	log_notes_after(NULL, 0);
	vm_start(vm);
}

/* prefix: a text with the VM's name, the number of faults, and RIP where split is 3. */
static void note_fault(const struct vm *vm, const char *prefix, unsigned split,
                       const struct denial *what)
{
	struct note note = { prefix, what->format,
		             split,  { (uint64_t)vm->config.name, vm->faults },
		             NULL,   0 };

	if (split == 3)
		note.value[2] = virt_rip(vm->vcpu);
	memcpy(note.value + split, what->value, sizeof(what->value));
	log_notes_after(&vm->output.tail, vm->output.head);
	log_note_post(&note);
	if (vm->faults == FAULT_LINES && vm->config.onfault == FAULT_LOG)
		log_note("vm %s: more faults are logged at each doubling only", vm->config.name);
	log_notes_after(NULL, 0);
}

static bool is_logged(const struct vm *vm)
{
	return vm->faults <= FAULT_LINES || (vm->faults & (vm->faults - 1)) == 0 ||
	       vm->config.onfault != FAULT_LOG;
}

bool vm_fault(struct vm *vm, enum vm_exit_reason reason, bool fatal, const struct denial *what)
{
	vm->faults++;
	trace_record(TRACE_FAULT, vm->number, reason, (uint32_t)virt_rip(vm->vcpu));
	if (is_logged(vm) || fatal)
		note_fault(vm, "vm %s: fault %lu at %lx: ", 3, what);
	if (vm->config.onfault == FAULT_RESTART) {
		restart(vm);
		return false;
	}
	if (!fatal && vm->config.onfault == FAULT_LOG)
		return true;
	log_notes_after(&vm->output.tail, vm->output.head);
	virt_dump(vm->vcpu);
	stop_for(vm, fatal ? "stopped: it cannot go on" : "stopped (onfault=stop)");
	return false;
}

bool vm_fault_of_hlt(struct vm *vm)
{
	static const struct denial never_wakes = {
		.format = "HLT with interrupts off: nothing can wake it"
	};

	if (dispatch_gives_nmis_to(vm) && !virt_nmis_blocked(vm->vcpu))
		return false;
	(void)vm_fault(vm, VM_EXIT_HLT, true, &never_wakes);
	return true;
}

void vm_device_fault(struct vm *vm, const struct denial *what)
{
	vm->faults++;
	if (is_logged(vm))
		note_fault(vm, "vm %s: fault %lu: ", 2, what);
	if (vm->done || vm->config.onfault == FAULT_LOG)
		return;
	if (vm->config.onfault == FAULT_RESTART)
		restart(vm);
	else
		stop_for(vm, "stopped (onfault=stop)");
}
