/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The columns of the report of lines (`lines`, and the records `line` at the end) against a count
 * of the test's own.
 *
 * Rule: the test raises each line itself, and knows who runs, who is halted and whose priority is
 * higher. From that alone the test says each column, as vmm/operator/report.h describes the column.
 * The VMM's own counters are read through vmm_line_report() alone.
 */
#include "tests/unit/check.h"

#include "tests/unit/elf_image.h"
#include "tests/unit/sim_board.h"
#include "tests/unit/sim_flows.h"
#include "vmm/core/flows.h"
#include "vmm/core/sched.h"
#include "vmm/operator/report.h"

#include <string.h>

enum { VMS = 5, SEEDS = 200, STEPS = 300 };

/* The lines and the priority of each VM. Two have the same priority. */
static const struct {
	line_set lines;
	unsigned priority;
} given[VMS] = {
	{ LINE(0) | LINE(3), 2 },  { LINE(8) | LINE(15), 3 }, { LINE(5) | LINE(14), 2 },
	{ LINE(10) | LINE(1), 4 }, { LINE(12), 1 },
};

/* ---- The test's own count ---- */

static struct count {
	uint64_t nmis, held, wakeups;
	bool pending, told;
} counts[LINES];
static bool halted[VMS];
static int runs; /* the VM that has the processor; -1: the VMM */
static uint64_t seed;

static int owner_of(unsigned line)
{
	for (int vm = 0; vm < VMS; vm++)
		if (line_in(given[vm].lines, line))
			return vm;
	return -1;
}

/* A line's assertion ends the turn, or the sleep, of whoever has the processor: the VMM, a VM of a
 * lower priority, and any VM where the line's VM is halted (Figure 3, 314). */
static bool is_heard(int owner)
{
	return runs < 0 || halted[owner] || given[owner].priority > given[runs].priority;
}

/* The VMM has been told of a line of a VM's: each such assertion is held (316), and a VM of a
 * higher priority that is ready takes the turn. */
static void count_told(unsigned line)
{
	struct count *c = &counts[line];
	int owner = owner_of(line);

	c->told = true;
	c->held++;
	if (runs < 0) {
		halted[owner] = false;
		return;
	}
	c->nmis++;
	halted[owner] = false;
	if (given[owner].priority > given[runs].priority)
		c->wakeups++;
}

/* Lines that are pending, and that nobody was told of, speak as soon as they are unmasked. */
static void count_unmasked(void)
{
	for (unsigned line = 0; line < LINES; line++) {
		int owner = owner_of(line);

		if (counts[line].pending && !counts[line].told && owner != runs && is_heard(owner))
			count_told(line);
	}
}

static void count_turn(int vm)
{
	runs = vm;
	for (unsigned line = 0; line < LINES; line++)
		if (line_in(given[vm].lines, line)) /* routed to its controller */
			counts[line].pending = counts[line].told = false;
	count_unmasked();
}

static void count_edge(unsigned line)
{
	int owner = owner_of(line);

	if (line == FLOW_VMM_LINE) {
		counts[line].nmis++; /* served at once, and never held */
		return;
	}
	if (owner == runs)
		return; /* 304, 306: the controller's */
	counts[line].pending = true;
	if (!counts[line].told && is_heard(owner))
		count_told(line);
}

/* ---- The columns ---- */

static void expect_columns(const char *where)
{
	static const char *const names[VMS] = { "a", "b", "c", "d", "e" };

	for (unsigned line = 0; line < LINES; line++) {
		int owner = owner_of(line);
		struct count *c = &counts[line];
		struct line_report said;
		bool vmm = line == FLOW_VMM_LINE, mine = owner >= 0 && owner == runs;

		vmm_line_report(line, &said);
		if (vmm || owner < 0)
			assert_true(vmm ? strcmp(said.owner, "vmm") == 0 : said.owner == NULL);
		else
			assert_string_equal(said.owner, names[owner]);
		if (said.exits != c->nmis || said.held != c->held || said.wakeups != c->wakeups ||
		    said.pending != c->pending || said.to_controller != mine || said.injected != 0)
			fail_msg("seed %lu, %s, line %u: NMIs %lu (%lu), held %lu (%lu), wake-ups "
			         "%lu (%lu), pending %d (%d), controller %d (%d)",
			         (unsigned long)seed, where, line, (unsigned long)said.exits,
			         (unsigned long)c->nmis, (unsigned long)said.held,
			         (unsigned long)c->held, (unsigned long)said.wakeups,
			         (unsigned long)c->wakeups, said.pending, c->pending,
			         said.to_controller, mine);
		/* the mask is written at the entry; the running VM's lines are at its controller */
		if (runs >= 0 && !mine)
			assert_int_equal(said.masked, owner >= 0 && (c->told || !is_heard(owner)));
	}
}

/* ---- The VMM ---- */

static void begin(void)
{
	flow_power_on(NULL);
	memset(counts, 0, sizeof(counts));
	memset(halted, 0, sizeof(halted));
	flow_begin(0, 0);
	flow_claim();
	for (int vm = 0; vm < VMS; vm++)
		flow_add(given[vm].lines, given[vm].priority);
	for (int vm = 0; vm < VMS; vm++) { /* each guest opens its controller */
		assert_true(flow_turn(vms[vm]));
		flow_initialise(0x20);
		board.in_guest = false;
	}
	runs = VMS - 1;
	board.in_guest = true;
}

/* The VM goes on, whoever is ready: what is looked at is the count, not the choice. */
static void enter(int vm)
{
	board.in_guest = false;
	do
		processor.attention = false;
	while (!flow_turn(vms[vm]));
}

static void give_turn(int vm)
{
	if (halted[vm])
		return;
	count_turn(vm);
	enter(vm);
}

/* As take_lines() and work_in_background() in vmm/core/run.c. */
static void keep_processor(void)
{
	do {
		chipset_route(NULL);
		chipset_mask(0);
		dispatch_counted(NULL);
	} while (chipset_mask_due());
}

static void take_processor(void)
{
	board.in_guest = false;
	assert_int_equal(vm_put_away(true, 0), 0);
	runs = -1;
	count_unmasked();
	keep_processor();
}

static void raise(unsigned line)
{
	bool is_known = line == FLOW_VMM_LINE || owner_of(line) >= 0;

	if (!is_known)
		return;
	count_edge(line);
	board_pulse(line);
	if (runs < 0) {
		keep_processor();
	} else if (board.nmi_exit) {
		flow_exit_nmi();
		enter(runs);
	}
}

static void halt(void)
{
	/* a guest that has taken all that its controller has */
	if (runs < 0)
		return;
	(void)flow_take_all(0x20);
	halted[runs] = true;
	flow_halt();
	take_processor();
}

static void the_columns_of_lines_are_what_happened(void **state)
{
	uint64_t told = 0, woken = 0;

	(void)state;
	for (seed = 1; seed <= SEEDS; seed++) {
		uint64_t random = seed;

		begin();
		expect_columns("at the start");
		for (unsigned step = 0; step < STEPS; step++) {
			unsigned what = random_below(&random, 16);

			if (what < 10)
				raise(random_below(&random, LINES));
			else if (what < 13)
				give_turn((int)random_below(&random, VMS));
			else if (what == 13)
				take_processor();
			else if (what == 14)
				halt();
			expect_columns(what < 10    ? "an edge"
			               : what < 13  ? "a turn"
			               : what == 13 ? "the VMM's turn"
			                            : "a halt");
		}
		for (unsigned line = 0; line < LINES; line++) {
			told += counts[line].held;
			woken += counts[line].wakeups;
		}
	}
	/* the seeds reach what is counted */
	assert_true(told > 20u * SEEDS && woken > 5u * SEEDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_columns_of_lines_are_what_happened),
	};

	return cmocka_run_group_tests_name("inspect", tests, NULL, NULL);
}
