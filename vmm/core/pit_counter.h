/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A counter of an 82C54 (8254 datasheet) as pure arithmetic: what the counter shows at any moment,
 * and when OUT rises.
 *
 * Rule: time is a number of CLK pulses. No call waits, and no call touches the machine. A call's
 * cost does not depend on the time that has passed.
 */
#ifndef VMM_PIT_COUNTER_H
#define VMM_PIT_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

/* No such moment. */
#define PIT_NEVER UINT64_MAX

/* The last period that a counter counts in CLK pulses, and the least count of modes 2 and 3. */
enum { PIT_COUNT_MOST = 65536, PIT_PERIOD_LEAST = 2 };

/*
 * Control word (8254 datasheet, Figure 7)
 *   7:6 counter, 3: read-back | 5:4 access, 0: latch | 3:1 mode | 0 BCD
 * Read-back command
 *   7:6 = 3 | 5 = 0: latch counts | 4 = 0: latch status | 3:1 counters
 * Status byte
 *   7 OUT | 6 null count | 5:4 access | 3:1 mode | 0 BCD
 */
enum {
	PIT_SELECT_SHIFT = 6,
	PIT_SELECT_READ_BACK = 3,
	PIT_ACCESS_SHIFT = 4,
	PIT_ACCESS_LOW = 1,
	PIT_ACCESS_HIGH = 2,
	PIT_ACCESS_BOTH = 3,
	PIT_BACK_NO_COUNT = 1 << 5,
	PIT_BACK_NO_STATUS = 1 << 4,
	PIT_STATUS_OUT = 1 << 7,
	PIT_STATUS_NULL = 1 << 6,
};

struct pit_counter {
	uint8_t mode;   /* 0 to 5 */
	uint8_t access; /* PIT_ACCESS_... */
	bool bcd;
	bool gate;
	bool written;     /* a whole count has been written since the control word */
	bool counting;    /* the count was loaded, or is loaded at `start` */
	bool held;        /* the gate is low and stops the counting */
	bool low_written; /* PIT_ACCESS_BOTH: the low byte has come, the high byte is next */
	bool high_next;   /* PIT_ACCESS_BOTH: the next read without a latch is the high byte */
	uint8_t low;      /* the low byte that has come */
	/* The count that is counted, and the count that is loaded next. 1 to PIT_COUNT_MOST. */
	uint32_t reload, next;
	uint32_t frozen;  /* what the counter shows while it does not count */
	bool out;         /* OUT while the counter does not count */
	uint64_t start;   /* the CLK pulse that loads `reload` */
	uint64_t elapsed; /* CLK pulses that were counted when the gate stopped the counting */
	/* Latched bytes that wait to be read, the first in the low bits; their number. */
	uint16_t latched;
	uint8_t latched_count;
	uint8_t status;
	bool status_latched;
	/* The next edge for each moment from edge_after on and before edge. The two are the same
	 * where the next edge is not known: pit_counter_next_edge() has to divide. */
	uint64_t edge_after, edge;
};

/* Brings the counter to its state after power-on: nothing counts, OUT is high, the gate is high. */
void pit_counter_reset(struct pit_counter *c);
/* Takes a control word for the counter at t. The access bits are not 0. */
void pit_counter_command(struct pit_counter *c, uint8_t value, uint64_t t);
/* Latches the count, the status or both at t, where the last latch was read. */
void pit_counter_latch(struct pit_counter *c, bool count, bool status, uint64_t t);
/* Takes a byte of a count at t. Returns true where the count is whole now. */
bool pit_counter_write(struct pit_counter *c, uint8_t byte, uint64_t t);
/* Returns the byte that a read at t gives. */
uint8_t pit_counter_read(struct pit_counter *c, uint64_t t);
/* Sets the gate at t. */
void pit_counter_set_gate(struct pit_counter *c, bool level, uint64_t t);

/* Returns OUT at t. */
bool pit_counter_out(const struct pit_counter *c, uint64_t t);
/* Returns the counting element at t, from 0 to PIT_COUNT_MOST. */
uint32_t pit_counter_count(const struct pit_counter *c, uint64_t t);
/* Returns the first moment after t at which OUT rises, or PIT_NEVER. Edges by control words or by
 * the gate do not count. */
uint64_t pit_counter_next_edge(struct pit_counter *c, uint64_t t);
/* Returns how often OUT rises after `from`, until `to` and with it. */
uint64_t pit_counter_edges(struct pit_counter *c, uint64_t from, uint64_t to);
/* Returns true where OUT rises again and again (modes 2 and 3). */
bool pit_counter_is_periodic(const struct pit_counter *c);
/* Moves all the counter's moments by so many CLK pulses: later where by is positive. */
void pit_counter_shift(struct pit_counter *c, int64_t by);

#endif
