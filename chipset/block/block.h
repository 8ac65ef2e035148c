/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block of the seed's Figure 2: a multiplexer for each interrupt request line, the VMM
 * block with mask, status and external signal, and banks of 8259A pairs, one of which is connected
 * (R02-R09, R16).
 *
 *             +------------------------------------------------------+
 *  line n ----+-> mux n --+--> input of the connected bank ----------+--> INTR
 *             |   latch n |                                          |
 *             |           +--> VMM block: status & ~mask --+-- OR ---+--> NMI
 *             |                            external -------+         |
 *             +------------------------------------------------------+
 *
 * Rule: nothing is lost.
 *  1. A rising edge on a line that is routed to the VMM block sets the line's latch, masked or not;
 *     so does one on a line that is routed to the controller and shared. A level-triggered line's
 *     latch cannot be cleared while the line is high.
 *  2. A latch is cleared by writing 1 to its status bit, or by routing the line to the controller,
 *     where it then is a request: the edge that it was while the line is still high, else one that
 *     no falling edge takes back. A shared line's latch stays at that.
 *  3. NMI pulses when status & ~mask becomes non-zero, when the external signal rises, and after a
 *     write to mask or status that leaves an unmasked status bit or the external one standing.
 *  4. Nothing of a bank changes while it is not connected, or while a line is not routed to it:
 *     inputs keep their level.
 *
 * The same source is the device in the emulators (irqmux), a part of the VMM (soft), and what the
 * host tests prove.
 */
#ifndef CHIPSET_BLOCK_BLOCK_H
#define CHIPSET_BLOCK_BLOCK_H

#include "chipset/block/i8259.h"

enum {
	BLOCK_LINES = 16,
	BLOCK_BANKS = 16,
	BLOCK_LINE_ABSENT = 2 /* IRQ2 is the cascade: no such line */
};

struct block {
	struct pair bank[BLOCK_BANKS];
	uint16_t lines; /* levels, as the devices drive them */
	uint16_t latch; /* by line */
	uint16_t route; /* 1: to the controller, 0: to the VMM block */
	/* 1: latched although routed to the controller (a device of several VMs, R15) */
	uint16_t share;
	uint16_t level;     /* 1: level triggered, for the latch */
	uint16_t routed;    /* of route: those that have a controller input to go to */
	uint16_t mask;      /* by VMM block input; 1: held pending */
	uint16_t connected; /* which bank */
	uint64_t controller_input, block_input; /* the multiplexers' inputs: four bits a line */
	bool external;                          /* status: the external signal has risen */
	bool external_pin;                      /* its level */
	bool out;                               /* status & ~mask is not zero */
	/* both input registers are the identity, so that sets of lines are sets of inputs */
	bool trivial;
	uint8_t pulses; /* of NMI since the status register was read; stays at 255 */
	bool nmi;       /* a pulse that block_take_nmi() has not fetched */
};

void block_reset(struct block *block);
void block_set_line(struct block *block, unsigned line, bool high);
void block_set_external(struct block *block, bool high);

/* The outputs: INTR is a level; an NMI pulse is fetched, once, after any other call. */
bool block_intr(const struct block *block);
bool block_take_nmi(struct block *block);

/* The processor's side: INTA, and the ports of the guest, which reach the connected bank and
 * nothing else. */
uint8_t block_acknowledge(struct block *block);
uint8_t block_port_read(struct block *block, uint16_t port);
void block_port_write(struct block *block, uint16_t port, uint8_t value);

/* The VMM's side: the register window. offset: bytes from its start; size: 1, 2, 4 or 8, naturally
 * aligned. What is not so, or where no register is, reads as zero and ignores writes. */
uint64_t block_window_read(struct block *block, uint32_t offset, unsigned size);
void block_window_write(struct block *block, uint32_t offset, unsigned size, uint64_t value);

/* ---- For window.c, and for a realisation that has the block in its own memory ---- */

/* 402 and 404 in one step: route, mask, share and bank take effect together. A bank that is not
 * there: every line goes to the VMM block, and the connected bank stays. told: NMI pulses again if
 * an unmasked status bit stands (rule 3). */
void block_select(struct block *block, uint16_t route, uint16_t mask, uint16_t share, uint16_t bank,
                  bool told);
/* Status bits by VMM block input, and clearing them. */
uint16_t block_status(const struct block *block);
void block_clear_status(struct block *block, uint16_t inputs, bool external);
/* For a line that is routed to the controller while it changes its input, the old input keeps its
 * level. */
void block_set_inputs(struct block *block, uint64_t controller_input, uint64_t block_input);
void block_set_level(struct block *block, uint16_t level);
/* The external signal, once. */
void block_raise_external(struct block *block);

#endif
