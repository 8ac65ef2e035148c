/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The BIOS data area of a PC at 400h. Kernels read the area, and no BIOS has run.
 *
 * Rule: the area lists the VM's own devices alone. An image that takes the page keeps the page.
 */
#ifndef VMM_BIOS_DATA_H
#define VMM_BIOS_DATA_H

#include "vmm/load/elf.h"

enum { BIOS_COM_PORTS = 4 };

/* The VM's devices that the area lists. */
struct bios_devices {
	uint16_t com[BIOS_COM_PORTS]; /* The base ports of the UARTs, then zeros. */
	bool screen;                  /* VGA's text memory is the VM's. */
};

/* Writes the area into the memory of a loaded image, if the image leaves page 0 free. Call it once
 * in a VM's start. */
void bios_data_build(const struct load *l, const struct bios_devices *devices);

#endif
