/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The result of a run, on a single screen. See the header for the rule.
 *
 *   5 rows about the run and the machine | 1 | VMs: 1 + 6 | 1 | probes: 1 + 7
 */
#include "vmm/operator/summary.h"

#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "vmm/operator/report.h"
#include "vmm/operator/report_text.h"

enum { VM_ROWS = 6, PROBE_ROWS = 7, WORD_BYTES = sizeof(((struct sb_result *)0)->probe) + 1 };
_Static_assert(5 + 1 + 1 + VM_ROWS + 1 + 1 + PROBE_ROWS <= SUMMARY_ROWS, "the summary fits");

/* Returns the number of elements with a row of their own. The last row counts the rest. */
static unsigned shown(unsigned count, unsigned rows)
{
	return count <= rows ? count : rows - 1;
}

static void say_rest(unsigned count, unsigned rows, const char *what)
{
	if (count > rows)
		log_format("  and %u more %s; the pages before have them\n",
		           count - shown(count, rows), what);
}

static void print_head(const struct summary *s)
{
	struct vmm_totals totals;

	vmm_totals(&totals);
	log_format("%.60s: %s\n", s->version,
	           s->status == 0 ? "all went well" : "NOT ALL WENT WELL");
	log_format("  processor       %.60s\n", s->processor);
	log_format("  virtualisation  %.60s\n", s->virtualisation);
	log_format("  chipset         %.60s\n", s->chipset);
	log_format("  time            %lu ms", (unsigned long)(tsc_to_us(totals.ticks) / 1000));
	if (s->refused > 0)
		log_format("; %u module%s did not start", s->refused, s->refused > 1 ? "s" : "");
	log_format("\n\n");
}

static void print_vms(void)
{
	struct vm_report vm;
	unsigned count = vmm_vm_count();

	log_format("  vm               state        status    ran ms       exits\n");
	for (unsigned i = 0; i < shown(count, VM_ROWS); i++) {
		vmm_vm_report(i, &vm);
		log_format("  %-15s  %-10s", vm.name, vm.state);
		if (vm.done)
			log_format(" %8d", vm.exit_status);
		else
			log_format(" %8s", "-");
		log_format("  %8lu  %10lu\n", (unsigned long)(tsc_to_us(vm.run_ticks) / 1000),
		           (unsigned long)vm.exits_total);
	}
	say_rest(count, VM_ROWS, "VMs");
}

/* Returns a figure that fits its column: a larger figure becomes the largest that fits. */
static unsigned long fitting(uint64_t figure)
{
	const uint64_t most = UINT64_C(9999999999);

	return (unsigned long)(figure < most ? figure : most);
}

static void print_probe(unsigned i)
{
	char probe[WORD_BYTES], unit[WORD_BYTES];
	const char *vm;
	const struct sb_result *r = vmm_result(i, &vm);

	guest_word(r->probe, sizeof(r->probe), probe, sizeof(probe));
	guest_word(r->unit, sizeof(r->unit), unit, sizeof(unit));
	log_format("  %-15s  %-12.12s  %-12.12s %8u", vm, probe, unit, (unsigned)r->n);
	if (r->n > 0)
		log_format(" %10lu %10lu\n", fitting(r->median), fitting(r->max));
	else
		log_format(" %10s %10s\n", "-", "-");
}

static void print_probes(void)
{
	unsigned count = vmm_result_count();

	if (count == 0) {
		log_format("  no guest has measured anything\n");
		return;
	}
	log_format(
		"  vm               probe         unit                n     median      worst\n");
	for (unsigned i = 0; i < shown(count, PROBE_ROWS); i++)
		print_probe(i);
	say_rest(count, PROBE_ROWS, "probes");
}

void summary_print(const struct summary *s)
{
	print_head(s);
	print_vms();
	log_format("\n");
	print_probes();
}
