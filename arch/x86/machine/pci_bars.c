/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Base address registers, and the lines that PIRQs feed. See the header for the rule.
 */
#include "arch/x86/machine/pci_bars.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/pci.h"

/*
 * Base address register (PCI Local Bus Specification 3.0, 6.2.5.1)
 *   ports:   31:2 address | 0 = 1
 *   memory:  31:4 address | 3 prefetchable | 2:1 type, 2: 64 bits | 0 = 0
 */
enum { BAR_IO = 1 << 0, BAR_TYPE = 3 << 1, BAR_WIDE = 2 << 1 };

/* Returns what a register holds after a write. */
static uint32_t try(unsigned function, unsigned offset, uint32_t value)
{
	pci_write(function, offset, value);
	return pci_read(function, offset);
}

void pci_read_bars(unsigned function, struct pci_bars *bars)
{
	uint32_t command = pci_read(function, PCI_COMMAND) & 0xffff;

	pci_write(function, PCI_COMMAND, command & ~(uint32_t)PCI_COMMAND_DECODE);
	for (unsigned n = 0; n < PCI_BARS; n++) {
		unsigned offset = PCI_BAR0 + 4 * n;

		bars->value[n] = pci_read(function, offset);
		bars->mask[n] = try(function, offset, UINT32_MAX) & ~try(function, offset, 0);
		pci_write(function, offset, bars->value[n]);
	}
	pci_write(function, PCI_COMMAND, command);
}

unsigned pci_bar_range(const struct pci_bars *bars, unsigned n, struct pci_range *range)
{
	uint64_t value = bars->value[n], mask = bars->mask[n];
	bool wide = (value & (BAR_TYPE | BAR_IO)) == BAR_WIDE && n + 1 < PCI_BARS;

	range->ports = value & BAR_IO;
	if (wide) {
		value |= (uint64_t)bars->value[n + 1] << 32;
		mask |= (uint64_t)bars->mask[n + 1] << 32;
	}
	range->first = value & mask;
	range->bytes = mask & -mask;
	return wide ? 2 : 1;
}

/* ---- Lines ---- */

/*
 * PIRQ[n]_ROUT: 7 not routed to the 8259s | 3:0 line (PIIX3, 82371SB datasheet, 2.2.10, A to D at
 * 60h; ICH9 datasheet, 13.1.17 and 13.1.19, A to D at 60h, E to H at 68h)
 */
enum { PIIX3 = 1 << 3, ICH9 = 0x1f << 3, ROUT_A = 0x60, ROUT_E = 0x68, ROUT_OFF = 0x80 };
enum { PORT_ELCR_LOW = 0x4d0, PORT_ELCR_HIGH = 0x4d1 };
#define PIIX3_ID 0x70008086u
#define ICH9_ID 0x29108086u
#define ICH9_MASK 0xfff0ffffu

static line_set fed_by(unsigned bridge, unsigned offset)
{
	line_set fed = 0;

	for (uint32_t rout = pci_read(bridge, offset), n = 0; n < 4; n++, rout >>= 8)
		if (!(rout & ROUT_OFF))
			fed |= LINE(rout & 15);
	return fed;
}

line_set pci_fed_lines(void)
{
	line_set fed = 0;

	if (pci_read(PIIX3, PCI_ID) == PIIX3_ID)
		fed = fed_by(PIIX3, ROUT_A);
	else if ((pci_read(ICH9, PCI_ID) & ICH9_MASK) == ICH9_ID)
		fed = fed_by(ICH9, ROUT_A) | fed_by(ICH9, ROUT_E);
	return fed & PCI_LINES;
}

void pci_sense_by_level(void)
{
	line_set level = (line_set)(io_in8(PORT_ELCR_LOW) | io_in8(PORT_ELCR_HIGH) << 8);
	line_set missing = pci_fed_lines() & (line_set)~level;

	if (missing == 0 || level & (line_set)~PCI_LINES) /* or there is no such register */
		return;
	level |= missing;
	io_out8(PORT_ELCR_LOW, (uint8_t)level);
	io_out8(PORT_ELCR_HIGH, (uint8_t)(level >> 8));
}
