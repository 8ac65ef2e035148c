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

#include "chipset/block/block.h"
#include "chipset/block/window.h"
#include "chipset/chipset.h"

extern const struct chipset chipset_irqmux;

/* A register window (chipset/block/window.h): of a device, or of the model in the VMM's memory. */
struct driver_window {
	uint64_t address;    /* of the device's registers; 0: the window is the model's */
	struct block *model; /* NULL where there is a device */
};

/* Passes on what a write to the model's window has changed at the model's outputs (soft_block.c).
 * The driver calls the function after each such write. A pointer in struct driver_window would make
 * each step of the driver align the stack for the unknown callee: 2 instructions at a switch. */
void soft_written(void);

/* Routes every line to the VMM block, masks all lines, and leaves level-triggered lines as the
 * firmware set them. The driver drives this window from now on, and begins without controllers,
 * wires and claimed lines. Call in probe(), after the block has been found. */
void driver_init(const struct driver_window *given);

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
/* Sets the level of an unwired line of c. Call while c has its bank and no line is routed to it. */
void driver_drive(struct controller *c, unsigned line, bool high);

#endif
