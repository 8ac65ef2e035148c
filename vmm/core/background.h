/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's background work: long work without an interrupt that waits for the work. The work
 * prints, formats, and answers the console.
 *
 * Rule: the work has the lowest priority. The work runs while no VM is ready. Beside VMs that never
 * sleep the work gets a small, fixed share in short portions, so that the console answers whatever
 * the VMs do. An NMI ends a portion at any instruction (work.h).
 */
#ifndef VMM_BACKGROUND_H
#define VMM_BACKGROUND_H

#include <stdbool.h>
#include <stdint.h>

/* A portion lasts so long at most while VMs are ready. Then the VMs have BACKGROUND_SHARE times as
 * long as the portion lasted. */
enum { BACKGROUND_PORTION_US = 300, BACKGROUND_SHARE = 15 };

/* Prepares the work. step does a piece of the work, and returns true where there was a piece to do.
 * Call it once, before the first portion. */
void background_init(bool (*step)(void));
/* Tells that there is work to do. Call it from anywhere; the call costs some ten instructions. */
void background_want(void);
/* Returns the TSC from when on the work should run, or UINT64_MAX when there is no work. idle: no
 * VM is ready. */
uint64_t background_due(bool idle);
/* Runs a portion. Call it with no VM in the chipset and every line routed to the VMM block. Returns
 * when the work is done or waits for the UART, when an NMI came, or after the portion's time. idle:
 * no VM is ready, and the time has no end. since: the TSC at which the VMM took the processor. */
void background_run(bool idle, uint64_t since);
/* Returns true where a storm of interrupts has cut several portions in a row. Then the work goes on
 * when the NMI is dispatched: by then the lines of the storm are held, and cut the work no more. */
bool background_is_starved(void);
/* Runs the work until no work is left. Call it at the end, when no VM runs any more. */
void background_finish(void);

/* Gives the processor back when the portion's time is over, and on soft when an interrupt has come:
 * no other code sees an interrupt there. The work calls it every few thousand instructions. Does
 * nothing outside of the work. */
void background_point(void);
/* Gives the processor back once, so that the VMM can dispatch an NMI. */
void background_pause(void);
/* Gives the processor back until background_wake(), or until the TSC reaches until. */
void background_sleep(uint64_t until);
/* Ends background_sleep(): the awaited event has happened. */
void background_wake(void);

#endif
