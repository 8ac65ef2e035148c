/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space by mechanism #1.
 *
 * Rule: see pci.h.
 */
#include "guests/lib/pci.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/machine.h"

enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc, FUNCTIONS = 256, NO_FUNCTION = 0xffff };
enum { MULTIFUNCTION = 0x80, CAPABILITIES_MAX = 48, CAPABILITY_MSI = 5, CAPABILITY_MSIX = 17 };
/* Base address register (6.2.5.1): 31:4 address | 2:1 type, 2: 64 bits | 0 ports */
enum { BAR_FLAGS = 15, BAR_KIND = 7, BAR_WIDE = 4 };
#define ENABLE 0x80000000u

static uint16_t select(unsigned function, unsigned offset)
{
	io_out32(CONFIG_ADDRESS, ENABLE | function << 8 | (offset & ~3u));
	return (uint16_t)(CONFIG_DATA + (offset & 3));
}

uint32_t pci_read32(unsigned function, unsigned offset)
{
	return io_in32(select(function, offset));
}

uint16_t pci_read16(unsigned function, unsigned offset)
{
	return io_in16(select(function, offset));
}

uint8_t pci_read8(unsigned function, unsigned offset)
{
	return io_in8(select(function, offset));
}

void pci_write32(unsigned function, unsigned offset, uint32_t value)
{
	io_out32(select(function, offset), value);
}

void pci_write16(unsigned function, unsigned offset, uint16_t value)
{
	io_out16(select(function, offset), value);
}

void pci_write8(unsigned function, unsigned offset, uint8_t value)
{
	io_out8(select(function, offset), value);
}

int pci_list(uint32_t wanted)
{
	int found = -1;

	for (unsigned f = 0; f < FUNCTIONS; f++) {
		uint32_t id = pci_read32(f, PCI_ID);
		if ((id & 0xffff) != NO_FUNCTION) {
			machine_print("pci function=00:%02x.%x id=%04x:%04x class=%04x line=%u\n",
			              f >> 3, f & 7, (unsigned)(id & 0xffff), (unsigned)(id >> 16),
			              pci_read16(f, PCI_CLASS + 2), pci_read8(f, PCI_LINE));
			if (found < 0 && id == wanted)
				found = (int)f;
		}
		/* as every system does: function 0 says whether there are others */
		if ((f & 7) == 0 &&
		    ((id & 0xffff) == NO_FUNCTION || !(pci_read8(f, PCI_HEADER) & MULTIFUNCTION)))
			f += 7;
	}
	return found;
}

unsigned pci_capabilities(unsigned function, unsigned *messages)
{
	unsigned count = 0;

	*messages = 0;
	if (!(pci_read16(function, PCI_STATUS) & 1 << 4))
		return 0;
	for (unsigned at = pci_read8(function, PCI_POINTER); at != 0 && count < CAPABILITIES_MAX;
	     at = pci_read8(function, at + 1), count++) {
		uint8_t id = pci_read8(function, at);
		*messages += id == CAPABILITY_MSI || id == CAPABILITY_MSIX;
	}
	return count;
}

uint64_t pci_bar(unsigned function, unsigned n)
{
	uint32_t low = pci_read32(function, PCI_BAR0 + 4 * n);
	uint64_t high = 0;

	if ((low & BAR_KIND) == BAR_WIDE)
		high = pci_read32(function, PCI_BAR0 + 4 * (n + 1));
	return high << 32 | (low & ~(uint32_t)BAR_FLAGS);
}
