/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine's life: started, stopped, started again for a fault.
 *
 * Rule: a start only asks for the VM's turns. The turns load the image anew (vmm/core/vm_build.c),
 * so a stopped VM comes back in its first state.
 */
#include "vmm/core/vm.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "vmm/core/flows.h"
#include "vmm/core/sched.h"
#include "vmm/core/trace.h"

#include <string.h>

enum { FAULT_LINES = 8, RESTARTS_MAX = 20 };

void vm_start(struct vm *vm)
{
	/* the controller leaves the chips before the controller is made new */
	if (vm == processor.vm)
		(void)vm_put_away(true, cpu_tsc());
	pci_space_quiet(&vm->pci); /* no DMA of the former life into the new image */
	load_begin(&vm->load, &vm->source, (void *)vm->memory, vm->config.memory);
	vm->starting = true;
	vm->slice_left = 0;
	vm->at_entry &= (uint8_t)~AT_ENTRY_NMI;
	vm->switch_waits = vm->done = vm->asleep = vm->dozes = vm->x87_latched = false;
	vm->stopped_by_operator = false;
	vm->faults = vm->reinitialisations_said = 0;
	vm->status[0] = '\0';
	sched_set_state(vm, VM_READY);
	sched_end_turn(vm);
	trace_record(TRACE_STATE, vm->number, VM_READY, 0);
}

void vm_stop(struct vm *vm, int status, const struct denial *why)
{
	struct note note = { "vm %s: ", why->format, 1, { (uint64_t)vm->config.name }, NULL, 0 };

	memcpy(note.value + note.split, why->value, sizeof(why->value));
	vm->done = true;
	vm->exit_status = status;
	vm->switch_waits = vm->starting = false;
	pci_space_quiet(&vm->pci);
	sched_set_state(vm, VM_STOPPED);
	trace_record(TRACE_STATE, vm->number, VM_STOPPED, 0);
	log_notes_after(&vm->output.tail, vm->output.head);
	log_note_post(&note);
	log_notes_after(NULL, 0);
}

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
