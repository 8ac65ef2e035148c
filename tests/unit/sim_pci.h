/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI functions of the host tests: configuration space by mechanism #1, and the edge/level
 * registers.
 *
 * Rule: a register has bits that a write changes, bits that a write of 1 clears, and fixed bits. A
 * BAR is written with the function's decoding off only.
 */
#ifndef TESTS_SIM_PCI_H
#define TESTS_SIM_PCI_H

#include <stdint.h>

enum { SIM_PCI_REGISTERS = 64, SIM_PCI_FUNCTIONS = 20 };
#define SIM_PCI(device, function) ((device) << 3 | (function))

struct sim_function {
	unsigned number;
	uint32_t value[SIM_PCI_REGISTERS];
	uint32_t changes[SIM_PCI_REGISTERS]; /* bits that a write changes */
	uint32_t clears[SIM_PCI_REGISTERS];  /* bits that a write of 1 clears */
};

/* The machine. A test begins with sim_pci_reset(). */
struct sim_pci {
	struct sim_function function[SIM_PCI_FUNCTIONS];
	unsigned count;
	unsigned writes;       /* since the reset */
	unsigned other_writes; /* to registers other than the command register */
	uint32_t address;      /* CONFIG_ADDRESS */
	uint8_t elcr[2];
};
extern struct sim_pci sim_pci;

void sim_pci_reset(void);
/* Adds a device's function: header of type 0, bits 1:0, 2, 8 and 10 of the command can change. */
struct sim_function *sim_pci_add(unsigned number, uint32_t id, uint32_t class_and_revision);
/* Gives a function a BAR of one register. flags: the fixed low bits. */
void sim_pci_bar(struct sim_function *f, unsigned n, uint32_t address, uint32_t bytes,
                 uint32_t flags);
/* Sets Interrupt Line and Interrupt Pin. */
void sim_pci_interrupt(struct sim_function *f, uint8_t line, uint8_t pin);

#endif
