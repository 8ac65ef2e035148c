/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The PCI function: identity, command register and BAR0, the register window. No interrupt pin, no
 * capabilities.
 *
 * Rule: the window is open only while the command register's memory bit is set. An access to a
 * closed window reads as all ones, like an access that no device claims.
 */
#include "irqmux.h"

#include "pci.h"

#include <cstdlib>
#include <cstring>

#define LOG_THIS irqmux->

/* The i440FX's bridge is device 1, slots are devices 2 to 6. */
enum { FUNCTION = BX_PCI_DEVICE(7, 0) };

/* Configuration space, PCI 2.2 section 6.2: command, 1:0. */
enum { PCI_COMMAND = 0x04, COMMAND_MEMORY = 1 << 1 };

window_c::window_c(irqmux_c *owner) : irqmux(owner)
{
	put("irqmux window", "IRQMW");
}

/* IRQMUX_PCI=0: a machine whose 8259s are the block's, without the rest of the block. */
static bool hidden(void)
{
	const char *wanted = getenv("IRQMUX_PCI");
	return wanted && strcmp(wanted, "0") == 0;
}

void window_c::init(void)
{
	Bit8u function = FUNCTION;
	if (hidden() || !SIM->get_param_bool(BXPN_PCI_ENABLED)->get())
		return;
	if (!DEV_register_pci_handlers(this, &function, "irqmux", "Chipset block"))
		BX_PANIC(("PCI device 7 is taken; the block wants chipset=i440fx"));
	init_pci_conf(WINDOW_PCI_VENDOR, WINDOW_PCI_DEVICE, 0, WINDOW_PCI_CLASS, 0, 0);
	init_bar_mem(0, WINDOW_BYTES, read, write);
}

void window_c::reset(unsigned)
{
	pci_conf[PCI_COMMAND] = 0;
}

void window_c::register_pci(bx_list_c *list)
{
	register_pci_state(list);
}

void window_c::after_restore_state(void)
{
	after_restore_pci_state(NULL);
}

/* The base class writes the registers that all functions have in common. */
void window_c::pci_write_handler(Bit8u address, Bit32u value, unsigned)
{
	if (address == PCI_COMMAND)
		pci_conf[PCI_COMMAND] = value & COMMAND_MEMORY;
}

bool window_c::decodes(void) const
{
	return pci_conf[PCI_COMMAND] & COMMAND_MEMORY;
}

/* The emulator's accesses of 1, 2, 4 and 8 bytes have a meaning here; the block refuses all
 * others. */
bool window_c::read(bx_phy_address address, unsigned len, void *data, void *self)
{
	const window_c *window = (const window_c *)self;
	Bit64u value = ~BX_CONST64(0);
	if (window->decodes())
		value = window->irqmux->read_window((Bit32u)address & (WINDOW_BYTES - 1), len);
	for (unsigned i = 0; i < len; i++)
		((Bit8u *)data)[i] = i < sizeof value ? (Bit8u)(value >> 8 * i) : 0;
	return true;
}

bool window_c::write(bx_phy_address address, unsigned len, void *data, void *self)
{
	const window_c *window = (const window_c *)self;
	Bit64u value = 0;
	for (unsigned i = 0; i < len && i < sizeof value; i++)
		value |= (Bit64u)((const Bit8u *)data)[i] << 8 * i;
	if (window->decodes())
		window->irqmux->write_window((Bit32u)address & (WINDOW_BYTES - 1), len, value);
	return true;
}
