/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space, mechanism #1 (PCI Local Bus Specification 3.0, 3.2.2.3.2).
 *
 * Rule: only the VMM uses the mechanism. No guest has its ports: a guest with functions of its own
 * gets the VMM's answers there (vmm/device/pci_space.h).
 */
#ifndef ARCH_X86_MACHINE_PCI_H
#define ARCH_X86_MACHINE_PCI_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PCI_ID = 0x00,
	PCI_COMMAND = 0x04,
	PCI_CLASS = 0x08,
	PCI_HEADER = 0x0c,
	PCI_BAR0 = 0x10,
	PCI_POINTER = 0x34,
	PCI_INTERRUPT = 0x3c
};
enum {
	PCI_COMMAND_IO = 1 << 0,
	PCI_COMMAND_MEMORY = 1 << 1,
	PCI_COMMAND_DECODE = PCI_COMMAND_IO | PCI_COMMAND_MEMORY,
	PCI_COMMAND_MASTER = 1 << 2,
	PCI_COMMAND_NO_INTX = 1 << 10
};

/* Returns true where a function answers, and is no bridge: its header is of type 0. */
bool pci_is_device(unsigned function);
/* function: bus << 8 | device << 3 | function number. offset: a multiple of 4. */
uint32_t pci_read(unsigned function, unsigned offset);
void pci_write(unsigned function, unsigned offset, uint32_t value);
/* Returns the first function with these IDs on bus 0, where the chipset's functions are, or
 * -ENODEV. */
int pci_find(uint16_t vendor, uint16_t device);
/* Returns the address of BAR 0, which must be memory below 4 GiB, or 0 when there is no such BAR.
 * The function answers at the address from now on. */
uint64_t pci_enable_memory(unsigned function);
/* Takes bus mastering from every function of every bus, except where may() returns true. Bridges
 * keep bus mastering, because the devices behind a bridge need it. Returns the number of functions
 * that lost bus mastering. */
unsigned pci_stop_masters(bool (*may)(unsigned function));

#endif
