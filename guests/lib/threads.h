/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small preemptive threads.
 *
 * Rule: the ready thread of the highest priority runs. Threads of the same priority take turns at
 * each tick. The caller of threads_init() is the idle thread: the idle thread runs when no other
 * thread is ready, and may not sleep.
 */
#ifndef GUESTS_LIB_THREADS_H
#define GUESTS_LIB_THREADS_H

#include <stdint.h>

enum { THREADS_MAX = 4 }; /* with the idle thread */

void threads_init(void);
/* Starts a thread at once; priority 1 and up. body may return. */
void thread_create(void (*body)(void), unsigned priority);
/* Sleeps for so many ticks, at least until the next tick. */
void thread_sleep(uint32_t ticks);
/* Counts a tick and wakes sleepers. Call in the timer's handler. */
void threads_tick(void);
/* Returns the time in ticks. */
uint64_t threads_time(void);

#endif
