/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports that exit: those of the controller that are filtered, and those that are not the VM's.
 *
 * Rule: a denied port reads as all ones and swallows what is written, as a port without a device does.
 */
#include "vmm/exits.h"
#include "vmm/sched.h"
#include "vmm/trace.h"

#include <stdio.h>

static bool is_controller(uint16_t port)
{
	return (port & ~1) == 0x20 || (port & ~1) == 0xa0;
}

/* One byte; wider accesses go to the ports one after the other, as on the ISA bus. */
static uint8_t controller_byte(struct vm *vm, uint16_t port, bool in, uint8_t value)
{
	struct controller *c = &vm->controller;
	vm->interrupt_exits++;
	if (in)
		(void)chipset->port_read(c, port, &value);
	else if (chipset->port_write(c, port, value) != 0)
		vm_fault(vm, false, "ICW1 asks for a mode that a PC's 8259 pair does not have; taken as cascaded, edge, ICW4");
	trace_record(TRACE_PORT, vm->number, port, value);
	return value;
}

static uint32_t ones(unsigned size)
{
	return size == 4 ? UINT32_MAX : (1u << 8 * size) - 1;
}

static uint32_t denied(struct vm *vm, const struct vcpu_io *io)
{
	char what[64];
	snprintf(what, sizeof(what), "%s port %xh, %u byte%s", io->in ? "read of" : "write to", io->port, io->size,
	         io->size == 1 ? "" : "s");
	vm_fault(vm, false, what);
	return ones(io->size);
}

void exit_port(struct vm *vm)
{
	struct vcpu_regs *regs = vcpu_regs(vm->vcpu);
	struct vcpu_io io = vcpu_exit_io(vm->vcpu);
	uint32_t value = (uint32_t)regs->rax, result = ones(io.size);
	vcpu_skip(vm->vcpu);
	if (!is_controller(io.port) || io.string) {
		uint32_t starts = vm->faults;
		result = denied(vm, &io);
		if (vm->state == VM_STOPPED || vm->faults < starts)
			return; /* stopped, or started anew: nothing to hand back */
		if (io.string) {
			if (io.repeat)
				regs->rcx = 0;
			return;
		}
	} else {
		for (unsigned i = 0; i < io.size; i++) {
			uint8_t byte = controller_byte(vm, (uint16_t)(io.port + i), io.in, (uint8_t)(value >> 8 * i));
			result = (result & ~(0xffu << 8 * i)) | (uint32_t)byte << 8 * i;
		}
		if (vm->switch_waits && !vm->controller.busy)
			sched_attention = true; /* that was the EOI which a switch waits for */
	}
	if (!io.in)
		return;
	/* A 32-bit result clears the register's upper half, narrower ones leave the rest alone (SDM 1 3.4.1.1). */
	regs->rax = io.size == 4 ? result : (regs->rax & ~(uint64_t)ones(io.size)) | result;
}
