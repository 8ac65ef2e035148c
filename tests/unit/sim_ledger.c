/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The account. See the header for the rule.
 */
#include "tests/unit/sim_ledger.h"

#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/lines.h"
#include "chipset/chipset.h"
#include "tests/unit/sim_board.h"
#include "tests/unit/sim_internal.h"
#include "vmm/operator/report.h"

/* The processor's time beside a VM's guest: the VMM's instructions have no time here, but each
 * access of the VMM to a device has a moment. */
static struct {
	uint64_t exits[SIM_VMS][VM_EXIT_COUNT];
	uint64_t loaded[SIM_VMS], inside[SIM_VMS];
	uint64_t injected[LINES + 1];
	uint64_t nmi_exits, away;
} ledger;

void ledger_loaded(unsigned vm)
{
	ledger.loaded[vm]++;
}

void ledger_exited(unsigned vm, enum vm_exit_reason reason, bool by_nmi, uint64_t ticks)
{
	ledger.exits[vm][reason]++;
	ledger.inside[vm] += ticks;
	if (!sim_world.timer_by_nmi)
		ledger.nmi_exits += reason == VM_EXIT_NMI;
	else /* the handler has taken the NMI of the exit, and counts no end of a slice */
		ledger.nmi_exits -= by_nmi && reason == VM_EXIT_TIMER;
}

void ledger_injected(unsigned line)
{
	ledger.injected[line]++;
}

void ledger_away(uint64_t ticks)
{
	ledger.away += ticks;
}

static void compare(const char *of, unsigned number, const char *column, uint64_t said,
                    uint64_t seen)
{
	if (said != seen)
		sim_violation("%s %u: %s: the report says %lu, the machine has seen %lu", of,
		              number, column, (unsigned long)said, (unsigned long)seen);
}

/* Returns the VM's part of the time. */
static uint64_t check_vm(unsigned number)
{
	struct vm_report said;
	uint64_t total = 0;

	vmm_vm_report(number, &said);
	for (unsigned reason = 0; reason < VM_EXIT_COUNT; reason++) {
		compare("vm", number, vm_exit_name(reason), said.exits[reason],
		        ledger.exits[number][reason]);
		total += reason == VM_EXIT_ABORTED ? 0 : ledger.exits[number][reason];
	}
	compare("vm", number, "exits", said.exits_total, total);
	compare("vm", number, "switches", said.switches_in, ledger.loaded[number]);
	if (said.run_ticks < ledger.inside[number])
		sim_violation("vm %u: ran %lu by the report, and its guest alone had %lu", number,
		              (unsigned long)said.run_ticks, (unsigned long)ledger.inside[number]);
	return said.run_ticks;
}

/* Returns how often the line was held. */
static uint64_t check_line(unsigned number, bool known)
{
	struct line_report said;

	vmm_line_report(number, &said);
	if (known)
		compare("line", number, "injected", said.injected, ledger.injected[number]);
	return said.held;
}

void ledger_check(void)
{
	struct vmm_totals said;
	uint64_t run = 0, held = 0, loaded = 0;

	for (unsigned i = 0; i < sim_vms; i++) {
		run += check_vm(i);
		loaded += ledger.loaded[i];
	}
	/* A hostile guest gives its lines any vectors. */
	for (unsigned line = 0; line < LINES; line++)
		held += check_line(line, ledger.injected[LINES] == 0);
	vmm_totals(&said);
	compare("totals", 0, "switches", said.switches, loaded);
	compare("totals", 0, "held", said.held, held);
	uint64_t nmis = board.handled + ledger.nmi_exits - nmi_count;

	/* On soft the output of the block in software counts as well. */
	compare("totals", 0, "NMIs",
	        chipset->intercepts_interrupts && said.nmis > nmis ? nmis : said.nmis, nmis);
	if (run + ledger.away > said.ticks)
		sim_violation("the VMs ran %lu by the report, nobody %lu, of %lu",
		              (unsigned long)run, (unsigned long)ledger.away,
		              (unsigned long)said.ticks);
}
