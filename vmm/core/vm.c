/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine's life: started and stopped.
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

void vm_start(struct vm *vm)
{
	/* the controller leaves the chips before the controller is made new */
	if (vm == processor.vm)
		(void)vm_put_away(true, cpu_tsc());
	pci_space_quiet(&vm->pci); /* no DMA of the former life into the new image */
	load_begin(&vm->load, &vm->source, &vm->ram);
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
