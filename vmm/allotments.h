/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The budgets of the VMs' words, and the frame of the VMM's word, become allotted time.
 *
 * Rule: what is computed once at boot is computed here, and vmm/core/allot.c follows the time.
 */
#ifndef VMM_ALLOTMENTS_H
#define VMM_ALLOTMENTS_H

#include "vmm/config/config.h"

/* Begins the budgets of all VMs, or the VMM's frame, and computes the worst blocking of each VM.
 * now: the TSC. Call it once, after the last VM was made and before the first VM runs. */
void allotments_begin(uint64_t now, const struct vmm_config *config);

#endif
