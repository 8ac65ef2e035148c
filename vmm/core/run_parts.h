/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of run_all().
 *
 * Rule: only run.c and the tests of run.c include the header. A test takes the place of run_all():
 * the test begins a run, and asks for single decisions.
 */
#ifndef VMM_RUN_PARTS_H
#define VMM_RUN_PARTS_H

#include "vmm/config/config.h"
#include "vmm/core/operator_calls.h"
#include "vmm/core/vm.h"

/* Begins a run. config, person: as for run_all(). */
void run_begin(const struct vmm_config *config, const struct operator_calls *person);
/* Decides about the next turn, and brings the VM in. Returns the VM to invoke. Returns NULL when
 * the caller has to decide again, or when the run is over. now: the TSC. timed: moments are due for
 * VMs that do not run; run_all() passes false. */
struct vm *run_decide(uint64_t now, bool timed);

#endif
