/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The moments of a halt, a switch and an entry, one by one: a line speaks before each single access
 * that the VMM makes, and reaches each VM that has it, halted or not.
 *
 * Rule: exactly once where the line is one VM's; where it is shared, every sharer at least once and
 * the same edge at most twice.
 */
#include "tests/unit/sim_flows.h"

#include "tests/unit/sim_board.h"
#include "tests/unit/sim_window.h"
#include "vmm/core/flows.h"
#include "vmm/core/sched.h"

enum { A, B, C, VMS, SUBJECT = 3, MOMENTS_MAX = 120, IDLE_STEPS = 4 * VMS };

static const unsigned own_line[VMS] = { 0, 8, 5 };

/* Who has the line, and how they live. */
static struct setting {
	unsigned owners; /* 1 << VM */
	unsigned busy;   /* 1 << VM: never halts */
	unsigned priority[VMS];
	unsigned banks;
	bool at_exit; /* R17 */
	bool falls;   /* the line is up for a moment only */
} setting;

static struct vm *vm[VMS];
static unsigned taken[VMS];
static bool spoken;
/* VMs whose 8259 had the line, and forgets an edge whose line falls, as any does */
static unsigned excused;

static uint8_t base(unsigned i)
{
	return (uint8_t)(0x20 + 0x10 * i);
}

static void speak(void)
{
	spoken = true;
	board_pulse(SUBJECT);
	if (!setting.falls)
		return;
	if (line_in(sim_window.block.route, SUBJECT))
		excused |= 1u << processor.vm->number;
	board_set_line(SUBJECT, false);
}

static void leave(const struct vm *running)
{
	if (running->at_exit & AT_EXIT_ROUTES)
		vm_leave();
}

/* The VM that was entered does what it has to; the steps that it took. */
static bool live(struct vm *running)
{
	unsigned i = running->number;
	line_set lines = flow_take_all(base(i));

	taken[i] += line_in(lines, SUBJECT);
	if (lines && running->state == VM_HALTED)
		sched_set_state(running, VM_READY); /* as note_activity() would find */
	if (board.nmi_exit) {
		leave(running);
		flow_exit_nmi();
		return true;
	}
	board.in_guest = false;
	leave(running);
	if (setting.busy >> i & 1) {
		sched_end_turn(running);
	} else if (running->state == VM_READY) {
		flow_halt();
		sched_end_turn(running);
	}
	return lines != 0;
}

static void until_quiet(void)
{
	for (unsigned idle = 0; idle < IDLE_STEPS;) {
		spoken = false;
		bool progress = live(flow_decide());

		idle = progress || spoken ? 0 : idle + 1;
	}
}

static void build(void)
{
	flow_begin(setting.banks, 0);
	for (unsigned i = 0; i < VMS; i++) {
		vm[i] = flow_add(LINE(own_line[i]) | (setting.owners >> i & 1 ? LINE(SUBJECT) : 0),
		                 setting.priority[i]);
		vm[i]->at_exit = setting.at_exit ? AT_EXIT_ROUTES : 0;
	}
	for (unsigned i = 0; i < VMS; i++) {
		(void)flow_turn(vm[i]);
		flow_initialise(base(i));
		board.in_guest = false;
	}
	until_quiet();
}

static void check(unsigned moment)
{
	unsigned must = setting.owners & ~excused;
	bool shared = setting.owners & (setting.owners - 1);

	for (unsigned i = 0; i < VMS; i++) {
		unsigned most = (setting.owners >> i & 1) + shared;

		if (taken[i] < (must >> i & 1) || taken[i] > most)
			fail_msg("moment %u, owners %x, busy %x, priorities %u %u %u, banks %u, "
			         "at exit %d, falls %d: "
			         "vm %u "
			         "took it %u times",
			         moment, setting.owners, setting.busy, setting.priority[A],
			         setting.priority[B], setting.priority[C], setting.banks,
			         setting.at_exit, setting.falls, i, taken[i]);
		taken[i] = 0;
	}
	excused = 0;
}

/* Everybody sleeps, and every device but one speaks: halts, wakes, switches and entries follow, and
 * the last device chooses its moment among them. */
static bool play(unsigned moment)
{
	(void)flow_decide();
	flow_at_access(moment, speak);
	for (unsigned i = 0; i < VMS; i++)
		board_pulse(own_line[i]);
	until_quiet();
	bool all = flow_happened();
	if (!all) {
		flow_at_access(0, NULL);
		speak(); /* later than all of it */
		until_quiet();
	}
	check(moment);
	return all;
}

static void play_setting(void)
{
	unsigned moment = 1;

	(void)flow_power_on(NULL);
	build();
	while (moment < MOMENTS_MAX && play(moment))
		moment++;
	assert_in_range(moment, VMS, MOMENTS_MAX - 1);
}

static void play_everything(unsigned owners_first, unsigned owners_last)
{
	static const unsigned priorities[][VMS] = {
		{ 1, 1, 1 }, { 2, 1, 1 }, { 1, 2, 1 }, { 1, 2, 3 }, { 3, 2, 1 }
	};

	for (unsigned owners = owners_first; owners <= owners_last; owners++)
		for (unsigned p = 0; p < sizeof(priorities) / sizeof(priorities[0]); p++)
			for (unsigned bits = 0; bits < 1 << 4; bits++) {
				bool b_is_busy = bits & 1;
				if (b_is_busy && priorities[p][B] > 1)
					continue; /* nobody below would ever run */
				setting = (struct setting){ .owners = owners,
					                    .busy = b_is_busy ? 1 << B : 0,
					                    .priority = { priorities[p][A],
					                                  priorities[p][B],
					                                  priorities[p][C] },
					                    .banks = bits & 2 ? 1 : 0,
					                    .at_exit = bits & 4,
					                    .falls = bits & 8 };
				play_setting();
			}
}

static void R08_no_moment_of_a_switch_loses_the_line_of_one_vm(void **state)
{
	(void)state;
	play_everything(1 << A, 1 << A);
	play_everything(1 << B, 1 << B);
	play_everything(1 << C, 1 << C);
}

static void R15_no_moment_of_a_switch_loses_a_line_of_two_vms(void **state)
{
	(void)state;
	play_everything(1 << A | 1 << B, 1 << A | 1 << B);
	play_everything(1 << A | 1 << C, 1 << B | 1 << C);
}

static void R15_no_moment_of_a_switch_loses_a_line_of_three_vms(void **state)
{
	(void)state;
	play_everything(1 << A | 1 << B | 1 << C, 1 << A | 1 << B | 1 << C);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R08_no_moment_of_a_switch_loses_the_line_of_one_vm),
		cmocka_unit_test(R15_no_moment_of_a_switch_loses_a_line_of_two_vms),
		cmocka_unit_test(R15_no_moment_of_a_switch_loses_a_line_of_three_vms),
	};

	return cmocka_run_group_tests_name("wakes", tests, NULL, NULL);
}
