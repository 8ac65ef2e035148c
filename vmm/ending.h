/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When a run ends, and with which status.
 *
 * Rule: a run ends when all VMs are done and nobody uses the console, when its time is up, or when
 * the operator quits. What the operator stops, or has not waited for, has not failed.
 */
#ifndef VMM_ENDING_H
#define VMM_ENDING_H

#include "vmm/config.h"
#include "vmm/operator_calls.h"

#include <stdbool.h>
#include <stdint.h>

/* A run begins; now: TSC. */
void ending_begin(const struct vmm_config *config, const struct operator_calls *person,
                  uint64_t now);
/* Looks whether the run is over. Returns the TSC at which to look again at the latest; a VM that
 * stops is a reason to look at once. For the run loop's chores; takes some hundred instructions,
 * some ten for each VM. */
uint64_t ending_look(uint64_t now);
/* Is the run over? Only ending_look() and ending_quit() change the answer. */
bool ending_is_here(void);
/* The operator ends the run. */
void ending_quit(void);
/* Does the run go on when all VMs are done? The word 'stay' says so at first. */
void ending_set_stay(bool on);
/* Says of each VM that has not done its work why, and returns the run's status: 0 where no VM has
 * failed, or was still at work when the time was up. Call it when the run is over. */
int ending_verdict(void);

#endif
