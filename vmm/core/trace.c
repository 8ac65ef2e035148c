/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring for trace_record(). See the header for the rule.
 */
#include "vmm/core/trace.h"

struct trace_ring trace_ring;
