/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block keeps time: version 2 of the register window (docs/register-window.md, section 7). For
 * each line there are the times of the last edge, INTA and EOI, and two histograms: from the edge
 * to INTA, and from INTA to the EOI.
 *
 *   line ----> edge ....... waits ....... INTA ....... in service ....... EOI
 *                |                          |                              |
 *                +--- TIMES_EDGE_TO_INTA ---+------ TIMES_INTA_TO_EOI -----+
 *
 * Rule: the keeper stands beside the block and looks on. Each call is the call of block.h with the
 * same end of the name, and the block does what it does without the keeper. A block without a
 * keeper is of version 1. The keeper has no clock: each call is given the time.
 */
#ifndef CHIPSET_TIMES_TIMES_H
#define CHIPSET_TIMES_TIMES_H

#include "chipset/block/block.h"
#include "chipset/times/histogram.h"

enum { TIMES_EDGE_TO_INTA, TIMES_INTA_TO_EOI, TIMES_PROBES };

/* The clock of the block's owner. */
struct times_clock {
	uint64_t (*now)(void *owner); /* never goes back */
	void *owner;
	uint64_t frequency; /* units a second */
};

/* What is kept of a line. Times are 0 until there was such an event. */
struct times_line {
	uint64_t edge, inta, eoi;
	uint64_t since;     /* while the line waits: the beginning of the sample */
	uint64_t merged;    /* edges while an earlier edge waited */
	uint64_t unmatched; /* INTAs of the line without an edge that waited */
	struct histogram probe[TIMES_PROBES];
};

/* All zeros is the state after a reset. */
struct times {
	struct times_line line[BLOCK_LINES];
	uint16_t waiting; /* lines with an edge that has not come to its INTA */
	uint16_t serving; /* lines between INTA and EOI */
	uint16_t select;  /* PROBE */
	uint64_t from;    /* FROM */
	uint64_t latch;   /* the register whose low half was read last */
	bool begun; /* the firmware has handed the controller over: the figures are a system's */
};

/* As block_set_line(), block_acknowledge(), block_port_read() and block_port_write(), at the time
 * now. */
void times_set_line(struct times *times, struct block *block, unsigned line, bool high,
                    uint64_t now);
uint8_t times_acknowledge(struct times *times, struct block *block, uint64_t now);
uint8_t times_port_read(struct times *times, struct block *block, uint16_t port, uint64_t now);
void times_port_write(struct times *times, struct block *block, uint16_t port, uint8_t value,
                      uint64_t now);
/* As block_window_read() and block_window_write(), with the registers of version 2. */
uint64_t times_window_read(struct times *times, struct block *block, uint32_t offset, unsigned size,
                           const struct times_clock *clock);
void times_window_write(struct times *times, struct block *block, uint32_t offset, unsigned size,
                        uint64_t value);

/* For times_window.c. An edge whose request is gone waits no longer: the device took the request
 * back, or ICW1 dropped the request. Call after each change of the block. */
void times_settle(struct times *times, const struct block *block);

#endif
