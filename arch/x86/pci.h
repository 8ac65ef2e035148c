/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space, mechanism #1 (PCI Local Bus Specification 3.0, 3.2.2.3.2).
 *
 * Rule: for the VMM only; its ports are no guest's.
 */
#ifndef ARCH_X86_PCI_H
#define ARCH_X86_PCI_H

#include <stdbool.h>
#include <stdint.h>

enum { PCI_ID = 0x00, PCI_COMMAND = 0x04, PCI_CLASS = 0x08, PCI_HEADER = 0x0c, PCI_BAR0 = 0x10 };
enum { PCI_COMMAND_MEMORY = 1 << 1, PCI_COMMAND_MASTER = 1 << 2, PCI_COMMAND_NO_INTX = 1 << 10 };

/* A function: bus << 8 | device << 3 | function. offset: a multiple of 4. */
uint32_t pci_read(unsigned function, unsigned offset);
void pci_write(unsigned function, unsigned offset, uint32_t value);
/* The first function of bus 0, where the chipset's own are, with these IDs; -ENODEV where there is
 * none. */
int pci_find(uint16_t vendor, uint16_t device);
/* The address of BAR 0, which has to be memory below 4 GiB; the function answers there from now on.
 * 0: it has none. */
uint64_t pci_enable_memory(unsigned function);
/* Takes bus mastering from every function of every bus that may() does not name. Bridges keep it:
 * what is behind them masters through them. Returns how many functions had it. */
unsigned pci_stop_masters(bool (*may)(unsigned function));

#endif
