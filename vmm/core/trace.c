/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recording an event that is rare.
 *
 * Rule: the path from an exit to an entry has trace_record() in line; all others call
 * trace_note(), so that the image has the code of an entry once.
 */
#include "vmm/core/trace.h"

void trace_note(enum trace_event event, unsigned vm, unsigned a, uint32_t b)
{
	trace_record(event, vm, a, b);
}
