/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run loop: invoke, handle the exit, decide when there is a need for a decision.
 *
 * Rule: the way from an exit back to the same VM is short. All rare work waits behind
 * processor.attention.
 */
#ifndef VMM_RUN_H
#define VMM_RUN_H

#include "vmm/config/config.h"
#include "vmm/core/operator_calls.h"

#include <stdbool.h>
#include <stdint.h>

/* Runs the VMs until the run is over. person: the calls to the operator at the console. Returns the
 * run's status (vmm/core/ending.h defines both). */
int run_all(const struct vmm_config *config, const struct operator_calls *person);
/* Ends the run for the operator, after the present work. */
void run_quit(void);
/* on: the run goes on when all VMs are done. */
void run_stay(bool on);
/* Returns the TSC ticks since the first VM was entered. */
uint64_t run_ticks(void);

#endif
