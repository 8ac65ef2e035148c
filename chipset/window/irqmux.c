/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block as a PCI function: the seed's hardware.
 *
 * Rule: the function is found by its IDs and trusted by the words of its register window. The guest
 * has the controller's ports alone: the VMM sees none of the guest's accesses.
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/pci.h"
#include "chipset/window/driver.h"

#include <errno.h>

/* Version 2 adds registers to those of version 1. */
enum {
	VERSION_FIRST = WINDOW_VERSION_VALUE >> 16,
	VERSION_LAST = WINDOW_VERSION_TIMES_VALUE >> 16
};

static __attribute__((cold)) int probe(void)
{
	int function = pci_find(WINDOW_PCI_VENDOR, WINDOW_PCI_DEVICE);

	if (function < 0) {
		log_line("chipset irqmux: no PCI function %x:%x on bus 0", WINDOW_PCI_VENDOR,
		         WINDOW_PCI_DEVICE);
		return -ENODEV;
	}
	uint64_t window = pci_enable_memory((unsigned)function);
	if (window == 0) {
		log_line("chipset irqmux: "
		         "the firmware gave PCI function %x:%x no memory for its registers",
		         WINDOW_PCI_VENDOR, WINDOW_PCI_DEVICE);
		return -ENODEV;
	}
	uint32_t id = mmio_read32(window + WINDOW_ID),
		 version = mmio_read32(window + WINDOW_VERSION);
	if (id != WINDOW_ID_VALUE || version >> 16 < VERSION_FIRST ||
	    version >> 16 > VERSION_LAST) {
		log_line("chipset irqmux: register window %x version %u.%u; "
		         "this VMM knows %x versions 1 and 2",
		         (unsigned)id, (unsigned)(version >> 16), (unsigned)(version & 0xffff),
		         (unsigned)WINDOW_ID_VALUE);
		return -ENODEV;
	}
	chipset_window = window;
	driver_init(&(struct driver_window){ .address = window });
	return 0;
}

static void reset(struct controller *c, line_set lines, line_set shared)
{
	driver_reset(c, lines, shared);
	c->open = OPEN_ALL;
	c->changed = true;
}

/* Only the bytes of a wide access that reach beyond an open port come here. */
static int port_read(struct controller *c, uint16_t port, uint8_t *value)
{
	(void)c;
	*value = io_in8(port);
	return 0;
}

static int port_write(struct controller *c, uint16_t port, uint8_t value)
{
	(void)c;
	io_out8(port, value);
	return 0;
}

/* The controller's state is written, so no request is ever lost that would have to be injected. */
static int pending_vector(struct controller *c)
{
	(void)c;
	return -1;
}

static unsigned injected(struct controller *c)
{
	(void)c;
	return 0;
}

const struct chipset chipset_irqmux = {
	.name = "irqmux",
	.masks_in_hardware = true,
	.reroutes_at_exits = true,
	.elcr = true,
	.probe = probe,
	.banks = driver_banks,
	.mux = {
		.wire = driver_wire,
		.route = driver_route,
	},
	.block = {
		.claim = driver_claim,
		.mask = driver_mask,
		.read_status = driver_read_status,
		.identify_line = driver_identify_line,
		.asserted = driver_asserted,
		.masked = driver_masked,
		.raise_external = driver_raise_external,
		.acknowledge = driver_acknowledge,
	},
	.controller = {
		.reset = reset,
		.deliverable = driver_deliverable,
		.in_service = driver_in_service,
		.save = driver_save,
		.restore = driver_restore,
		.port_read = port_read,
		.port_write = port_write,
		.pending_vector = pending_vector,
		.injected = injected,
		.request = driver_request,
		.drive = driver_drive,
	},
};
