/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space. See the header for the rule.
 */
#include "arch/x86/machine/pci.h"
#include "arch/x86/cpu/io.h"

#include <errno.h>

/*
 * CONFIG_ADDRESS:  31 enable | 23:16 bus | 15:11 device | 10:8 function | 7:2 register
 */
enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc };
#define CONFIG_ENABLE 0x80000000u

enum {
	FUNCTIONS = 256,
	FUNCTIONS_OF_ALL_BUSES = 65536,
	NO_FUNCTION = 0xffff,
	HEADER_TYPE = 0x7f0000,
	HEADER_MULTIFUNCTION = 0x800000
};
enum { BAR_IO = 1 << 0, BAR_TYPE = 3 << 1 };
#define BAR_ADDRESS 0xfffffff0u
enum { CLASS_SHIFT = 24, CLASS_BRIDGE = 6 };

uint32_t pci_read(unsigned function, unsigned offset)
{
	io_out32(CONFIG_ADDRESS, CONFIG_ENABLE | function << 8 | offset);
	return io_in32(CONFIG_DATA);
}

void pci_write(unsigned function, unsigned offset, uint32_t value)
{
	io_out32(CONFIG_ADDRESS, CONFIG_ENABLE | function << 8 | offset);
	io_out32(CONFIG_DATA, value);
}

/* Returns true for function 0 of an absent device or of a device without other functions. */
static bool is_alone(unsigned function, uint32_t id)
{
	bool first = (function & 7) == 0, absent = (id & 0xffff) == NO_FUNCTION;

	return first && (absent || !(pci_read(function, PCI_HEADER) & HEADER_MULTIFUNCTION));
}

int pci_find(uint16_t vendor, uint16_t device)
{
	for (unsigned function = 0; function < FUNCTIONS; function++) {
		uint32_t id = pci_read(function, PCI_ID);
		if (id == ((uint32_t)device << 16 | vendor))
			return (int)function;
		if (is_alone(function, id))
			function += 7;
	}
	return -ENODEV;
}

uint64_t pci_enable_memory(unsigned function)
{
	uint32_t bar = pci_read(function, PCI_BAR0);

	if (bar & (BAR_IO | BAR_TYPE) || (bar & BAR_ADDRESS) == 0)
		return 0;
	pci_write(function, PCI_COMMAND,
	          (pci_read(function, PCI_COMMAND) & 0xffff) | PCI_COMMAND_MEMORY);
	return bar & BAR_ADDRESS;
}

static bool is_bridge(unsigned function)
{
	return pci_read(function, PCI_CLASS) >> CLASS_SHIFT == CLASS_BRIDGE;
}

bool pci_is_device(unsigned function)
{
	return (pci_read(function, PCI_ID) & 0xffff) != NO_FUNCTION && !is_bridge(function) &&
	       !(pci_read(function, PCI_HEADER) & HEADER_TYPE);
}

/* Takes bus mastering from a function; returns true when the function had bus mastering and lost
 * it. The write puts zeros in the status register, and zeros change no bit there. */
static bool stop_master(unsigned function)
{
	uint32_t command = pci_read(function, PCI_COMMAND) & 0xffff;

	if (!(command & PCI_COMMAND_MASTER) || is_bridge(function))
		return false;
	pci_write(function, PCI_COMMAND, command & ~(uint32_t)PCI_COMMAND_MASTER);
	return true;
}

unsigned pci_stop_masters(bool (*may)(unsigned function))
{
	unsigned stopped = 0;

	for (unsigned function = 0; function < FUNCTIONS_OF_ALL_BUSES; function++) {
		uint32_t id = pci_read(function, PCI_ID);
		if ((id & 0xffff) != NO_FUNCTION && !may(function))
			stopped += stop_master(function);
		if (is_alone(function, id))
			function += 7;
	}
	return stopped;
}
