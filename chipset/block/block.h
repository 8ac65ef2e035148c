/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block of the seed's Figure 2: a multiplexer for each interrupt request line, the VMM
 * block with mask, status and external signal, and banks of 8259A pairs. A single bank is connected
 * at a time (R02-R09, R16).
 *
 *             +------------------------------------------------------+
 *  line n ----+-> mux n --+--> input of the connected bank ----------+--> INTR
 *             |   latch n |                                          |
 *             |           +--> VMM block: status & ~mask --+-- OR ---+--> NMI
 *             |                            external -------+         |
 *             +------------------------------------------------------+
 *
 * Rule: no interrupt is lost.
 *  1. A rising edge on a line that is routed to the VMM block sets the line's latch, masked or not.
 *     So does a rising edge on a shared line that is routed to the controller. A level-triggered
 *     line's latch cannot be cleared while the line is high.
 *  2. Two actions clear a latch: writing 1 to its status bit, and routing the line to the
 *     controller. In the second case the latch becomes a request there. While the line is still
 *     high the request is the edge; else the request is held, and no falling edge takes a held
 *     request back. The latch of a shared line stays set.
 *  3. NMI pulses when status & ~mask becomes non-zero, when the external signal rises, and after a
 *     write to mask or status that leaves an unmasked status bit or the external bit set.
 *  4. No state of a bank changes while the bank is not connected. No input changes while no line is
 *     routed to the input: inputs keep their level.
 *
 * The same source is the device in the emulators (irqmux) and a part of the VMM (soft). The host
 * tests prove the same source.
 */
#ifndef CHIPSET_BLOCK_BLOCK_H
#define CHIPSET_BLOCK_BLOCK_H

#include "chipset/block/i8259.h"

enum {
	BLOCK_LINES = 16,
	BLOCK_BANKS = 16,
	BLOCK_LINE_ABSENT = 2 /* IRQ2 is the cascade: there is no such line */
};

struct block {
	struct pair bank[BLOCK_BANKS];
	uint16_t lines; /* levels that the devices drive */
	uint16_t latch; /* by line */
	uint16_t route; /* 1: to the controller, 0: to the VMM block */
	/* 1: latched although routed to the controller (a device of several VMs, R15) */
	uint16_t share;
	uint16_t level;     /* 1: level triggered, for the latch */
	uint16_t routed;    /* lines of route that have a controller input to go to */
	uint16_t mask;      /* by VMM block input; 1: held pending */
	uint16_t connected; /* number of the connected bank */
	uint64_t controller_input, block_input; /* the multiplexers' inputs: four bits a line */
	bool external;                          /* status: the external signal has risen */
	bool external_pin;                      /* level of the external signal */
	bool out;                               /* status & ~mask is not zero */
	/* both input registers are the identity, so that sets of lines are sets of inputs */
	bool trivial;
	uint8_t pulses; /* pulses of NMI since the status register was read; stays at 255 */
	bool nmi;       /* a pulse that block_take_nmi() has not fetched */
};

/* Brings the block to the state at power-on. Call before any other call. */
void block_reset(struct block *block);
/* Sets the level of a line. Call when the device drives the line. */
void block_set_line(struct block *block, unsigned line, bool high);
/* Sets the level of the external signal. Call when the signal's source drives the signal. */
void block_set_external(struct block *block, bool high);

/* The outputs. block_intr() returns the level of INTR. block_take_nmi() returns whether NMI has
 * pulsed, and clears the pulse. Call both after every other call. */
bool block_intr(const struct block *block);
bool block_take_nmi(struct block *block);

/* The processor's side. block_acknowledge() is INTA and returns the vector. The port calls are the
 * guest's accesses. All three reach the connected bank and no other. */
uint8_t block_acknowledge(struct block *block);
uint8_t block_port_read(struct block *block, uint16_t port);
void block_port_write(struct block *block, uint16_t port, uint8_t value);

/* The VMM's side: the register window. offset: bytes from the window's start; size: 1, 2, 4 or 8,
 * naturally aligned. Other accesses, and offsets without a register, read as zero and ignore
 * writes. */
uint64_t block_window_read(struct block *block, uint32_t offset, unsigned size);
void block_window_write(struct block *block, uint32_t offset, unsigned size, uint64_t value);

/* ---- For window.c, and for a realisation that has the block in its own memory ---- */

/* 402 and 404 in a single step: route, mask, share and bank take effect together. For a bank that
 * does not exist, every line goes to the VMM block, and the connected bank stays. told: NMI pulses
 * again if an unmasked status bit is set (rule 3). */
void block_select(struct block *block, uint16_t route, uint16_t mask, uint16_t share, uint16_t bank,
                  bool told);
/* block_status() returns the status bits by VMM block input. block_clear_status() clears the
 * bits. */
uint16_t block_status(const struct block *block);
void block_clear_status(struct block *block, uint16_t inputs, bool external);
/* Writes both input registers. Where a line is routed to the controller while its input changes,
 * the old input keeps its level. */
void block_set_inputs(struct block *block, uint64_t controller_input, uint64_t block_input);
/* Writes the level register. */
void block_set_level(struct block *block, uint16_t level);
/* Raises the external signal once. */
void block_raise_external(struct block *block);

#endif
