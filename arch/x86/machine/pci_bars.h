/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a PCI function takes of the machine: its base address registers (BARs), and the lines that
 * the chipset's PIRQs feed.
 *
 * Rule: a BAR stays where the firmware has put the BAR. A BAR is sized with the function's decoding
 * off, and has its value back before decoding is on again.
 */
#ifndef ARCH_X86_MACHINE_PCI_BARS_H
#define ARCH_X86_MACHINE_PCI_BARS_H

#include "arch/x86/machine/lines.h"

#include <stdbool.h>
#include <stdint.h>

enum { PCI_BARS = 6 };
/* Lines that can be level triggered (ICH9 datasheet, 13.4.11 and 13.4.12): a PCI interrupt is. */
enum { PCI_LINES = 0xdef8 };

/* The registers of a function: the values, and the bits that software can change. */
struct pci_bars {
	uint32_t value[PCI_BARS], mask[PCI_BARS];
};

/* A range of ports or of memory that a function answers. */
struct pci_range {
	uint64_t first, bytes; /* bytes 0: there is no such range */
	bool ports;
};

/* Reads and sizes the BARs of a function of header type 0. Call it while no VM runs. */
void pci_read_bars(unsigned function, struct pci_bars *bars);
/* Finds the range of BAR n. Returns the number of registers that the BAR has: 1, or 2 for a BAR of
 * 64 bits. */
unsigned pci_bar_range(const struct pci_bars *bars, unsigned n, struct pci_range *range);

/* Returns the lines that PIRQs feed on PIIX3 and ICH9, or 0 where the chipset is another one. */
line_set pci_fed_lines(void);
/* Makes the lines of pci_fed_lines() level triggered (ELCR) where firmware did not. Call it once,
 * before the chipset is looked at. */
void pci_sense_by_level(void);

#endif
