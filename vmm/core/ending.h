/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a run, and the run's status.
 *
 * Rule: a run ends when all VMs are done and no person uses the console, when the time is up, or
 * when the operator quits. A VM that the operator stops, or does not wait for, has not failed.
 */
#ifndef VMM_ENDING_H
#define VMM_ENDING_H

#include "vmm/config/config.h"
#include "vmm/core/operator_calls.h"

#include <stdbool.h>
#include <stdint.h>

/* Begins a run. config: the VMM's words; now: the TSC. */
void ending_begin(const struct vmm_config *config, const struct operator_calls *person,
                  uint64_t now);
/* Looks whether the run is over. Returns the TSC of the latest next look; a VM that stops is a
 * reason to look at once. Call it from the run loop's housekeeping. The look takes some hundred
 * instructions, and about ten more for each VM. */
uint64_t ending_look(uint64_t now);
/* Returns true when the run is over. Only ending_look() and ending_quit() change the answer. */
bool ending_is_here(void);
/* Ends the run for the operator. */
void ending_quit(void);
/* on: the run goes on when all VMs are done. The word 'stay' sets the first value. */
void ending_set_stay(bool on);
/* Prints the reason for each VM that has not done its work. Returns the run's status: 0 where no VM
 * has failed, or was still at work when the time was up. Call it when the run is over. */
int ending_verdict(void);

#endif
