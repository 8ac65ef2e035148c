/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 16550 of a VM whose line says uart=com1: ports 3F8h to 3FFh and line 4, made by the VMM. The
 * machine's own COM1 is the console, and the VM never reaches it.
 *
 * Rule: an access of the guest exits, moves a byte at most, and never waits. The text goes to the
 * VM's output (vmm/core/output.h). While the output has no room, the transmitter is full, so a
 * guest that looks loses no byte. The chip is vmm/device/ns16550.h. Its interrupt is a request at
 * the VM's own controller, on a line that no wire feeds.
 */
#ifndef VMM_VM_UART_H
#define VMM_VM_UART_H

#include "vmm/device/ns16550.h"

#include <stdbool.h>
#include <stdint.h>

struct vm;
struct vcpu_io;

enum { VM_UART_PORT = 0x3f8, VM_UART_LINE = 4 };
/* Keys that wait for room in the chip's FIFO, a power of two. */
enum { VM_UART_KEYS = 256 };

struct vm_uart {
	struct ns16550 chip;
	bool watched; /* a person types to the VM, and sees each byte at once */
	/* Keys on their way: next to write, next to read; both only grow. */
	uint32_t head, tail;
	uint8_t keys[VM_UART_KEYS];
};

/* Brings the VM's UART to its state after power-on. Call it at each start of vm. */
void vm_uart_reset(struct vm *vm);
/* Returns true where vm has a UART of its own at the port. */
bool vm_uart_has_port(const struct vm *vm, uint16_t port);
/* Does an access of the running VM to its UART, at a port that vm_uart_has_port() knows. value: the
 * guest's value for a write. Returns the value for a read. Ports behind the UART read as ones. Call
 * it at the exit. */
uint32_t vm_uart_access(struct vm *vm, const struct vcpu_io *io, uint32_t value);
/* Gives a key to the guest. Returns false where VM_UART_KEYS keys wait already: the key is lost.
 * Call it from the background work, between work_hold() and work_release(). */
bool vm_uart_type(struct vm *vm, uint8_t key);
/* Tells the transmitter that the VM's output has been printed. Call it like vm_uart_type(). */
void vm_uart_printed(struct vm *vm);

#endif
