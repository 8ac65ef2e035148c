/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor that the VMM uses. See the header for the rule. run_begin() and allotments_begin()
 * set the values that are not 0 at the start.
 */
#include "vmm/core/processor.h"

struct processor processor;
