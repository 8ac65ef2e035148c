/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block driven by the VMM's flows, path by path: wiring, status, external signal, held
 * lines, priorities and banks.
 *
 * Rule: each test plays one path from power-on; what happens at random moments is
 * test_run_irqmux.c's.
 */
#include "tests/unit/sim_flows.h"

#include "arch/x86/cpu/nmi.h"
#include "chipset/block/window.h"
#include "tests/unit/sim_board.h"
#include "tests/unit/sim_window.h"
#include "vmm/core/flows.h"
#include "vmm/core/lines.h"
#include "vmm/core/sched.h"

enum { A_BASE = 0x20, B_BASE = 0x30 };
enum { A_LINES = LINE(0) | LINE(3), B_LINES = LINE(8) | LINE(15) };

static struct vm *a, *b;

/* Two VMs, both initialised and all open; a runs. */
static void two(unsigned banks, unsigned a_priority)
{
	flow_begin(banks, 0);
	flow_claim();
	a = flow_add(A_LINES, a_priority);
	b = flow_add(B_LINES, 1);
	assert_true(flow_turn(b));
	flow_initialise(B_BASE);
	assert_true(flow_turn(a));
	flow_initialise(A_BASE);
}

static struct block *block(void)
{
	return &sim_window.block;
}

/* ---- R02, R03, R04: where lines go ---- */

static void R02_each_line_goes_to_the_controller_or_to_the_block(void **state)
{
	(void)state;
	two(0, 1);
	assert_int_equal(block()->route, A_LINES);
	board_set_line(3, true);
	assert_int_equal(flow_take(A_BASE), 3);
	board_set_line(8, true);
	assert_int_equal(flow_take(A_BASE), -1);
	assert_int_equal(chipset->block.asserted(), LINE(8));
	assert_int_equal(board.nmis, 0); /* held pending: nobody needs to know now */
	assert_true(flow_turn(b));
	assert_int_equal(block()->route, B_LINES);
	assert_int_equal(flow_take(B_BASE), 8);
}

static void R03_irq0_enters_input_1_and_irq1_input_0(void **state)
{
	(void)state;
	flow_begin(0, 0);
	a = flow_add_wired(A_LINES | LINE(1), 1, 0xfedcba9876543201ull, LINE_INPUTS_OWN);
	assert_true(flow_turn(a));
	flow_initialise(A_BASE);
	board_pulse(0);
	assert_int_equal(flow_take_all(A_BASE), LINE(1));
	board_pulse(1);
	assert_int_equal(flow_take_all(A_BASE), LINE(0));
	board_pulse(3);
	assert_int_equal(flow_take_all(A_BASE), LINE(3));
}

static void R03_what_is_held_arrives_at_the_input_that_the_line_enters(void **state)
{
	(void)state;
	flow_begin(0, 0);
	a = flow_add_wired(LINE(0) | LINE(9), 1, 0xfedcba9876543210ull ^ 9ull ^ 9ull << 36,
	                   LINE_INPUTS_OWN);
	b = flow_add(B_LINES, 1);
	assert_true(flow_turn(a));
	flow_initialise(A_BASE);
	assert_true(flow_turn(b));
	board_pulse(0);
	assert_true(flow_turn(a));
	assert_int_equal(flow_take_all(A_BASE), LINE(9));
	/* The mask that counts is the input's. */
	flow_out(0x21, LINE(0));
	assert_int_equal(chipset->controller.deliverable(&a->controller, LINE(9)), 0);
	assert_int_equal(chipset->controller.deliverable(&a->controller, LINE(0)), LINE(0));
}

/* Whether a handler is at work is told while its VM runs, and when another VM has the bank. */
static void handler_at_work(unsigned banks)
{
	two(banks, 1);
	assert_false(chipset->controller.in_service(&a->controller));
	board_pulse(3);
	assert_false(chipset->controller.in_service(&a->controller));
	assert_int_equal(board.controller->acknowledge(), A_BASE + 3);
	assert_true(chipset->controller.in_service(&a->controller));
	assert_true(flow_turn(b));
	assert_true(chipset->controller.in_service(&a->controller));
	assert_true(flow_turn(a));
	flow_out(0x20, 0x20);
	assert_false(chipset->controller.in_service(&a->controller));
}

static void R13_a_handler_at_work_is_told(void **state)
{
	(void)state;
	handler_at_work(0);
}

static void R13_a_handler_at_work_is_told_where_banks_are_shared(void **state)
{
	(void)state;
	handler_at_work(1);
}

/* A line that the firmware made level is that at whichever input it enters, and a line of edges is
 * not made level by where it goes. */
static void R03_edge_and_level_go_with_the_line(void **state)
{
	(void)state;
	flow_begin(0, LINE(9) | LINE(11));
	a = flow_add_wired(LINE(0) | LINE(9), 1, 0xfedcba9876543210ull ^ 9ull ^ (9ull ^ 5ull) << 36,
	                   LINE_INPUTS_OWN);
	assert_true(flow_turn(a));
	assert_int_equal(flow_in(PORT_ELCR1), LINE(5));
	assert_int_equal(flow_in(PORT_ELCR2), LINE(11) >> 8);
}

static void R04_a_line_enters_another_input_of_the_block(void **state)
{
	(void)state;
	flow_begin(0, 0);
	flow_claim();
	a = flow_add_wired(A_LINES, 2, LINE_INPUTS_OWN, LINE_INPUTS_OWN ^ (3ull ^ 7ull) << 12);
	b = flow_add(B_LINES, 1);
	assert_true(flow_turn(b));
	assert_int_equal(block()->mask, (uint16_t) ~(LINE(0) | LINE(7) | LINE(FLOW_VMM_LINE)));
	board_set_line(3, true);
	assert_int_equal(block_status(block()), LINE(7));
	flow_exit_nmi();
	assert_int_equal(line_table[3].exits, 1);
	assert_true(processor.attention);
	assert_true(flow_turn(a));
	assert_int_equal(block_status(block()), 0);
}

static void R04_two_lines_of_a_vm_enter_one_input_of_the_block(void **state)
{
	(void)state;
	flow_begin(0, 0);
	a = flow_add_wired(A_LINES, 2, LINE_INPUTS_OWN,
	                   LINE_INPUTS_OWN ^ (3ull ^ 7ull) << 12 ^ 7ull);
	b = flow_add(B_LINES, 1);
	assert_true(flow_turn(a));
	flow_initialise(A_BASE);
	flow_out(0x21, LINE(0));
	flow_halt();
	assert_true(flow_turn(b));
	/* a has it masked: nobody wakes, but the next edge at the input must be heard */
	board_set_line(0, true);
	flow_exit_nmi();
	assert_int_equal(a->state, VM_READY); /* it might have been line 3 */
	assert_true(flow_turn(a));
	flow_out(0x21, 0);
	assert_int_equal(flow_take_all(A_BASE), LINE(0));
	assert_true(flow_turn(b));
	board_set_line(3, true);
	flow_exit_nmi();
	assert_true(processor.attention);
	assert_true(flow_turn(a));
	assert_int_equal(flow_take_all(A_BASE), LINE(3));
}

/* ---- R05, R06: mask, status, the external signal ---- */

static void R05_the_mask_opens_what_may_end_the_turn(void **state)
{
	(void)state;
	two(0, 2);
	assert_true(flow_turn(b));
	assert_int_equal(block()->mask, (uint16_t) ~(A_LINES | LINE(FLOW_VMM_LINE)));
	assert_int_equal(block()->share, 0);
	board_set_line(5, true); /* nobody's */
	assert_int_equal(block_status(block()), LINE(5));
	assert_int_equal(chipset->block.asserted(), 0);
	assert_int_equal(board.nmis, 0);
	board_set_line(3, true);
	assert_int_equal(board.nmis, 1);
	flow_exit_nmi();
	assert_true(flow_turn(b)); /* the test insists: a, which is above, is made to wait */
	assert_int_equal(block()->mask, (uint16_t) ~(LINE(0) | LINE(FLOW_VMM_LINE)));
}

static void R06_the_external_signal_is_told(void **state)
{
	(void)state;
	two(0, 1);
	board_external_nmi();
	flow_exit_nmi();
	assert_int_equal(dispatch_counters.external, 1);
	assert_true(flow_enter());
	board.in_guest = false;
	chipset->block.raise_external(); /* the console's command */
	assert_true(flow_enter());
	assert_int_equal(dispatch_counters.external, 2);
	assert_false(block()->external);
}

static void R06_the_external_signal_and_a_line_at_once_are_both_told(void **state)
{
	(void)state;
	two(0, 2);
	assert_true(flow_turn(b));
	board_set_line(3, true);
	board_external_nmi(); /* merged with the line's: one NMI exit */
	flow_exit_nmi();
	assert_int_equal(dispatch_counters.external, 1);
	assert_int_equal(line_table[3].exits, 1);
	assert_true(processor.attention);
	assert_true(flow_turn(a));
	assert_int_equal(dispatch_counters.external, 1);
	assert_int_equal(flow_take_all(A_BASE), LINE(3));
}

/* Each of a direct NMI, and of a line's, in the guest and in the VMM: what the block has not raised
 * is told, and nothing else is. */
static void R06_an_nmi_that_the_block_did_not_raise_is_external(void **state)
{
	(void)state;
	two(0, 2);
	assert_true(flow_turn(b));
	sim_window_direct_nmi();
	flow_exit_nmi();
	assert_int_equal(dispatch_counters.external, 1);
	assert_true(flow_enter());
	board_set_line(0, true);
	flow_exit_nmi();
	assert_true(flow_turn(a));
	assert_int_equal(flow_take_all(A_BASE), LINE(0));
	assert_int_equal(dispatch_counters.external, 1);
	board.in_guest = false;
	sim_window_direct_nmi();
	assert_true(flow_enter());
	assert_int_equal(dispatch_counters.external, 2);
}

/* Two pulses that reached the processor as one NMI explain no later one. */
static void R06_merged_pulses_explain_no_later_nmi(void **state)
{
	(void)state;
	two(0, 2);
	assert_true(flow_turn(b));
	board_set_line(0, true);
	board_set_line(3, true);
	block()->pulses++; /* as if both had pulsed: the second found the output high */
	flow_exit_nmi();
	assert_true(flow_turn(a));
	assert_int_equal(flow_take_all(A_BASE), A_LINES);
	assert_int_equal(dispatch_counters.external, 0);
	sim_window_direct_nmi();
	flow_exit_nmi();
	assert_int_equal(dispatch_counters.external, 1);
}

static void signal_twice(void)
{
	board_external_nmi();
	board_external_nmi();
}

/* The signal comes again while the dispatcher looks: its NMIs are counted, and explained when they
 * are dispatched. */
static void R06_signals_that_come_during_the_look_are_told_once(void **state)
{
	(void)state;
	two(0, 1);
	board_external_nmi();
	flow_at_access(2, signal_twice); /* between the short look and the long one */
	flow_exit_nmi();
	assert_int_equal(nmi_count, 2);
	assert_true(flow_enter());
	assert_int_equal(dispatch_counters.external, 1); /* one status bit: the three are one */
}

/* The handler of a line and a direct NMI at the same moment: two NMIs, one pulse. */
static void R06_a_direct_nmi_beside_a_line_is_told(void **state)
{
	(void)state;
	two(0, 2);
	assert_true(flow_turn(b));
	board.in_guest = false;
	board_set_line(3, true);
	sim_window_direct_nmi();
	assert_int_equal(nmi_count, 2);
	assert_false(flow_enter());
	assert_int_equal(dispatch_counters.external, 1);
	assert_int_equal(line_table[3].exits, 1);
}

/* ---- R08, R13, R14 ---- */

static void R08_a_held_line_is_delivered_once_at_its_vm_s_turn(void **state)
{
	(void)state;
	two(0, 1);
	board_pulse(8);
	board_pulse(8);
	board_set_line(15, true);
	assert_int_equal(board.nmis, 0);
	assert_true(flow_turn(b));
	assert_int_equal(flow_take_all(B_BASE), LINE(8) | LINE(15));
	assert_true(flow_turn(a));
	assert_true(flow_turn(b));
	assert_int_equal(flow_take_all(B_BASE), 0);
}

/* The line fell again before its VM ran: held all the same. */
static void R08_a_held_line_may_fall(void **state)
{
	(void)state;
	two(1, 1);
	board_pulse(8);
	board_set_line(8, false);
	assert_true(flow_turn(b));
	assert_int_equal(flow_take_all(B_BASE), LINE(8));
}

static void R13_a_line_of_a_higher_vm_ends_the_turn(void **state)
{
	(void)state;
	two(0, 2);
	board_set_line(8, true); /* below: waits */
	assert_int_equal(board.nmis, 0);
	flow_halt();
	assert_true(flow_turn(b));
	assert_int_equal(flow_take_all(B_BASE), LINE(8));
	board_set_line(3, true); /* above, and halted */
	assert_int_equal(board.nmis, 1);
	flow_exit_nmi();
	assert_int_equal(a->state, VM_READY);
	assert_true(processor.attention);
	assert_ptr_equal(sched_pick(), a);
	assert_true(flow_turn(a));
	assert_int_equal(flow_take_all(A_BASE), LINE(3));
	assert_int_equal(line_table[3].exits, 1);
}

/* What its controller masks does not wake a VM; and it is told once. */
static void R13_what_a_guest_masks_does_not_wake_it(void **state)
{
	(void)state;
	two(0, 2);
	flow_out(0x21, LINE(3));
	flow_halt();
	assert_true(flow_turn(b));
	board_set_line(3, true);
	flow_exit_nmi();
	assert_int_equal(a->state, VM_HALTED);
	assert_true(flow_enter());
	board_set_line(3, false);
	board_set_line(3, true);
	assert_int_equal(board.nmis, 1);
	board_set_line(0, true);
	flow_exit_nmi();
	assert_int_equal(a->state, VM_READY);
}

static void assert_anew(void)
{
	board_pulse(FLOW_VMM_LINE);
	flow_on_serve = NULL;
}

static void R14_the_vmm_s_line_is_acknowledged_and_then_served(void **state)
{
	(void)state;
	two(0, 1);
	flow_on_serve = assert_anew; /* while it is served: acknowledged before, so heard */
	board_set_line(FLOW_VMM_LINE, true);
	flow_exit_nmi();
	assert_true(flow_enter());
	assert_int_equal(flow_served, 2);
	assert_int_equal(chipset->block.asserted(), 0);
	board_pulse(FLOW_VMM_LINE); /* not masked meanwhile */
	flow_exit_nmi();
	assert_int_equal(flow_served, 3);
	assert_int_equal(flow_take_all(A_BASE), 0);
}

/* ---- R16, R17 ---- */

static void restart(unsigned banks)
{
	two(banks, 1);
	assert_true(flow_turn(b));
	flow_out(0xa1, LINE(0));
	board_set_line(15, true);
	assert_true(block_intr(block()));
	/* as vm_start() does with the VM that runs */
	assert_int_equal(chipset->controller.save(&b->controller, true), 0);
	processor.vm = NULL;
	chipset->controller.reset(&b->controller, B_LINES, 0);
	assert_true(flow_turn(a));
	assert_true(flow_turn(b));
	assert_int_equal(flow_in(0x21), 0xff); /* never initialised */
	assert_int_equal(flow_in(0xa1), 0xff);
	assert_false(block_intr(block()));
	flow_initialise(B_BASE);
	board_pulse(15);
	assert_int_equal(flow_take_all(B_BASE), LINE(15));
	assert_true(flow_turn(a));
	assert_int_equal(flow_in(0x21), 0);
	board_set_line(0, true);
	assert_int_equal(flow_take_all(A_BASE), LINE(0));
}

static void R16_a_restarted_vm_finds_its_bank_new(void **state)
{
	(void)state;
	restart(0);
}

static void R16_a_restarted_vm_finds_a_common_bank_new(void **state)
{
	(void)state;
	restart(1);
}

static void R16_each_vm_has_a_bank_of_its_own(void **state)
{
	(void)state;
	two(0, 1);
	assert_int_equal(a->controller.window.bank, 0);
	assert_int_equal(b->controller.window.bank, 1);
	uint64_t before = pair_word(&block()->bank[0], 0);
	assert_true(flow_turn(b));
	assert_int_equal(block()->connected, 1);
	flow_out(0x21, 0x5a);
	assert_true(pair_word(&block()->bank[0], 0) == before);
}

static void R16_four_vms_take_turns_on_three_banks(void **state)
{
	struct vm *vm[4];

	(void)state;
	flow_begin(3, 0);
	for (unsigned i = 0; i < 4; i++)
		vm[i] = flow_add(LINE(5 + i), 1);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(flow_turn(vm[i]));
		flow_initialise((uint8_t)(0x20 + 0x10 * i));
		flow_out(0xa1, (uint8_t)(i << 4));
	}
	assert_int_equal(vm[3]->controller.window.bank, 0);
	for (unsigned turn = 0; turn < 8; turn++) {
		unsigned i = turn * 3 % 4;

		board_pulse(5 + i);
		assert_true(flow_turn(vm[i]));
		assert_int_equal(flow_in(0xa1), i << 4);
		assert_int_equal(flow_take_all((uint8_t)(0x20 + 0x10 * i)), LINE(5 + i));
	}
}

static void R17_routes_change_at_the_exit(void **state)
{
	(void)state;
	two(0, 2);
	vm_leave();
	board.in_guest = false;
	assert_int_equal(block()->route, 0);
	board_set_line(3, true);
	assert_int_equal(chipset->block.asserted(), LINE(3));
	assert_true(flow_enter());
	assert_int_equal(block()->route, A_LINES);
	assert_int_equal(flow_take_all(A_BASE), LINE(3));
	vm_leave();
	assert_true(flow_turn(b)); /* and a switch from there */
	assert_true(flow_turn(a));
	board_pulse(0);
	assert_int_equal(flow_take_all(A_BASE), LINE(0));
}

/* Everybody has stopped: the last one's state is still in the bank, and nobody saves it. */
static void R16_a_vm_finds_its_state_after_everybody_stopped(void **state)
{
	(void)state;
	two(1, 1);
	sched_set_state(a, VM_STOPPED);
	chipset_route(NULL); /* as idle() in vmm/core/run.c */
	chipset_mask((line_set)~line_vmm);
	processor.vm = NULL;
	board.in_guest = false;
	board_pulse(8);
	assert_int_equal(board.nmis, 0);
	assert_true(flow_turn(b));
	assert_int_equal(flow_take_all(B_BASE), LINE(8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, flow_power_on)
		CASE(R02_each_line_goes_to_the_controller_or_to_the_block),
		CASE(R03_irq0_enters_input_1_and_irq1_input_0),
		CASE(R03_what_is_held_arrives_at_the_input_that_the_line_enters),
		CASE(R13_a_handler_at_work_is_told),
		CASE(R13_a_handler_at_work_is_told_where_banks_are_shared),
		CASE(R03_edge_and_level_go_with_the_line),
		CASE(R04_a_line_enters_another_input_of_the_block),
		CASE(R04_two_lines_of_a_vm_enter_one_input_of_the_block),
		CASE(R05_the_mask_opens_what_may_end_the_turn),
		CASE(R06_the_external_signal_is_told),
		CASE(R06_the_external_signal_and_a_line_at_once_are_both_told),
		CASE(R06_an_nmi_that_the_block_did_not_raise_is_external),
		CASE(R06_merged_pulses_explain_no_later_nmi),
		CASE(R06_signals_that_come_during_the_look_are_told_once),
		CASE(R06_a_direct_nmi_beside_a_line_is_told),
		CASE(R08_a_held_line_is_delivered_once_at_its_vm_s_turn),
		CASE(R08_a_held_line_may_fall),
		CASE(R13_a_line_of_a_higher_vm_ends_the_turn),
		CASE(R13_what_a_guest_masks_does_not_wake_it),
		CASE(R14_the_vmm_s_line_is_acknowledged_and_then_served),
		CASE(R16_each_vm_has_a_bank_of_its_own),
		CASE(R16_four_vms_take_turns_on_three_banks),
		CASE(R16_a_restarted_vm_finds_its_bank_new),
		CASE(R16_a_restarted_vm_finds_a_common_bank_new),
		CASE(R16_a_vm_finds_its_state_after_everybody_stopped),
		CASE(R17_routes_change_at_the_exit),
	};

	return cmocka_run_group_tests_name("driver", tests, NULL, NULL);
}
