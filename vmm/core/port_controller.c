/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's writes to its 8259 pair. See the header for the rule.
 */
#include "vmm/core/port_controller.h"

#include "arch/x86/cpu/hints.h"
#include "arch/x86/log/log.h"

#include <errno.h>

/* cold: a guest's fault. Not inlined: see change_controller() (vmm/core/invoke.c). */
__attribute__((cold)) void port_controller_fault(struct vm *vm, int error)
{
	static const struct denial opens_others = {
		.format = "OCW1 opens lines that are not the VM's; they stay masked"
	};
	static const struct denial asks_for_more = {
		.format = "ICW1 asks for a mode that a PC's 8259 pair does not have; "
			  "taken as cascaded, edge, ICW4"
	};

	if (error != 0)
		vm_fault(vm, VM_EXIT_IO, false, error == -EACCES ? &opens_others : &asks_for_more);
	uint32_t again = vm->controller.reinitialised;
	/* at each doubling */
	if (again != vm->reinitialisations_said && (again & (again - 1)) == 0)
		log_note("vm %s: initialised its running 8259 again, %lu time%s so far",
		         vm->config.name, again, again == 1 ? "" : "s");
	vm->reinitialisations_said = again;
}
