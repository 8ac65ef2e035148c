/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Drives the chipset block by its register window, wherever the block is: a PCI function (irqmux.c)
 * or the VMM's own memory (soft.c). The tables of both realisations are made of these calls.
 * chipset.h describes each call in full.
 *
 * Rule: no value that the block keeps is kept here a second time. No value is written that the
 * block has already.
 */
#ifndef CHIPSET_DRIVER_H
#define CHIPSET_DRIVER_H

#include "arch/x86/cpu/io.h"
#include "chipset/block/block.h"
#include "chipset/block/window.h"
#include "chipset/chipset.h"

extern const struct chipset chipset_irqmux;

/* Without a window: the model itself, in the VMM's memory (soft_block.c). */
extern struct block soft_block;
/* Writes size bytes to the model's window and passes on the model's NMI. Call only where there is
 * no window. */
void soft_window_write(uint32_t offset, unsigned size, uint64_t value);

/* Window accesses of every size; offset as in block/window.h. Reads return the value. */
#define DRIVER_ACCESS(bits)                                                              \
	static inline uint##bits##_t driver_read##bits(uint32_t offset)                  \
	{                                                                                \
		if (__builtin_expect(chipset_window != 0, 1))                            \
			return mmio_read##bits(chipset_window + offset);                 \
		return (uint##bits##_t)block_window_read(&soft_block, offset, bits / 8); \
	}                                                                                \
	static inline void driver_write##bits(uint32_t offset, uint##bits##_t value)     \
	{                                                                                \
		if (__builtin_expect(chipset_window != 0, 1))                            \
			mmio_write##bits(chipset_window + offset, value);                \
		else                                                                     \
			soft_window_write(offset, bits / 8, value);                      \
	}
DRIVER_ACCESS(8)
DRIVER_ACCESS(16)
DRIVER_ACCESS(32)
DRIVER_ACCESS(64)

/* Routes every line to the VMM block, masks all lines, and leaves level-triggered lines as the
 * firmware set them. Call in probe(), after the block has been found. */
void driver_init(void);

/* Uses so many banks (0: all) and returns how many banks exist. Call once, after probe(). */
unsigned driver_banks(unsigned wanted);
/* Connects a line to an input of the controller and to an input of the VMM block. Call at boot. */
void driver_wire(unsigned line, unsigned controller_input, unsigned block_input);
/* Brings c to the state at reset. Call when a VM is made and when a VM starts again. */
void driver_reset(struct controller *c, line_set lines, line_set shared);
/* Tells the block that the lines have an owner. Call at boot. */
void driver_claim(line_set lines, bool served);
/* Routes the lines of c to the controller and all other lines to the VMM block. Call before every
 * entry, by chipset_route(). */
void driver_route(struct controller *c);
/* Writes route, mask, share and bank in a single access, and none if no value changes. Call before
 * an entry, after the route. */
void driver_mask(line_set masked);
/* Returns the status register. Call when NMIs have been counted; nmis is the count. */
struct chipset_status driver_read_status(unsigned nmis);
/* Returns the only line that explains an NMI, or -1. Call after an NMI exit. */
int driver_identify_line(void);
/* Returns the lines that have a status bit. For reports. */
line_set driver_asserted(void);
/* Returns the masked lines that have an owner. For reports. */
line_set driver_masked(void);
/* Raises the external signal once. vmm_raise_nmi() calls the function. */
void driver_raise_external(void);
/* Clears the status bits of lines. Call before the device is serviced. */
void driver_acknowledge(line_set lines);
/* Returns the lines that would interrupt c's VM if the VM ran now. asserted: lines that have a
 * status bit. Call when a line asserts while the VM is halted, and after the save. */
line_set driver_deliverable(const struct controller *c, line_set asserted);
/* Returns whether an interrupt is in service in c. Call where the VMM might take the processor from
 * a handler. */
bool driver_in_service(const struct controller *c);
/* Routes every line to the VMM block, and saves c if other VMs use the same bank. Returns 0. Call
 * when c's VM leaves the processor. */
int driver_save(struct controller *c, bool force);
/* Brings c's state into its bank. driver_mask() then routes the lines. Call when c's VM gets the
 * processor. */
void driver_restore(struct controller *c);
/* Makes an edge on a line of c by software. Call when c's VM does not run. */
void driver_request(struct controller *c, unsigned line);

#endif
