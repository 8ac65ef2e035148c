/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports that exit, but for the plain write of a byte to the controller: reads, wide accesses, the
 * VM's own filtered ports, and all ports that do not belong to the VM. See the header for the rule.
 */
#include "vmm/core/port_access.h"

#include "arch/x86/cpu/hints.h"
#include "arch/x86/cpu/io.h"
#include "vmm/core/exits.h"
#include "vmm/core/pc_view.h"
#include "vmm/core/pit.h"
#include "vmm/core/port_controller.h"
#include "vmm/core/port_filter.h"
#include "vmm/core/sched.h"
#include "vmm/core/trace.h"
#include "vmm/core/x87.h"

static uint8_t controller_read(struct vm *vm, uint16_t port)
{
	uint8_t value = 0xff;

	vm->interrupt_exits++;
	(void)chipset->controller.port_read(&vm->controller, port, &value);
	trace_record(TRACE_PORT, vm->number, port, value);
	return value;
}

static uint32_t ones(unsigned size)
{
	return size == 4 ? UINT32_MAX : (1u << 8 * size) - 1;
}

/* Ports of the VMs and of the VMM, a bit each. */
static uint8_t taken[(UINT16_MAX + 1) / 8];

void ports_take(uint16_t first, uint16_t last)
{
	for (unsigned port = first; port <= last; port++)
		taken[port / 8] |= (uint8_t)(1u << port % 8);
}

static bool is_answered(const struct vm *vm, uint16_t port)
{
	return port_is_controller(port) || port_is_filtered(vm, port) || pit_has_port(vm, port);
}

/* Returns OWN where a port of the access is the VM's, and FOREIGN where another owner has one. */
enum { OWN = 1, FOREIGN = 2 };
static unsigned owners(const struct vm *vm, const struct vcpu_io *io)
{
	unsigned found = 0;

	for (unsigned i = 0; i < io->size; i++) {
		const uint16_t port = (uint16_t)(io->port + i);
		const bool own = port_is_own(vm, port) || is_answered(vm, port);
		found |= own ? OWN : taken[port / 8] >> port % 8 & 1 ? FOREIGN : 0;
	}
	return found;
}

/* Returns OWN where ports of the access answer, each on its own: the first port is answered here,
 * or a wide access goes over the end of the VM's ports, and nobody has the ports beyond. Returns
 * another value of owners() where the access is denied. */
static unsigned answerers(const struct vm *vm, const struct vcpu_io *io)
{
	return is_answered(vm, io->port) ? OWN : owners(vm, io);
}

/* Denies an access to ports of these owners. A read gives ones. Returns false where the VM does not
 * go on, and where the VM finds a part of a PC there: then the access is done. */
static bool deny(struct vm *vm, const struct vcpu_io *io, unsigned found, uint32_t *value)
{
	const struct denial what = { "%s port %lxh, %lu byte%s",
		                     { (uint64_t)(io->kind & IO_IN ? "read of" : "write to"),
		                       io->port, io->size, (uint64_t)(io->size == 1 ? "" : "s") } };

	if (pc_view_access(vm, io))
		return false;
	if (vm_uart_has_port(vm, io->port)) { /* the ports are the VMM's, whose console is there */
		*value = vm_uart_access(vm, io, *value);
		return true;
	}
	*value = ones(io->size);
	if (io->port == X87_PORT && !(io->kind & IO_IN))
		x87_unlatch(vm);
	else if (!(found & FOREIGN) || pc_view_is_probe(vm, io->port))
		/* as on a PC, where delay loops write to port 80h and drivers look for devices */
		vm->probes++;
	else
		return vm_fault(vm, VM_EXIT_IO, false, &what);
	return true;
}

static uint8_t read_one(struct vm *vm, uint16_t port)
{
	if (pit_has_port(vm, port))
		return pit_read(vm, port);
	if (port_is_controller(port))
		return controller_read(vm, port);
	return port_is_own(vm, port) ? io_in8(port) : 0xff;
}

/* Writes a byte. Returns false where the write ended the guest's turn at this instruction. */
static bool write_one(struct vm *vm, uint16_t port, uint8_t value)
{
	if (pit_has_port(vm, port))
		pit_write(vm, port, value);
	else if (port_is_controller(port))
		port_controller_write(vm, port, value);
	else if (port_is_own(vm, port))
		return port_filter_write(vm, port, value);
	return true;
}

/* Carries out an access: a read gives *value, a write takes *value. A wide access goes to the ports
 * in turn, as on the ISA bus. Ports beyond the VM's own read as ones. Returns false where the
 * instruction needs no more work. */
static bool access_ports(struct vm *vm, const struct vcpu_io *io, uint32_t *value)
{
	uint32_t result = 0;

	/* a PIT is asked at each tick: its ports come first */
	const unsigned found = pit_has_port(vm, io->port) ? OWN : answerers(vm, io);
	if (found != OWN)
		return deny(vm, io, found, value);
	for (unsigned i = 0; i < io->size; i++) {
		uint16_t port = (uint16_t)(io->port + i);
		if (io->kind & IO_IN)
			result |= (uint32_t)read_one(vm, port) << 8 * i;
		else if (!write_one(vm, port, (uint8_t)(*value >> 8 * i)))
			return false;
	}
	*value = result;
	return true;
}

/* INS and OUTS: an element at a time where somebody answers, else as many ones as a piece holds. */
static void exit_string(struct vm *vm, const struct vcpu_io *io)
{
	struct vcpu_string piece;
	const bool one = answerers(vm, io) == OWN || vm_uart_has_port(vm, io->port);

	if (virt_string_begin(vm->vcpu, io, one ? 1 : VCPU_STRING_BYTES / io->size, &piece) &&
	    access_ports(vm, io, &piece.value))
		virt_string_end(vm->vcpu, io, &piece);
}

/* slow_path: without, and without data_write()'s hint (chipset/pc/pc_8259.c), a mask write
 * that the run loop sees took 211 instructions, else 205. */
slow_path void port_access(struct vm *vm, struct vcpu_io io)
{
	struct vcpu_regs *regs = vcpu_regs(vm->vcpu);
	uint32_t value = (uint32_t)regs->rax;

	if (io.kind & IO_STRING) {
		exit_string(vm, &io);
		return;
	}
	virt_skip(vm->vcpu);
	if (vcpu_may_break(vm->vcpu))
		virt_break_on_io(vm->vcpu, &io, NULL);
	/* A 32-bit result clears the register's upper half; narrower results leave the rest alone
	 * (SDM 1 3.4.1.1). */
	if (access_ports(vm, &io, &value) && io.kind & IO_IN)
		regs->rax = io.size == 4 ? value : (regs->rax & ~(uint64_t)ones(io.size)) | value;
}
