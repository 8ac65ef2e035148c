/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time by the TSC.
 *
 * Rule: the rate comes from the word tsc_khz=, else from the VMM (SB_CPUID_TSC), else from the bare
 * machine's PIT. The rate serves durations and time-outs. Measurements are in TSC ticks and need no
 * rate.
 */
#ifndef GUESTS_LIB_CLOCK_H
#define GUESTS_LIB_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Finds the rate. Call at the guest's start. */
void clock_init(void);
/* Returns the rate in kHz. */
uint64_t clock_khz(void);
/* Returns so many ms in TSC ticks. */
uint64_t clock_ms(uint64_t ms);
/* Returns whether so many ms are over since start (a TSC value). */
bool clock_over(uint64_t start, uint64_t ms);

#endif
