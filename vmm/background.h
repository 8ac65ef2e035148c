/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's background work: what takes long and has no interrupt waiting for it. It prints,
 * formats, answers the console.
 *
 * Rule: it has the lowest priority. It runs while no VM is ready; beside VMs that never sleep it
 * gets a small, fixed share in short portions, so that the console answers whatever the VMs do. An
 * NMI ends a portion at any instruction (work.h).
 */
#ifndef VMM_BACKGROUND_H
#define VMM_BACKGROUND_H

#include <stdbool.h>
#include <stdint.h>

/* A portion lasts so long at most while VMs are ready; then they have BACKGROUND_SHARE times as
 * long as it lasted. */
enum { BACKGROUND_PORTION_US = 300, BACKGROUND_SHARE = 15 };

/* step does one thing that waits, and returns whether there was one. Call background_init() once,
 * before the first portion. */
void background_init(bool (*step)(void));
/* There is something to do. Call it from anywhere; costs some ten instructions. */
void background_want(void);
/* TSC from when on the work should run; UINT64_MAX: there is nothing to do. idle: no VM is
 * ready. */
uint64_t background_due(bool idle);
/* Runs a portion. Call it with no VM in the chipset, every line routed to the VMM block. It
 * returns when the work is done or waits for the UART, when an NMI came, or after its time where
 * VMs are ready (idle: not then). */
void background_run(bool idle, uint64_t since);
/* Has a storm of interrupts cut one portion after the other? Then the work goes on when the NMI is
 * dispatched: the lines that spoke are held by then, and cut it no more. */
bool background_is_starved(void);
/* Runs the work until nothing is left of it, at the end, when no VM runs any more. */
void background_finish(void);

/* For the work itself. Gives the processor back when the portion's time is over, and on soft when
 * an interrupt has come, which nothing else sees there: so call it every few thousand instructions.
 * Does nothing outside of the work. */
void background_point(void);
/* Gives the processor back once, so that what an NMI leads to happens. */
void background_pause(void);
/* Gives the processor back until background_wake(), or until the TSC is there. */
void background_sleep(uint64_t until);
/* What background_sleep() waits for has happened. */
void background_wake(void);

#endif
