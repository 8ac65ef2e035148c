/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables at the end: latencies and exits, for people, then the same for programs.
 *
 * Rule: a line for programs begins with its kind, then come key=value words. Zero counts are left
 * out of exits.
 */
#include "vmm/operator/report.h"

#include "arch/x86/log/log.h"
#include "vmm/operator/report_text.h"

enum { VMS_PER_TABLE = 6, WORD_BYTES = sizeof(((struct sb_result *)0)->probe) + 1 };

/* A result with its words made safe. */
struct shown_result {
	const struct sb_result *r;
	const char *vm;
	char probe[WORD_BYTES], unit[WORD_BYTES];
	unsigned long whole, thousandths; /* exits per interrupt */
};

static void show_result(unsigned i, struct shown_result *s)
{
	s->r = vmm_result(i, &s->vm);
	guest_word(s->r->probe, sizeof(s->r->probe), s->probe, sizeof(s->probe));
	guest_word(s->r->unit, sizeof(s->r->unit), s->unit, sizeof(s->unit));
	s->whole = s->thousandths = 0;
	if (s->r->interrupts > 0) {
		s->whole = (unsigned long)(s->r->exits / s->r->interrupts);
		s->thousandths = (unsigned long)(s->r->exits % s->r->interrupts * 1000 /
		                                 s->r->interrupts);
	}
}

void report_results(void)
{
	struct shown_result s;

	if (vmm_result_count() == 0) {
		log_format("no guest has measured anything yet\n");
		return;
	}
	log_format("latency, from the event to the handler's first instruction; exits: for each\n");
	log_format("  vm         probe   unit             n    min  median     p"
	           "99      max   exits\n");
	for (unsigned i = 0; i < vmm_result_count(); i++) {
		show_result(i, &s);
		log_format("  %-10s %-7s %-12s %5u", s.vm, s.probe, s.unit, (unsigned)s.r->n);
		log_format(" %6lu %7lu %7lu %8lu", (unsigned long)s.r->min,
		           (unsigned long)s.r->median, (unsigned long)s.r->p99,
		           (unsigned long)s.r->max);
		if (s.r->interrupts > 0)
			log_format(" %3lu.%03lu\n", s.whole, s.thousandths);
		else
			log_format(" %7s\n", "-");
	}
}

/* ---- Exits ---- */

static bool reason_seen(unsigned reason, unsigned first, unsigned end)
{
	struct vm_report vm;

	for (unsigned i = first; i < end; i++) {
		vmm_vm_report(i, &vm);
		if (vm.exits[reason] > 0)
			return true;
	}
	return false;
}

static void exits_table(unsigned first, unsigned end)
{
	struct vm_report vm;

	log_format("exits           ");
	for (unsigned i = first; i < end; i++) {
		vmm_vm_report(i, &vm);
		log_format(" %15s", vm.name);
	}
	log_format("\n");
	for (unsigned reason = 0; reason < VM_EXIT_COUNT; reason++) {
		if (!reason_seen(reason, first, end))
			continue;
		log_format("  %-14s", vm_exit_name((enum vm_exit_reason)reason));
		for (unsigned i = first; i < end; i++) {
			vmm_vm_report(i, &vm);
			log_format(" %15lu", (unsigned long)vm.exits[reason]);
		}
		log_format("\n");
	}
	log_format("  %-14s", "total");
	for (unsigned i = first; i < end; i++) {
		vmm_vm_report(i, &vm);
		log_format(" %15lu", (unsigned long)vm.exits_total);
	}
	log_format("\n");
}

void report_exits(void)
{
	unsigned count = vmm_vm_count();

	for (unsigned first = 0; first < count; first += VMS_PER_TABLE)
		exits_table(first, first + VMS_PER_TABLE < count ? first + VMS_PER_TABLE : count);
}

/* ---- For programs ---- */

static void data_results(void)
{
	struct shown_result s;

	for (unsigned i = 0; i < vmm_result_count(); i++) {
		show_result(i, &s);
		log_format("result vm=%s probe=%s unit=%s n=%u interrupts=%u", s.vm, s.probe,
		           s.unit, (unsigned)s.r->n, (unsigned)s.r->interrupts);
		log_format(" min=%lu median=%lu p99=%lu max=%lu", (unsigned long)s.r->min,
		           (unsigned long)s.r->median, (unsigned long)s.r->p99,
		           (unsigned long)s.r->max);
		log_format(" exits=%lu exits_per_interrupt=%lu.%03lu\n", (unsigned long)s.r->exits,
		           s.whole, s.thousandths);
	}
}

static void data_vms(void)
{
	char state[16];
	struct vm_report vm;

	for (unsigned i = 0; i < vmm_vm_count(); i++) {
		vmm_vm_report(i, &vm);
		log_format("vm vm=%s state=%s", vm.name,
		           guest_word(vm.state, sizeof(state), state, sizeof(state)));
		if (vm.done)
			log_format(" status=%d", vm.exit_status);
		log_format(" run_ticks=%lu switches=%lu faults=%lu", (unsigned long)vm.run_ticks,
		           (unsigned long)vm.switches_in, (unsigned long)vm.faults);
		if (vm.probes > 0)
			log_format(" probes=%lu", (unsigned long)vm.probes);
		if (vm.worst_wait_us != 0)
			log_format(" budget_us=%u period_us=%u worst_wait_us=%u used_up=%lu "
			           "woken_up=%lu too_often=%lu held=%lu over_ticks=%lu",
			           (unsigned)vm.budget_us, (unsigned)vm.period_us,
			           (unsigned)vm.worst_wait_us, (unsigned long)vm.used_up,
			           (unsigned long)vm.woken_up, (unsigned long)vm.too_often,
			           (unsigned long)vm.held_for_budget, (unsigned long)vm.most_over);
		if (vm.reinitialised > 0)
			log_format(" reinitialised=%lu", (unsigned long)vm.reinitialised);
		log_format("\n");
		log_format("exits vm=%s total=%lu", vm.name, (unsigned long)vm.exits_total);
		for (unsigned reason = 0; reason < VM_EXIT_COUNT; reason++)
			if (vm.exits[reason] > 0)
				log_format(" %s=%lu", vm_exit_name((enum vm_exit_reason)reason),
				           (unsigned long)vm.exits[reason]);
		log_format("\n");
	}
}

static void data_lines(void)
{
	struct line_report line;

	for (unsigned n = 0; n < LINES; n++) {
		vmm_line_report(n, &line);
		if (!line.owner && !line.exits && !line.held)
			continue;
		log_format("line irq=%u owner=%s exits=%lu held=%lu injected=%lu wakeups=%lu\n", n,
		           line.owner ? line.owner : "-", (unsigned long)line.exits,
		           (unsigned long)line.held, (unsigned long)line.injected,
		           (unsigned long)line.wakeups);
	}
}

static void data_stacks(void)
{
	struct stack_report stack;

	for (unsigned i = 0; vmm_stack_report(i, &stack); i++)
		log_format("stack stack=%s bytes=%lu deepest=%lu\n", stack.name,
		           (unsigned long)stack.bytes, (unsigned long)stack.deepest);
}

static void data_totals(void)
{
	struct vmm_totals t;

	vmm_totals(&t);
	log_format("totals nmis=%lu nmi_windows=%lu external_nmis=%lu", (unsigned long)t.nmis,
	           (unsigned long)t.nmi_windows, (unsigned long)t.external_nmis);
	log_format(" unattributed_nmis=%lu switches=%lu", (unsigned long)t.unattributed_nmis,
	           (unsigned long)t.switches);
	log_format(" ticks=%lu dropped=%lu\n", (unsigned long)t.ticks, (unsigned long)t.dropped);
}

void report_final(void)
{
	log_format("\n");
	report_vms();
	log_format("\n");
	report_budgets();
	report_results();
	log_format("\n");
	report_exits();
	log_format("\n");
	report_lines(true);
	log_format("\n");
	data_results();
	data_vms();
	data_lines();
	data_stacks();
	data_totals();
	report_times(true);
}
