/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts of a PC that a VM finds. See the header for the rule.
 */
#include "vmm/core/pc_view.h"

#include "arch/x86/cpu/io.h"
#include "vmm/core/cmos.h"
#include "vmm/core/port_filter.h"

enum {
	PORT_KEYBOARD = 0x64,
	PORT_RTC_INDEX = 0x70,
	PORT_RTC_DATA = 0x71,
	PORT_SYSTEM_CONTROL = 0x92,
	PORT_PCI_FIRST = 0xcf8,
	PORT_RESET = 0xcf9,
	PORT_PCI_LAST = 0xcff,
	PORT_POWER = 0x8900
};
/* Port 64h: commands from F0h on pulse the outputs whose bit is 0; bit 0 is the reset. */
enum { KEYBOARD_PULSE = 0xf0, KEYBOARD_RESET = 1 };
/* Port 92h, system control port A (IBM PS/2 Hardware Interface Technical Reference): bit 0 resets,
 * bit 1 switches A20 on. A20 stays on. */
enum { CONTROL_RESET = 1, CONTROL_A20 = 2 };
/* Port CF9h (I/O Controller Hub 9 datasheet, 13.7.5): bit 2 resets. */
enum { RESET_CPU = 4 };
/* Port 64h, status: all ones but bit 1. So a driver finds no keyboard, and a reset does not wait
 * for the controller. */
enum { KEYBOARD_STATUS = 0xfd };

static void reset(struct vm *vm, const char *how, uint8_t value)
{
	vm_fault(vm, VM_EXIT_IO, true, &(struct denial){ how, { value } });
}

/* Emulators switch off for this word, written byte after byte. */
static void write_power(struct vm *vm, uint8_t value)
{
	static const char word[] = "Shutdown";

	vm->power_word = value != (uint8_t)word[vm->power_word] ? value == (uint8_t)word[0]
	                                                        : vm->power_word + 1;
	if (vm->power_word < sizeof(word) - 1)
		return;
	vm->power_word = 0;
	vm_stop(vm, 0, &(struct denial){ .format = "done, switched off by port 8900h" });
}

static bool write_port(struct vm *vm, uint16_t port, uint8_t value)
{
	switch (port) {
	case PORT_KEYBOARD:
		if (value >= KEYBOARD_PULSE && !(value & KEYBOARD_RESET))
			reset(vm, "reset by the keyboard controller (%lxh to port 64h)", value);
		return true;
	case PORT_RTC_INDEX:
		vm->cmos_index = value & 0x7f;
		return true;
	case PORT_RTC_DATA:
		return true;
	case PORT_SYSTEM_CONTROL:
		if (value & CONTROL_RESET)
			reset(vm, "reset by port 92h (%lxh)", value);
		return true;
	case PORT_RESET:
		if (value & RESET_CPU)
			reset(vm, "reset by port CF9h (%lxh)", value);
		return true;
	case PORT_POWER:
		write_power(vm, value);
		return true;
	default:
		return false;
	}
}

static bool read_port(struct vm *vm, uint16_t port, uint8_t *value)
{
	switch (port) {
	case PORT_KEYBOARD:
		*value = KEYBOARD_STATUS;
		return true;
	case PORT_SYSTEM_CONTROL:
		*value = CONTROL_A20;
		return true;
	case PORT_RTC_DATA:
		*value = cmos_read(vm->cmos_index, vm->config.memory, cpu_tsc());
		return true;
	default:
		return false;
	}
}

/* Configuration space of a VM with functions of its own. */
static void access_pci(struct vm *vm, const struct vcpu_io *io)
{
	struct vcpu_regs *regs = vcpu_regs(vm->vcpu);

	if (!(io->kind & IO_IN)) {
		pci_space_write(&vm->pci, io->port, io->size, (uint32_t)regs->rax);
		return;
	}
	uint32_t value = pci_space_read(&vm->pci, io->port);
	uint64_t kept = io->size == 4 ? 0 : ~(uint64_t)0 << 8 * io->size;
	regs->rax = (regs->rax & kept) | (value & ~kept);
}

bool pc_view_access(struct vm *vm, const struct vcpu_io *io)
{
	struct vcpu_regs *regs = vcpu_regs(vm->vcpu);
	uint8_t value;

	if (vm->config.pci_count != 0 && !(io->kind & IO_STRING) &&
	    pci_space_has(io->port, io->size)) {
		access_pci(vm, io);
		return true;
	}
	if (!vm->config.pc || io->size != 1 || io->kind & IO_STRING || port_is_own(vm, io->port))
		return false;
	if (!(io->kind & IO_IN))
		return write_port(vm, io->port, (uint8_t)regs->rax);
	if (!read_port(vm, io->port, &value))
		return false;
	regs->rax = (regs->rax & ~(uint64_t)0xff) | value;
	return true;
}

bool pc_view_is_probe(const struct vm *vm, uint16_t port)
{
	return (vm->config.pc || vm->config.pci_count != 0) && port >= PORT_PCI_FIRST &&
	       port <= PORT_PCI_LAST;
}

void pc_view_reset(struct vm *vm)
{
	vm->power_word = vm->cmos_index = 0;
}
