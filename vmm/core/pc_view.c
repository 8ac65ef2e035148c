/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts of a PC that a VM finds. See the header for the rule.
 */
#include "vmm/core/pc_view.h"

#include "arch/x86/cpu/io.h"
#include "vmm/core/cmos.h"
#include "vmm/core/port_filter.h"
#include "vmm/load/vm_acpi.h"

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
		*value = cmos_read(vm->cmos_index, &vm->ram, cpu_tsc());
		return true;
	default:
		return false;
	}
}

/* Gives the guest the value that it reads. */
static void give(struct vcpu_regs *regs, unsigned size, uint32_t value)
{
	uint64_t kept = size == 4 ? 0 : ~(uint64_t)0 << 8 * size;

	regs->rax = (regs->rax & kept) | (value & ~kept);
}

/* Configuration space of a VM with functions of its own. */
static void access_pci(struct vm *vm, const struct vcpu_io *io)
{
	struct vcpu_regs *regs = vcpu_regs(vm->vcpu);

	if (io->kind & IO_IN)
		give(regs, io->size, pci_space_read(&vm->pci, io->port));
	else
		pci_space_write(&vm->pci, io->port, io->size, (uint32_t)regs->rax);
}

/* ---- ACPI's registers (ACPI Specification 6.4, 4.8.3) ---- */

/* The PM1 registers as one number:
 *
 *  47 46 45 44-42    41-33 32      31-16    15-0
 * +-----+--+--------+-----+------+--------+--------+
 * |  -  |EN|SLP_TYP |  -  |SCI_EN| enable | status |
 * +-----+--+--------+-----+------+--------+--------+
 */
enum { PM1_ENABLE_SHIFT = 16, PM1_ACPI_SHIFT = 32, PM1_TYPE_SHIFT = 42 };
enum { PM1_BYTES = VM_ACPI_PM1_EVENT_BYTES + VM_ACPI_PM1_CONTROL_BYTES };
enum { SLEEP_MASK = 0xf, SLEEP_NOW = 1 << 3 };

static bool is_pm1(const struct vm *vm, const struct vcpu_io *io)
{
	return vm->config.acpi && io->port >= VM_ACPI_PM1 &&
	       io->port + (unsigned)io->size <= VM_ACPI_PM1 + PM1_BYTES;
}

/* No event ever comes, so status is 0. The enable register reads as written. */
static void access_pm1(struct vm *vm, const struct vcpu_io *io)
{
	struct vcpu_regs *regs = vcpu_regs(vm->vcpu);
	const unsigned shift = 8 * (io->port - (unsigned)VM_ACPI_PM1);
	const uint64_t mask = ((UINT64_C(1) << 8 * io->size) - 1) << shift,
		       value = regs->rax << shift & mask;

	if (io->kind & IO_IN) {
		give(regs, io->size,
		     (uint32_t)((UINT64_C(1) << PM1_ACPI_SHIFT | (uint64_t)vm->pm_enable
		                                                         << PM1_ENABLE_SHIFT) >>
		                shift));
		return;
	}
	vm->pm_enable = (uint16_t)((vm->pm_enable & ~(mask >> PM1_ENABLE_SHIFT)) |
	                           value >> PM1_ENABLE_SHIFT);
	if ((value >> PM1_TYPE_SHIFT & SLEEP_MASK) == (SLEEP_NOW | VM_ACPI_S5))
		vm_stop(vm, 0, &(struct denial){ .format = "done, switched off by ACPI" });
}

/* ---- All ports of the view ---- */

bool pc_view_access(struct vm *vm, const struct vcpu_io *io)
{
	struct vcpu_regs *regs = vcpu_regs(vm->vcpu);
	uint8_t value;

	if (vm->config.pci_count != 0 && !(io->kind & IO_STRING) &&
	    pci_space_has(io->port, io->size)) {
		access_pci(vm, io);
		return true;
	}
	if (!vm->config.pc || io->kind & IO_STRING || port_is_own(vm, io->port))
		return false;
	if (is_pm1(vm, io)) {
		access_pm1(vm, io);
		return true;
	}
	if (io->size != 1)
		return false;
	if (!(io->kind & IO_IN))
		return write_port(vm, io->port, (uint8_t)regs->rax);
	if (!read_port(vm, io->port, &value))
		return false;
	give(regs, 1, value);
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
	vm->pm_enable = 0;
}
