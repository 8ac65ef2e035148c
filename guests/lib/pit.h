/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PIT's channel 0 (8254), line 0: periodic ticks, and a counter that goes on counting after
 * each tick.
 *
 * Rule: mode 2 (rate generator): the counter runs from the reload value to 1 and reloads as the
 * line's edge comes.
 */
#ifndef GUESTS_LIB_PIT_H
#define GUESTS_LIB_PIT_H

#include <stdint.h>

enum { PIT_HZ = 1193182, PIT_LINE = 0 };

/* So many TSC ticks are so many counts. */
struct pit_rate {
	uint64_t tsc, counts;
};

/* Starts the ticks. A reload value of 0 stands for 65536. */
void pit_start(uint16_t reload);
/* Latches and reads the counter: 1 to the reload value. */
uint32_t pit_count(uint32_t reload);
/* Reads the counter like pit_count(), and the TSC right before the latch. Reads again where another
 * VM had the processor between the two reads: more than `patience` ticks lie between TSC and
 * latch. */
uint32_t pit_count_at(uint32_t reload, uint64_t patience, uint64_t *tsc);
/* Measures the TSC against channel 0 twice 25 ms or more, polled. (Another VM may take a slice in
 * between: the counter goes round after 55 ms.) Leaves the channel running free. */
struct pit_rate pit_measure(void);

#endif
