/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's text for its user during the run: lines, VMs, and the status line.
 *
 * Rule: columns are aligned and figures have units. A line is printed in pieces; no piece is longer
 * than the log formats at once.
 */
#include "vmm/operator/report.h"

#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "vmm/budget/blocking.h"
#include "vmm/config/config.h"
#include "vmm/operator/report_text.h"

#include <string.h>

/* ---- Lines ---- */

static const char *line_state(const struct line_report *line)
{
	if (line->masked)
		return line->pending ? "masked, pending" : "masked";
	return line->pending ? "pending" : "-";
}

static bool line_worth_a_row(const struct line_report *line)
{
	return line->owner || line->exits || line->held || line->injected || line->wakeups;
}

void report_lines(bool counters)
{
	struct line_report line;

	log_format("  line  owner      routed to  block state    ");
	log_format(counters ? "     NMIs   held injected wake-ups\n" : "\n");
	for (unsigned n = 0; n < LINES; n++) {
		vmm_line_report(n, &line);
		if (!line_worth_a_row(&line))
			continue;
		log_format("  %4u  %-10s %-10s %-15s", n, line.owner ? line.owner : "nobody",
		           line.to_controller ? "controller" : "VMM block", line_state(&line));
		if (counters)
			log_format(" %8lu %6lu %8lu %8lu", (unsigned long)line.exits,
			           (unsigned long)line.held, (unsigned long)line.injected,
			           (unsigned long)line.wakeups);
		log_format("\n");
	}
}

/* ---- VMs ---- */

/* Prints "0,3,8", or "-". */
static void print_lines(line_set lines)
{
	bool first = true;

	for (unsigned n = 0; n < LINES; n++) {
		if (!line_in(lines, n))
			continue;
		log_format(first ? "%u" : ",%u", n);
		first = false;
	}
	if (first)
		log_format("-");
}

void report_vms(void)
{
	char words[SB_STATUS_MAX + 1];
	struct vm_report vm;

	log_format("  vm         state    prio   memory   ran ms switches     exits  lines\n");
	for (unsigned i = 0; i < vmm_vm_count(); i++) {
		vmm_vm_report(i, &vm);
		log_format("  %-10s %-8s %4u %7luK %8lu %8lu %9lu  ", vm.name, vm.state,
		           vm.priority, (unsigned long)(vm.memory >> 10),
		           (unsigned long)(tsc_to_us(vm.run_ticks) / 1000),
		           (unsigned long)vm.switches_in, (unsigned long)vm.exits_total);
		print_lines(vm.lines);
		guest_text(vm.status, SB_STATUS_MAX, words, sizeof(words));
		if (words[0])
			log_format("\n    says %s", words);
		log_format("\n");
	}
}

/* ---- Budgets ---- */

/* Prints the longest wait in microseconds, in words where there is no bound. */
static void print_wait(uint32_t us)
{
	if (us >= BLOCKING_LONG)
		log_format(us == BLOCKING_NONE ? "    no bound" : "   over 10 s");
	else
		log_format("%12u", (unsigned)us);
}

void report_budgets(void)
{
	struct vm_report vm;

	for (unsigned i = 0; i < vmm_vm_count(); i++) {
		vmm_vm_report(i, &vm);
		if (vm.worst_wait_us == 0)
			return;
		if (i == 0)
			log_format("  vm         budget us   of us waits us max  u"
			           "sed up too often    held over max\n");
		log_format(vm.period_us != 0 ? "  %-10s %9u %7u " : "  %-10s         -       - ",
		           vm.name, (unsigned)vm.budget_us, (unsigned)vm.period_us);
		print_wait(vm.worst_wait_us);
		log_format(" %8lu %9lu %7lu %8lu\n", (unsigned long)vm.used_up,
		           (unsigned long)vm.too_often, (unsigned long)vm.held_for_budget,
		           (unsigned long)tsc_to_us(vm.most_over));
	}
}

/* ---- The status line ---- */

/* The figures of the last status line. */
static struct {
	uint64_t ticks;
	struct {
		uint64_t run_ticks, exits;
	} vm[CONFIG_VMS_MAX];
} seen;

/* Returns the growth of a counter. A counter starts again when its VM does. */
static uint64_t since(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now;
}

static unsigned long percent(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : (unsigned long)(part * 100 / whole);
}

void report_status(void)
{
	char words[SB_STATUS_MAX + 1];
	struct vmm_totals totals;
	struct vm_report vm;

	vmm_totals(&totals);
	uint64_t elapsed = since(totals.ticks, seen.ticks);
	uint64_t tenths = tsc_to_us(totals.ticks) / 100000;

	seen.ticks = totals.ticks;
	log_format("[%4lu.%lus]", (unsigned long)(tenths / 10), (unsigned long)(tenths % 10));
	for (unsigned i = 0; i < vmm_vm_count() && i < CONFIG_VMS_MAX; i++) {
		vmm_vm_report(i, &vm);
		log_format("%s %s: %s, cpu %lu%%, exits %lu", i > 0 ? " |" : "", vm.name, vm.state,
		           percent(since(vm.run_ticks, seen.vm[i].run_ticks), elapsed),
		           (unsigned long)since(vm.exits_total, seen.vm[i].exits));
		guest_text(vm.status, SB_STATUS_MAX, words, sizeof(words));
		if (words[0] != '\0')
			log_format(", %s", words);
		seen.vm[i].run_ticks = vm.run_ticks;
		seen.vm[i].exits = vm.exits_total;
	}
	log_format(" | held %lu", (unsigned long)totals.held);
	if (totals.external_nmis > 0)
		log_format(", unexplained NMIs %lu", (unsigned long)totals.external_nmis);
	log_format("\n");
}
