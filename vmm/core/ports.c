/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports that exit: the access that is on the interrupt path. See port_access.h for all others.
 *
 * Rule: a plain write of a byte to the controller, a guest's mask write, takes the shortest way.
 */
#include "vmm/core/exits.h"
#include "vmm/core/port_access.h"
#include "vmm/core/port_controller.h"

void exit_port(struct vm *vm, enum vm_exit_reason reason)
{
	(void)reason;
	struct vcpu_io io = virt_exit_io(vm->vcpu);
	/* In one value: 2 instructions of a mask write that comes here. */
	const unsigned other = io.kind | (io.size ^ 1u) | vcpu_may_break(vm->vcpu);
	if (port_is_controller(io.port) && other == 0) {
		virt_skip(vm->vcpu);
		port_controller_write(vm, io.port, (uint8_t)vcpu_regs(vm->vcpu)->rax);
	} else {
		port_access(vm, io);
	}
}
