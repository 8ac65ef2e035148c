/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The functions of pci=: the lines, ports and memory that the machine says belong to each.
 *
 * Rule: a function is the VM's whole, or the VM does not start. The ranges and lines that are found
 * are checked against the other VMs' like those of irq=, io= and mmio= (config_check.c).
 */
#include "arch/x86/machine/pci.h"
#include "arch/x86/machine/pci_bars.h"
#include "vmm/config/config_refuse.h"

#include <errno.h>

enum { UNIT = 4096, HOST_BRIDGE = 0, FUNCTIONS_OF_BUS = 256 };

/* The function that is being claimed. */
struct claim {
	struct check check;
	struct vm_config *vm;
	unsigned function;
	char name[CONFIG_FUNCTION_TEXT];
};

static bool is_own(const struct vm_config *vm, unsigned function)
{
	for (unsigned i = 0; i < vm->pci_count; i++)
		if (vm->pci[i] == function)
			return true;
	return false;
}

/* Returns a function with a memory BAR in the same page that is not the VM's, or HOST_BRIDGE. */
static unsigned find_neighbour(const struct claim *c, uint64_t page)
{
	enum { IO = 1 << 0, KIND = 7, WIDE = 4 }; /* pci_bars.c has the register */

	for (unsigned f = HOST_BRIDGE + 1; f < FUNCTIONS_OF_BUS; f++) {
		if (is_own(c->vm, f) || !pci_is_device(f))
			continue;
		for (unsigned n = 0; n < PCI_BARS; n++) {
			uint64_t bar = pci_read(f, PCI_BAR0 + 4 * n);
			if ((bar & KIND) == WIDE && n + 1 < PCI_BARS)
				bar |= (uint64_t)pci_read(f, PCI_BAR0 + 4 * ++n) << 32;
			if (bar / UNIT == page && !(bar & IO))
				return f;
		}
	}
	return HOST_BRIDGE;
}

/* Adds a range to io, or its pages to mmio. */
static int add_range(const struct claim *c, const struct pci_range *range)
{
	struct vm_config *vm = c->vm;
	unsigned *count = range->ports ? &vm->io_count : &vm->mmio_count;
	uint64_t page = range->ports ? 0 : UNIT - 1;

	if (*count == CONFIG_RANGES_MAX)
		return check_refuse(&c->check, -EPERM, "pci=%s: more than %d ranges", c->name,
		                    CONFIG_RANGES_MAX);
	(range->ports ? vm->io_function : vm->mmio_function)[*count] = (uint16_t)c->function;
	(range->ports ? vm->io : vm->mmio)[(*count)++] = (struct config_range){
		range->first & ~page, (range->first + range->bytes - 1) | page
	};
	unsigned other = range->bytes <= page ? find_neighbour(c, range->first / UNIT)
	                                      : HOST_BRIDGE;
	if (other == HOST_BRIDGE)
		return 0;
	char text[CONFIG_FUNCTION_TEXT];
	return check_refuse(&c->check, -EPERM, "pci=%s: 0x%lx shares a page with function %s",
	                    c->name, (unsigned long)range->first,
	                    config_function_text(other, text));
}

static int claim_bars(const struct claim *c)
{
	struct pci_bars bars;
	struct pci_range range;
	int error = 0;

	pci_read_bars(c->function, &bars);
	for (unsigned n = 0, next; n < PCI_BARS && error == 0; n = next) {
		next = n + pci_bar_range(&bars, n, &range);
		if (range.bytes == 0)
			continue;
		if (range.first == 0)
			return check_refuse(&c->check, -EPERM,
			                    "pci=%s: the firmware gave BAR %u no address", c->name,
			                    n);
		error = add_range(c, &range);
	}
	return error;
}

/* Interrupt Line and Interrupt Pin (PCI Local Bus Specification 3.0, 6.2.4). */
static int claim_line(const struct claim *c, uint8_t *to)
{
	uint32_t interrupt = pci_read(c->function, PCI_INTERRUPT);
	unsigned line = interrupt & 0xff, pin = interrupt >> 8 & 0xff;
	line_set fed = pci_fed_lines();

	*to = CONFIG_NO_LINE;
	if (pin == 0)
		return 0;
	if (line >= LINES || !line_in(PCI_LINES, line))
		return check_refuse(&c->check, -EPERM,
		                    "pci=%s: the firmware gave it no line (Interrupt Line is %u)",
		                    c->name, line);
	if (fed != 0 && !line_in(fed, line))
		return check_refuse(&c->check, -EPERM, "pci=%s: no PIRQ feeds its line %u", c->name,
		                    line);
	*to = (uint8_t)line;
	c->vm->lines |= LINE(line);
	return 0;
}

static int claim(const struct claim *c, uint8_t *line)
{
	if (c->function >= FUNCTIONS_OF_BUS)
		return check_refuse(&c->check, -EPERM,
		                    "pci=%s: it is behind a bridge; only functions of bus 0 can be "
		                    "a VM's",
		                    c->name);
	if ((uint16_t)pci_read(c->function, PCI_ID) == UINT16_MAX)
		return check_refuse(&c->check, -EPERM, "pci=%s: there is no such function",
		                    c->name);
	if (!pci_is_device(c->function))
		return check_refuse(&c->check, -EPERM,
		                    "pci=%s: it is a bridge, and belongs to the VMM", c->name);
	int error = claim_bars(c);
	return error != 0 ? error : claim_line(c, line);
}

int config_claim_pci(unsigned n, struct vm_config *vm, char *err, size_t size)
{
	int error = 0;

	for (unsigned i = 0; i < vm->pci_count && error == 0; i++) {
		struct claim c = { { n, vm, err, size }, vm, vm->pci[i], "" };

		config_function_text(c.function, c.name);
		error = claim(&c, &vm->pci_line[i]);
	}
	return error;
}
