/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time by the TSC.
 *
 * Rule: the rate comes from the word tsc_khz=, else from the VMM (SB_CPUID_TSC), else from the bare
 * machine's PIT; it serves durations and time-outs. Measurements are in TSC ticks and need no rate.
 */
#ifndef GUESTS_LIB_CLOCK_H
#define GUESTS_LIB_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

void clock_init(void);
uint64_t clock_khz(void);
uint64_t clock_ms(uint64_t ms); /* in TSC ticks */
/* Are so many ms over since start (a TSC value)? */
bool clock_over(uint64_t start, uint64_t ms);

#endif
