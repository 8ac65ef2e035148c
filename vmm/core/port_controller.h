/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ports of a guest's 8259 pair, as a guest writes to the ports.
 *
 * Rule: a write that the chipset refuses is a fault of the guest, and the guest goes on.
 */
#ifndef VMM_PORT_CONTROLLER_H
#define VMM_PORT_CONTROLLER_H

#include "chipset/chipset.h"
#include "vmm/core/processor.h"
#include "vmm/core/vm.h"

/* Returns true for a port of the guest's 8259 pair. */
static inline bool port_is_controller(uint16_t port)
{
	return (port & ~1) == 0x20 || (port & ~1) == 0xa0 ||
	       ((port & ~1) == PORT_ELCR1 && chipset->elcr);
}

/* Reports what a guest asked of its controllers in vain: error is what the write returned. */
void port_controller_fault(struct vm *vm, int error);

/* Does a guest's write of a byte to a port of its 8259 pair. Call it at the exit. */
static inline void port_controller_write(struct vm *vm, uint16_t port, uint8_t value)
{
	vm->interrupt_exits++;
	int error = chipset->controller.port_write(&vm->controller, port, value);
	if (error != 0 || vm->controller.reinitialised != vm->reinitialisations_said)
		port_controller_fault(vm, error);
	if (vm->switch_waits && !vm->controller.busy)
		processor.attention = true; /* a switch waited for that EOI */
}

#endif
