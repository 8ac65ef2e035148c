/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 16550 of a VM. See the header for the rule.
 */
#include "vmm/core/vm_uart.h"
#include "vmm/core/background.h"
#include "vmm/core/sched.h"

/* The output has room for all that a driver sends after a look. */
static bool has_room(const struct vm *vm)
{
	return output_room(&vm->output) >= NS16550_FIFO;
}

/* Makes the interrupt output a request of the VM, or takes a request back. A VM that is away reads
 * nothing, so its output never falls. */
static void follow_interrupt(struct vm *vm)
{
	const struct chipset_controller *c = &chipset->controller;
	enum ns16550_edge edge = ns16550_take_edge(&vm->uart.chip);

	if (edge == NS16550_STEADY)
		return;
	if (vm == processor.vm) {
		if (chipset->reroutes_at_exits)
			chipset_route(NULL);
		c->drive(&vm->controller, VM_UART_LINE, edge == NS16550_ROSE);
		return;
	}
	c->request(&vm->controller, VM_UART_LINE);
	if (vm->state == VM_HALTED && line_in(c->deliverable(&vm->controller, 0), VM_UART_LINE))
		sched_set_state(vm, VM_READY);
}

/* Moves keys to the receiver. Keys that wait never overrun it. */
static void feed(struct vm_uart *u)
{
	while (u->tail != u->head && ns16550_room(&u->chip) != 0)
		ns16550_receive(&u->chip, u->keys[u->tail++ % VM_UART_KEYS]);
}

/* Half a ring of text, or a line's end, is worth the way to the background work. */
static void send(struct vm *vm, char byte)
{
	(void)output_put(&vm->output, &byte, 1);
	if (has_room(vm))
		ns16550_sent(&vm->uart.chip);
	if (byte == '\n' || vm->uart.watched || output_room(&vm->output) < OUTPUT_BYTES / 2)
		background_want();
}

static uint8_t read_port(struct vm *vm, unsigned number)
{
	uint8_t value = ns16550_read(&vm->uart.chip, number);

	feed(&vm->uart);
	return value;
}

static void write_port(struct vm *vm, unsigned number, uint8_t value)
{
	int byte = ns16550_write(&vm->uart.chip, number, value);

	feed(&vm->uart);
	if (byte >= 0)
		send(vm, (char)byte);
}

bool vm_uart_has_port(const struct vm *vm, uint16_t port)
{
	return vm->config.uart && port - (unsigned)VM_UART_PORT < NS16550_REGISTERS;
}

uint32_t vm_uart_access(struct vm *vm, const struct vcpu_io *io, uint32_t value)
{
	uint32_t result = 0;

	/* a wide access goes to the registers in turn, as on the ISA bus */
	for (unsigned i = 0; i < io->size; i++) {
		unsigned number = io->port + i - VM_UART_PORT;
		uint32_t byte = 0xff;
		if (number >= NS16550_REGISTERS)
			; /* behind the UART there is no device */
		else if (io->kind & IO_IN)
			byte = read_port(vm, number);
		else
			write_port(vm, number, (uint8_t)(value >> 8 * i));
		result |= byte << 8 * i;
	}
	follow_interrupt(vm);
	return result;
}

bool vm_uart_type(struct vm *vm, uint8_t key)
{
	struct vm_uart *u = &vm->uart;

	if (u->head - u->tail == VM_UART_KEYS)
		return false;
	u->keys[u->head++ % VM_UART_KEYS] = key;
	feed(u);
	follow_interrupt(vm);
	return true;
}

void vm_uart_printed(struct vm *vm)
{
	if (!vm->uart.chip.full || !has_room(vm))
		return;
	ns16550_sent(&vm->uart.chip);
	follow_interrupt(vm);
}

void vm_uart_reset(struct vm *vm)
{
	ns16550_reset(&vm->uart.chip);
	vm->uart.tail = vm->uart.head;
	vm->uart.chip.full = !has_room(vm);
}
