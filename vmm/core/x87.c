/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An x87 error of a guest with CR0.NE clear. See the header for the rule.
 */
#include "vmm/core/x87.h"
#include "vmm/core/sched.h"

enum { LINE_X87 = 13 };

/* Sets the latch. The error makes a single edge while the latch is set. */
static void latch(struct vm *vm)
{
	if (!vm->x87_latched && line_in(vm->controller.lines, LINE_X87))
		chipset->controller.request(&vm->controller, LINE_X87);
	vm->x87_latched = true;
}

void x87_error(struct vm *vm, enum vm_exit_reason reason)
{
	static const struct denial never_wakes = {
		.format = "an x87 error with CR0.NE = 0 and interrupts off: nothing can wake it"
	};

	latch(vm);
	if (!virt_interrupts_on(vm->vcpu)) {
		(void)vm_fault(vm, reason, true, &never_wakes);
		return;
	}
	vm->dozes = false; /* the processor knows nothing of this halt */
	sched_set_frozen(vm);
	sched_end_turn(vm);
}

void x87_unlatch(struct vm *vm)
{
	vm->x87_latched = false;
}
