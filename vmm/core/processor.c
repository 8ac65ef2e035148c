/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor that the VMM uses. See the header for the rule.
 */
#include "vmm/core/processor.h"

struct processor processor = { .attention = true, .allot.due = UINT64_MAX };
