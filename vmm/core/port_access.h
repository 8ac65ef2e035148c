/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses to ports that exit. ports.c handles the one access that is on the interrupt path: a
 * plain write of a byte to the controller. port_access.c handles all other accesses. So ports.c is
 * made fast, and port_access.c is made small.
 *
 * Rule: a denied port reads as all ones and swallows all writes, like a port without a device. The
 * access is a fault where another owner has a device at the port, else a probe.
 */
#ifndef VMM_PORT_ACCESS_H
#define VMM_PORT_ACCESS_H

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

/* Does a guest's write of a byte to a port of its 8259 pair. */
static inline void port_controller_write(struct vm *vm, uint16_t port, uint8_t value)
{
	vm->interrupt_exits++;
	int error = chipset->controller.port_write(&vm->controller, port, value);
	if (error != 0 || vm->controller.reinitialised != vm->reinitialisations_said)
		port_controller_fault(vm, error);
	if (vm->switch_waits && !vm->controller.busy)
		processor.attention = true; /* a switch waited for that EOI */
}

/* Handles reads, accesses wider than a byte, and guests that may have a breakpoint. A wide access
 * goes to the ports in turn, as on the ISA bus. Ports beyond the VM's own read as ones. */
void port_access(struct vm *vm, struct vcpu_io io);

#endif
