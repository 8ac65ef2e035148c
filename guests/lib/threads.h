/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small preemptive threads.
 *
 * Rule: the ready thread of the highest priority runs; those of one priority take turns at each
 * tick. Whoever called threads_init() is the idle thread: it runs when nobody else is ready, and
 * may not sleep.
 */
#ifndef GUESTS_LIB_THREADS_H
#define GUESTS_LIB_THREADS_H

#include <stdint.h>

enum { THREADS_MAX = 4 }; /* with the idle one */

void threads_init(void);
/* Starts at once; priority 1 and up. body may return. */
void thread_create(void (*body)(void), unsigned priority);
/* Sleep for so many ticks, at least until the next one. */
void thread_sleep(uint32_t ticks);
/* From the timer's handler: time goes on, sleepers wake. */
void threads_tick(void);
uint64_t threads_time(void); /* in ticks */

#endif
