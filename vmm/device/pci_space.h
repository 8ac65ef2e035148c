/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space as a VM with functions of its own sees it (pci=), by mechanism #1: a host
 * bridge at 00:00.0, the VM's functions at their places, and nothing else.
 *
 * Rule: a write reaches the machine for two bits alone: INTx Disable, and Bus Master where DMA is
 * confined or the VM has dma=unsafe. Each other write changes the VM's own copy of a register, or
 * nothing. A function stays where the firmware has put the function, and goes on decoding.
 */
#ifndef VMM_PCI_SPACE_H
#define VMM_PCI_SPACE_H

#include "arch/x86/machine/pci_bars.h"
#include "vmm/config/config.h"

#include <stdbool.h>
#include <stdint.h>

enum { PCI_REGISTERS = 64, PCI_STATUS_LIST = 1 << 20 };

/* A function of a VM's. */
struct pci_function {
	uint16_t number; /* as in struct vm_config */
	/* The registers as the VM sees them. Register 1 holds the VM's decode bits, and the status
	 * bits that the VM may see. The other bits of register 1 are the machine's. */
	uint32_t space[PCI_REGISTERS];
	struct pci_bars bars; /* as the firmware left them */
};

/* Configuration space of a VM. */
struct pci_space {
	uint32_t address; /* CONFIG_ADDRESS, as the VM has written it */
	/* The bits of the command register that the VM may set in the machine. */
	uint32_t command;
	bool shared; /* another VM may have the same functions */
	unsigned count;
	struct pci_function function[CONFIG_FUNCTIONS_MAX];
};

/* Reads the functions of c, and has them decode. Call it when a VM with pci= is made. */
void pci_space_init(struct pci_space *s, const struct vm_config *c);
/* Brings all registers to their first values. Call it at each start of the VM. */
void pci_space_reset(struct pci_space *s);
/* Takes bus mastering and interrupts from the functions, but from functions that VMs share. Call it
 * when the VM stops. */
void pci_space_quiet(const struct pci_space *s);

/* Returns true where an access of so many bytes is one to the mechanism: 4 bytes at CF8h, or within
 * CFCh to CFFh. */
bool pci_space_has(uint16_t port, unsigned size);
/* Does an access of the VM. The lowest bytes of the value count. Call it for an access that
 * pci_space_has() knows. */
uint32_t pci_space_read(const struct pci_space *s, uint16_t port);
void pci_space_write(struct pci_space *s, uint16_t port, unsigned size, uint32_t value);

#endif
