/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space of a VM. See the header for the rule.
 */
#include "vmm/device/pci_space.h"

#include "arch/x86/machine/pci.h"

#include <string.h>

/*
 * CONFIG_ADDRESS (PCI Local Bus Specification 3.0, 3.2.2.3.2)
 *   31 enable | 30:24 0 | 23:16 bus | 15:11 device | 10:8 function | 7:2 register | 1:0 0
 */
enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc, CONFIG_DATA_BYTES = 4 };
#define ENABLE 0x80000000u
#define ADDRESS_BITS 0x80fffffcu

/* Registers by index: 32 bits each. */
enum {
	ID = PCI_ID / 4,
	COMMAND = PCI_COMMAND / 4,
	CLASS = PCI_CLASS / 4,
	HEADER = PCI_HEADER / 4,
	BAR0 = PCI_BAR0 / 4,
	ROM = 0x30 / 4,
	POINTER = PCI_POINTER / 4,
	INTERRUPT = PCI_INTERRUPT / 4
};
enum { HOST_BRIDGE = 0, LINE_BITS = 0xff };
/* Status bits that a write of 1 clears: 31:27 and 24 of register 1. */
#define STATUS_CLEARED 0xf9000000u
#define STATUS_BITS 0xffff0000u

/* Function 0 of a device whose function 0 is not the VM's: without one, no system looks for the
 * device's others. Class FFh: no class fits. */
static const uint32_t filler[] = { [ID] = 0x5b0d1234, [CLASS] = 0xff000000, [HEADER] = 0x00800000 };
enum { FILLER_REGISTERS = sizeof(filler) / sizeof(filler[0]) };

/* ---- The list of capabilities ---- */

enum { CAPABILITY_FIRST = 0x40, CAPABILITIES_MAX = 48, CAPABILITY_MSI = 5, CAPABILITY_MSIX = 17 };

/* Takes MSI and MSI-X out of the list (6.7). A list that goes round or leaves its place ends
 * there. */
static void hide_messages(uint32_t *space)
{
	uint32_t *link = &space[POINTER];
	unsigned shift = 0; /* of the next capability's place in *link */

	for (unsigned i = 0; i < CAPABILITIES_MAX; i++) {
		unsigned at = *link >> shift & 0xfc;
		if (at < CAPABILITY_FIRST)
			break;
		uint32_t *capability = &space[at / 4];
		uint8_t id = (uint8_t)*capability;
		if (id != CAPABILITY_MSI && id != CAPABILITY_MSIX) {
			link = capability;
			shift = 8;
			continue;
		}
		*link = (*link & ~(0xffu << shift)) | (*capability >> 8 & 0xff) << shift;
	}
	*link &= ~(0xffu << shift);
	space[POINTER] &= 0xff;
}

/* ---- The VM's life ---- */

static void init_function(struct pci_function *f)
{
	struct pci_range range;

	pci_read_bars(f->number, &f->bars);
	for (unsigned i = 0; i < PCI_REGISTERS; i++)
		f->space[i] = pci_read(f->number, 4 * i);
	if (!(f->space[COMMAND] & PCI_STATUS_LIST))
		f->space[POINTER] = 0;
	hide_messages(f->space);
	f->space[ROM] = 0;

	uint32_t decode = 0;
	for (unsigned n = 0; n < PCI_BARS;) {
		n += pci_bar_range(&f->bars, n, &range);
		if (range.bytes != 0)
			decode |= range.ports ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	}
	pci_write(f->number, PCI_COMMAND, (f->space[COMMAND] & 0xffff) | decode);
}

void pci_space_init(struct pci_space *s, const struct vm_config *c)
{
	s->count = c->pci_count;
	s->shared = c->share;
	s->command = PCI_COMMAND_NO_INTX |
	             (c->dma_unsafe || c->dma_confined ? PCI_COMMAND_MASTER : 0);
	for (unsigned i = 0; i < s->count; i++) {
		s->function[i].number = c->pci[i];
		init_function(&s->function[i]);
	}
}

/* Takes from the functions what the VM may have given them, and adds bits to their commands. */
static void take_away(const struct pci_space *s, uint32_t bits)
{
	for (unsigned i = 0; i < s->count && !s->shared; i++) {
		unsigned number = s->function[i].number;
		uint32_t command = pci_read(number, PCI_COMMAND) & ~(STATUS_BITS | s->command);

		pci_write(number, PCI_COMMAND, command | bits);
	}
}

void pci_space_reset(struct pci_space *s)
{
	take_away(s, 0);
	s->address = 0;
	for (unsigned i = 0; i < s->count; i++) {
		struct pci_function *f = &s->function[i];

		memcpy(&f->space[BAR0], f->bars.value, sizeof(f->bars.value));
		f->space[INTERRUPT] = pci_read(f->number, PCI_INTERRUPT);
		f->space[COMMAND] = (f->space[POINTER] ? PCI_STATUS_LIST : 0) |
		                    (pci_read(f->number, PCI_COMMAND) & PCI_COMMAND_DECODE);
	}
}

void pci_space_quiet(const struct pci_space *s)
{
	take_away(s, PCI_COMMAND_NO_INTX);
}

/* ---- Accesses ---- */

/* Returns the index of a function of the VM's, or -1. */
static int find(const struct pci_space *s, unsigned number)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->function[i].number == number)
			return (int)i;
	return -1;
}

/* Returns true where the VM has another function of this function's device. */
static bool is_filler(const struct pci_space *s, unsigned number)
{
	for (unsigned i = 0; i < s->count; i++)
		if ((s->function[i].number & ~7u) == number)
			return true;
	return false;
}

/* Returns command and status. Decode bits are the VM's own. */
static uint32_t read_command(const struct pci_function *f)
{
	uint32_t machine = pci_read(f->number, PCI_COMMAND);

	return (machine & ~(uint32_t)(PCI_COMMAND_DECODE | PCI_STATUS_LIST)) | f->space[COMMAND];
}

static uint32_t read_register(const struct pci_space *s)
{
	unsigned number = s->address >> 8 & 0xffff, index = s->address >> 2 & (PCI_REGISTERS - 1);
	int own = find(s, number);

	if (!(s->address & ENABLE))
		return UINT32_MAX;
	if (own >= 0)
		return index == COMMAND ? read_command(&s->function[own])
		                        : s->function[own].space[index];
	if (number == HOST_BRIDGE && (index == ID || index == CLASS))
		return pci_read(number, 4 * index);
	if (is_filler(s, number))
		return index < FILLER_REGISTERS ? filler[index] : 0;
	return number == HOST_BRIDGE ? 0 : UINT32_MAX;
}

/* Takes the bits of mask from value. The machine gets its bits, and zeros for the status bits that
 * the write does not clear. */
static void write_command(const struct pci_space *s, struct pci_function *f, uint32_t mask,
                          uint32_t value)
{
	uint32_t machine = pci_read(f->number, PCI_COMMAND) & ~STATUS_BITS;
	uint32_t virtual = mask & PCI_COMMAND_DECODE;

	f->space[COMMAND] = (f->space[COMMAND] & ~virtual) | (value & virtual);
	mask &= s->command | STATUS_CLEARED;
	pci_write(f->number, PCI_COMMAND, (machine & ~mask) | (value & mask));
}

static void write_register(struct pci_space *s, uint32_t mask, uint32_t value)
{
	unsigned index = s->address >> 2 & (PCI_REGISTERS - 1);
	int own = find(s, s->address >> 8 & 0xffff);

	if (own < 0 || !(s->address & ENABLE))
		return;
	struct pci_function *f = &s->function[own];
	if (index == COMMAND) {
		write_command(s, f, mask, value);
		return;
	}
	if (index >= BAR0 && index < BAR0 + PCI_BARS)
		mask &= f->bars.mask[index - BAR0];
	else
		mask &= index == INTERRUPT ? LINE_BITS : 0;
	f->space[index] = (f->space[index] & ~mask) | (value & mask);
}

bool pci_space_has(uint16_t port, unsigned size)
{
	return port == CONFIG_ADDRESS
	               ? size == 4
	               : port >= CONFIG_DATA && port + size <= CONFIG_DATA + CONFIG_DATA_BYTES;
}

uint32_t pci_space_read(const struct pci_space *s, uint16_t port)
{
	return port == CONFIG_ADDRESS ? s->address : read_register(s) >> 8 * (port - CONFIG_DATA);
}

void pci_space_write(struct pci_space *s, uint16_t port, unsigned size, uint32_t value)
{
	if (port == CONFIG_ADDRESS) {
		s->address = value & ADDRESS_BITS;
		return;
	}
	unsigned shift = 8 * (port - CONFIG_DATA);
	write_register(s, UINT32_MAX >> (32 - 8 * size) << shift, value << shift);
}
