/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space by mechanism #1 (PCI Local Bus Specification 3.0).
 *
 * Rule: bus 0 is looked at as a system does that knows nothing of a VMM.
 */
#ifndef GUESTS_LIB_PCI_H
#define GUESTS_LIB_PCI_H

#include <stdint.h>

enum {
	PCI_ID = 0x00,
	PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06,
	PCI_CLASS = 0x08,
	PCI_HEADER = 0x0e,
	PCI_BAR0 = 0x10,
	PCI_POINTER = 0x34,
	PCI_LINE = 0x3c
};
enum { COMMAND_MEMORY = 1 << 1, COMMAND_MASTER = 1 << 2, COMMAND_NO_INTX = 1 << 10 };

/* function: bus << 8 | device << 3 | function number. offset: a multiple of the access's size. */
uint32_t pci_read32(unsigned function, unsigned offset);
uint16_t pci_read16(unsigned function, unsigned offset);
uint8_t pci_read8(unsigned function, unsigned offset);
void pci_write32(unsigned function, unsigned offset, uint32_t value);
void pci_write16(unsigned function, unsigned offset, uint16_t value);
void pci_write8(unsigned function, unsigned offset, uint8_t value);
/* Prints a line for each function of bus 0. Returns the first with the id, or -1. id: vendor |
 * device << 16. */
int pci_list(uint32_t id);
/* Returns the number of capabilities; counts those with messages (MSI, MSI-X) in *messages. */
unsigned pci_capabilities(unsigned function, unsigned *messages);
/* Returns the address in BAR n, which is a BAR with memory of 32 or of 64 bits. */
uint64_t pci_bar(unsigned function, unsigned n);

#endif
