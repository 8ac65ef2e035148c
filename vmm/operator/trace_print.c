/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace, for people.
 *
 * Rule: the meaning of an event's a and b stands in a single place, the list in trace.h.
 */
#include "vmm/operator/report.h"

#include "arch/x86/cpu/text_list.h"
#include "arch/x86/log/log.h"
#include "vmm/core/trace.h"

#include <stdio.h>

#define X_NAME(id, name, a, b) name "\0"
#define X_OPERANDS(id, name, a, b) { a, b },
static const char event_names[] = TRACE_EVENTS(X_NAME);
static const struct {
	char a, b;
} operands[] = { TRACE_EVENTS(X_OPERANDS) };
#undef X_NAME
#undef X_OPERANDS

static const char *vm_name(unsigned vm)
{
	struct vm_report report;

	if (vm >= vmm_vm_count())
		return vm == TRACE_NO_VM ? "-" : "?";
	vmm_vm_report(vm, &report);
	return report.name;
}

/* Formats an operand with a blank before the operand; no text for '-'. */
static void operand_text(char kind, uint32_t value, char *text, size_t size)
{
	switch (kind) {
	case 'r':
		snprintf(text, size, " %s",
		         value < VM_EXIT_COUNT ? vm_exit_name((enum vm_exit_reason)value) : "?");
		break;
	case 'l':
		snprintf(text, size, " line %u", (unsigned)value);
		break;
	case 'v':
		snprintf(text, size, " vm %s", vm_name(value));
		break;
	case 'm':
		snprintf(text, size, " lines %04x", (unsigned)value);
		break;
	case 'p':
		snprintf(text, size, " port %x", (unsigned)value);
		break;
	case 'x':
		snprintf(text, size, " 0x%x", (unsigned)value);
		break;
	case 'd':
		snprintf(text, size, " %u", (unsigned)value);
		break;
	default:
		text[0] = '\0';
	}
}

static void print_entry(const struct trace_entry *e, uint64_t start, uint64_t before)
{
	const unsigned event = e->event < TRACE_EVENT_COUNT ? e->event : TRACE_NONE;
	char a[40], b[40];

	operand_text(operands[event].a, e->a, a, sizeof(a));
	operand_text(operands[event].b, e->b, b, sizeof(b));
	log_format("%12lu %+10ld", (unsigned long)(e->tsc - start), (long)(e->tsc - before));
	log_format("  %-15s %-12s%s%s\n", vm_name(e->vm), text_list_get(event_names, event), a, b);
}

/* Prints the last of the `end` events that a ring of `size` entries holds. */
static void print_last(const struct trace_entry *entry, uint64_t end, uint64_t size, unsigned last)
{
	uint64_t kept = end < size ? end : size;
	uint64_t first = end - (last < kept ? last : kept);

	if (first == end) {
		log_format("the trace is empty\n");
		return;
	}
	uint64_t start = entry[first % size].tsc, before = start;

	log_format("%12s %10s  %-15s %s\n", "ticks", "since last", "vm", "event");
	for (uint64_t i = first; i < end; i++) {
		print_entry(&entry[i % size], start, before);
		before = entry[i % size].tsc;
	}
}

void trace_print(unsigned last)
{
	if (processor.kept.count != 0)
		print_last(processor.kept.entry, processor.kept.count, TRACE_KEPT, last);
	else
		print_last(processor.trace.entry, processor.trace.count, TRACE_ENTRIES, last);
}

const char *trace_event_name(unsigned i)
{
	return i < TRACE_EVENT_COUNT ? text_list_get(event_names, i) : NULL;
}

bool trace_event_counts(unsigned i)
{
	return operands[i].b == 'd';
}
