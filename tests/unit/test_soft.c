/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block in the VMM's memory, step by step: physical interrupts come where the VMM takes
 * them, requests go by injection.
 *
 * Rule: each test begins at power-on and plays one path; what happens at random moments is
 * test_run_soft.c's.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/interrupts.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/virt.h"
#include "chipset/window/driver.h"
#include "chipset/window/soft.h"
#include "tests/unit/sim8259.h"
#include "tests/unit/sim_board.h"
#include "tests/unit/sim_interrupts.h"

#include <errno.h>

enum { A_LINES = LINE(0) | LINE(3) | LINE(5), B_LINES = LINE(8) | LINE(15) };

static struct controller a, b;
static line_set unmasked; /* what ends a turn */
uint64_t fake_tsc;
static bool processor_can = true; /* let interrupts exit */

bool virt_can_exit_on_interrupt(void)
{
	return processor_can;
}

/* What vm_invoke() does before an entry; the vector that it injects, or -1. */
static int enter(struct controller *c)
{
	chipset_route(c);
	assert_true(chipset_mask_due()); /* the last look at the processor is always due */
	chipset_mask((line_set)~unmasked);
	int vector = c->changed ? chipset->controller.pending_vector(c) : -1;
	c->changed = false;
	return vector;
}

/* The guest takes it: whose line it was. */
static unsigned take(struct controller *c)
{
	return chipset->controller.injected(c);
}

static void write(struct controller *c, uint16_t port, uint8_t value)
{
	assert_int_equal(chipset->controller.port_write(c, port, value), 0);
}

static uint8_t read(struct controller *c, uint16_t port)
{
	uint8_t value = 0xee;

	assert_int_equal(chipset->controller.port_read(c, port, &value), 0);
	return value;
}

static void initialise(struct controller *c, uint8_t base)
{
	(void)enter(c);
	for (unsigned chip = 0; chip < 2; chip++) {
		uint16_t port = chip ? 0xa0 : 0x20;

		write(c, port, 0x11);
		write(c, port + 1, base + 8 * chip);
		write(c, port + 1, chip ? 2 : 4);
		write(c, port + 1, 1);
		write(c, port + 1, 0);
	}
}

static void power_on(line_set level)
{
	board_reset();
	sim_interrupts_attach();
	sim_pic_write(PORT_ELCR1, (uint8_t)level);
	sim_pic_write(PORT_ELCR2, (uint8_t)(level >> 8));
	unmasked = 0;
	assert_int_equal(chipset_init("soft", 0), 0);
	chipset->controller.reset(&a, A_LINES, 0);
	chipset->controller.reset(&b, B_LINES, 0);
	chipset->block.claim(A_LINES, false);
	chipset->block.claim(B_LINES, false);
	initialise(&b, 0x30);
	initialise(&a, 0x20);
	assert_int_equal(enter(&a), -1);
}

/* Two VMs, both initialised and all open; a runs. */
static int begin(void **state)
{
	(void)state;
	power_on(0);
	return 0;
}

/* What is left must not reach the next test: the driver has state of its own. */
static int end(void **state)
{
	(void)state;
	chipset_route(NULL);
	chipset->block.acknowledge(0xffff);
	(void)chipset->block.read_status(nmi_take());
	chipset_mask(0xffff);
	chipset->block.acknowledge(0xffff);
	assert_int_equal(soft_block.latch, 0);
	return 0;
}

static void switch_to(struct controller *from, struct controller *to)
{
	assert_int_equal(chipset->controller.save(from, false), 0);
	chipset->controller.restore(to);
}

static void R09_an_own_line_is_injected_and_in_service_until_the_eoi(void **state)
{
	(void)state;
	board_set_line(3, true);
	assert_int_equal(chipset->interrupted(), 0); /* no NMI */
	assert_int_equal(enter(&a), 0x23);
	assert_int_equal(enter(&a), -1); /* nothing has changed */
	a.changed = true;
	assert_int_equal(enter(&a), 0x23); /* asking takes nothing */
	assert_int_equal(take(&a), 3);
	assert_int_equal(chipset->controller.pending_vector(&a), -1);
	write(&a, 0x20, 0x0b);
	assert_int_equal(read(&a, 0x20), LINE(3));
	write(&a, 0x20, 0x20);
	assert_int_equal(read(&a, 0x20), 0);
	assert_int_equal(enter(&a), -1);
	assert_int_equal(sim_pic.chip[SIM_MASTER].isr, 0); /* ended in the real pair as well */
}

static void R09_a_slave_s_line_is_ended_in_both_real_chips(void **state)
{
	(void)state;
	switch_to(&a, &b);
	board_set_line(15, true);
	assert_int_equal(enter(&b), 0x3f);
	assert_int_equal(take(&b), 15);
	assert_int_equal(sim_pic.chip[SIM_MASTER].isr | sim_pic.chip[SIM_SLAVE].isr, 0);
}

static void R12_an_edge_before_the_entry_is_in_the_entry(void **state)
{
	(void)state;
	board_set_line(3, true);
	assert_int_equal(enter(&a), 0x23); /* no exit in between */
}

static void R08_each_edge_is_a_request_though_nobody_sees_the_line_fall(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		board_pulse(0);
		(void)chipset->interrupted();
		assert_int_equal(enter(&a), 0x20);
		assert_int_equal(take(&a), 0);
		write(&a, 0x20, 0x20);
		assert_int_equal(enter(&a), -1);
	}
}

static void R07_the_request_with_the_highest_priority_at_the_entry_counts(void **state)
{
	(void)state;
	board_set_line(3, true);
	assert_int_equal(enter(&a), 0x23); /* it could not take it just then */
	board_pulse(0);
	(void)chipset->interrupted();
	assert_int_equal(enter(&a), 0x20);
	assert_int_equal(take(&a), 0);
	assert_int_equal(chipset->controller.pending_vector(&a), -1); /* 3 waits for 0's end */
	write(&a, 0x20, 0x20);
	assert_int_equal(enter(&a), 0x23);
}

static void R07_a_request_that_the_guest_masks_is_taken_back(void **state)
{
	(void)state;
	board_set_line(3, true);
	assert_int_equal(enter(&a), 0x23);
	write(&a, 0x21, LINE(3));
	chipset_mask((line_set)~unmasked);
	assert_true(a.changed); /* it wanted a window, and does no longer */
	assert_int_equal(enter(&a), -1);
	write(&a, 0x21, 0);
	assert_int_equal(enter(&a), 0x23);
}

static void R07_a_poll_takes_what_is_at_the_processor(void **state)
{
	(void)state;
	write(&a, 0x20, 0x0c);
	board_set_line(5, true);
	assert_int_equal(read(&a, 0x20), 0x85);
	assert_int_equal(enter(&a), -1);
	write(&a, 0x20, 0x0b);
	assert_int_equal(read(&a, 0x20), LINE(5));
}

static void R07_icw1_forgets_what_came_before_it(void **state)
{
	(void)state;
	board_set_line(5, true);
	write(&a, 0x20, 0x11);
	write(&a, 0x21, 0x20);
	write(&a, 0x21, 4);
	write(&a, 0x21, 1);
	assert_int_equal(enter(&a), -1);
	board_pulse(5);
	assert_int_equal(enter(&a), 0x25);
}

static void R05_R08_a_foreign_line_that_is_masked_raises_nothing_and_is_held(void **state)
{
	(void)state;
	board_pulse(15);
	assert_int_equal(chipset->interrupted(), 0);
	assert_int_equal(chipset->block.asserted(), LINE(15));
	assert_int_equal(chipset->controller.deliverable(&b, LINE(15)), LINE(15));
	assert_int_equal(enter(&a), -1);
	assert_int_equal(sim_pic.chip[SIM_SLAVE].irr, 0x80); /* where it costs nothing more */
	board_set_line(15, false);
	assert_int_equal(enter(&a), -1);
	assert_int_equal(soft_block.lines & LINE(15), 0); /* it can be seen to fall */
	assert_int_equal(chipset->block.asserted(), LINE(15));
	switch_to(&a, &b);
	assert_int_equal(enter(&b), 0x3f);
	assert_int_equal(take(&b), 15);
	assert_int_equal(chipset->block.asserted(), 0);
	assert_int_equal(chipset->controller.pending_vector(&b), -1); /* once */
}

static void R13_a_foreign_line_that_is_not_masked_counts_as_an_nmi(void **state)
{
	(void)state;
	unmasked = LINE(8);
	(void)enter(&a);
	board_set_line(8, true);
	assert_int_equal(chipset->interrupted(), 1);
	struct chipset_status s = chipset->block.read_status(nmi_take());

	assert_int_equal(s.fresh, LINE(8));
	assert_int_equal(s.external, 0);
	(void)enter(&a); /* silent now: masked until it is acknowledged or routed */
	board_pulse(8);
	assert_int_equal(chipset->interrupted(), 0);
}

static void R13_one_that_comes_right_before_the_entry_stops_it(void **state)
{
	(void)state;
	unmasked = LINE(8);
	board_set_line(8, true);
	(void)enter(&a);
	assert_int_equal(nmi_count, 1);
	assert_int_equal(chipset->block.read_status(nmi_take()).fresh, LINE(8));
}

static void R06_the_external_signal_is_told_from_lines(void **state)
{
	(void)state;
	board_external_nmi(); /* to the host's handler */
	assert_int_equal(nmi_count, 1);
	assert_int_equal(chipset->block.read_status(nmi_take()).external, EXTERNAL_UNEXPLAINED);
	assert_int_equal(chipset->block.read_status(0).external, 0); /* once */

	unmasked = LINE(8);
	(void)enter(&a);
	board_set_line(8, true);
	(void)chipset->interrupted();
	board_external_nmi();
	struct chipset_status s = chipset->block.read_status(nmi_take());

	assert_int_equal(s.fresh, LINE(8));
	assert_int_equal(s.external, EXTERNAL_UNEXPLAINED);
}

static void R06_an_nmi_exit_is_never_a_line_s(void **state)
{
	(void)state;
	unmasked = LINE(8);
	(void)enter(&a);
	assert_int_equal(chipset->block.identify_line(), -1);
	assert_int_equal(chipset->block.read_status(1).external, EXTERNAL_UNEXPLAINED);
}

static void R06_the_external_signal_can_be_raised(void **state)
{
	(void)state;
	chipset->block.raise_external();
	assert_int_equal(nmi_count, 1);
	assert_int_equal(chipset->block.read_status(nmi_take()).external, EXTERNAL_TOLD);
}

static void R07_a_request_that_was_gone_at_the_acknowledge_is_nobody_s(void **state)
{
	(void)state;
	sim_pic.chip[SIM_MASTER].isr = 0;
	assert_true(interrupt_hook(0x27));
	sim_pic.chip[SIM_MASTER].isr = LINE(
		LINE_CASCADE); /* the slave's: the master does not know that it was spurious */
	assert_true(interrupt_hook(0x2f));
	assert_int_equal(sim_pic.chip[SIM_MASTER].isr, 0);
	assert_int_equal(soft_block.lines & (LINE(7) | LINE(15)), 0);
	assert_int_equal(enter(&a), -1);
	assert_int_equal(soft_block.lines & (LINE(7) | LINE(15)), 0);
	assert_false(interrupt_hook(0x30));      /* not the pair's at all */
	assert_int_equal(sim_pic_read(0x20), 0); /* IRR is what is read */
}

static void R07_a_level_line_asks_as_long_as_it_is_high(void **state)
{
	(void)state;
	power_on(LINE(5));
	assert_int_equal(read(&a, PORT_ELCR1), LINE(5)); /* as the firmware left it */
	board_set_line(5, true);
	assert_int_equal(enter(&a), 0x25);
	(void)take(&a);
	uint64_t accesses = board.accesses;

	(void)chipset->interrupted();
	assert_true(board.accesses - accesses <
	            8); /* masked meanwhile: no storm at the processor */
	write(&a, 0x20, 0x20);
	assert_int_equal(enter(&a), 0x25); /* it is high still */
	board_set_line(5, false);
	assert_int_equal(enter(&a), -1);
	board_set_line(5, true);
	assert_int_equal(enter(&a), 0x25);
}

static void R08_a_level_line_that_is_foreign_is_held(void **state)
{
	(void)state;
	power_on(LINE(5));
	switch_to(&a, &b);
	(void)enter(&b);
	board_set_line(5, true);
	(void)chipset->interrupted();
	assert_int_equal(chipset->block.asserted(), LINE(5));
	chipset->block.acknowledge(LINE(5));
	assert_int_equal(chipset->block.asserted(), LINE(5)); /* not while it is high */
	switch_to(&b, &a);
	assert_int_equal(enter(&a), 0x25);
	board_set_line(5, false);
}

static void R07_a_guest_s_edge_level_registers_set_its_own_lines_only(void **state)
{
	(void)state;
	write(&a, PORT_ELCR1, LINE(3) | LINE(4));
	assert_int_equal(sim_pic_read(PORT_ELCR1), LINE(3)); /* line 4 is not its own */
	assert_int_equal(read(&a, PORT_ELCR1), LINE(3) | LINE(4));
	board_set_line(3, true);
	assert_int_equal(enter(&a), 0x23);
	(void)take(&a);
	write(&a, 0x20, 0x20);
	assert_int_equal(enter(&a), 0x23);
	write(&a, PORT_ELCR1, 0);
	assert_int_equal(sim_pic_read(PORT_ELCR1), 0);
	assert_int_equal(enter(&a), -1); /* the edge was taken */
	board_pulse(3);
	assert_int_equal(enter(&a), 0x23);
}

static void R07_a_line_that_is_high_already_becomes_a_level(void **state)
{
	(void)state;
	board_set_line(3, true);
	assert_int_equal(enter(&a), 0x23);
	(void)take(&a);
	write(&a, 0x20, 0x20);
	assert_int_equal(enter(&a), -1);
	write(&a, PORT_ELCR1, LINE(3));
	assert_int_equal(enter(&a), 0x23);
	board_set_line(3, false);
	assert_int_equal(enter(&a), -1);
	write(&a, PORT_ELCR1, 0);
}

static void R07_a_line_that_falls_while_its_vm_is_away_takes_its_edge_back(void **state)
{
	(void)state;
	board_set_line(3, true);
	assert_int_equal(enter(&a), 0x23); /* not now */
	switch_to(&a, &b);
	(void)enter(&b);
	board_set_line(3, false);
	switch_to(&b, &a);
	assert_int_equal(enter(&a), -1); /* as for a VM that is there */
	write(&a, PORT_ELCR1, LINE(3));
	assert_int_equal(enter(&a), -1);
	write(&a, PORT_ELCR1, 0);
}

static void R07_intr_without_a_request_is_let_go(void **state)
{
	(void)state;
	sim_pic.intr_stays = true;
	board_set_line(3, true);
	board_set_line(3, false); /* Bochs's INTR stands */
	assert_true(sim_pic_interrupt());
	(void)chipset->interrupted();
	assert_false(sim_pic_interrupt());
	assert_int_equal(enter(&a), -1);
	assert_int_equal(sim_pic.chip[SIM_MASTER].isr, 0);
	sim_pic.intr_stays = false;
}

static void R03_a_line_enters_another_input_of_the_controller(void **state)
{
	(void)state;
	chipset->mux.wire(0, 1, 0);
	board_set_line(0, true);
	assert_int_equal(enter(&a), 0x21);
	assert_int_equal(take(&a), 0); /* counted by its line */
	chipset->mux.wire(0, 0, 0);
}

static void R04_a_line_enters_another_input_of_the_block(void **state)
{
	(void)state;
	chipset->mux.wire(15, 15, 1);
	board_set_line(15, true);
	(void)chipset->interrupted();
	assert_int_equal(block_status(&soft_block), 1 << 1);
	assert_int_equal(chipset->block.asserted(), LINE(15));
	switch_to(&a, &b);
	assert_int_equal(enter(&b), 0x3f);
	chipset->mux.wire(15, 15, 15);
}

/* Everything a guest can read of its pair. */
static uint64_t transcript(struct controller *c)
{
	uint64_t said = 0;

	for (uint16_t chip = 0; chip < 2; chip++) {
		uint16_t port = chip ? 0xa0 : 0x20;
		write(c, port, 0x0a);
		said = said << 8 | read(c, port);
		write(c, port, 0x0b);
		said = said << 8 | read(c, port);
		said = said << 8 | read(c, port + 1);
	}
	return said;
}

static void R11_a_state_moves_whole_where_the_bank_is_shared(void **state)
{
	static struct controller c, d;

	(void)state;
	/* there are more, but this is all that is used */
	assert_int_equal(chipset->banks(1), BLOCK_BANKS);
	chipset->controller.reset(&c, LINE(6) | LINE(9), 0);
	chipset->controller.reset(&d, LINE(7), 0);
	chipset->block.claim(LINE(6) | LINE(9) | LINE(7), false);
	initialise(&d, 0x50);
	initialise(&c, 0x40);
	write(&c, 0x21, 0x80);
	board_set_line(9, true);
	assert_int_equal(enter(&c), 0x49);
	(void)take(&c);
	board_set_line(6, true); /* waits for the end of 9 */
	assert_int_equal(enter(&c), -1);
	uint64_t before = transcript(&c);

	switch_to(&c, &d);
	assert_int_equal(enter(&d), -1);
	write(&d, 0x21, 0x55);
	switch_to(&d, &c);
	assert_int_equal(enter(&c), -1);
	assert_int_equal(transcript(&c), before);
	write(&c, 0xa0, 0x20);
	write(&c, 0x20, 0x20);
	assert_int_equal(enter(&c), 0x46);
	(void)chipset->banks(0);
}

static void the_vmm_sleeps_until_something_is_at_the_processor(void **state)
{
	(void)state;
	chipset_route(NULL);
	chipset->halt(); /* nothing: the board wakes it */
	board_set_line(8, true);
	chipset->halt();
	assert_int_equal(chipset->block.asserted(), LINE(8));
	power_on(LINE(5));
	chipset_route(NULL);
	board_set_line(5, true);
	chipset->halt(); /* a level at the processor does not keep it there */
	assert_int_equal(chipset->block.asserted(), LINE(5));
	board_set_line(5, false);
	(void)chipset->interrupted();
}

static void it_probes_only_where_interrupts_come_by_an_8259_pair(void **state)
{
	(void)state;
	platform.has_8259 = false;
	assert_int_equal(chipset_soft.probe(), -ENODEV);
	platform.has_8259 = true;
	processor_can = false; /* and where it can be told to exit for them */
	assert_int_equal(chipset_soft.probe(), -ENODEV);
	processor_can = true;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
		CASE(R09_an_own_line_is_injected_and_in_service_until_the_eoi),
		CASE(R09_a_slave_s_line_is_ended_in_both_real_chips),
		CASE(R12_an_edge_before_the_entry_is_in_the_entry),
		CASE(R08_each_edge_is_a_request_though_nobody_sees_the_line_fall),
		CASE(R07_the_request_with_the_highest_priority_at_the_entry_counts),
		CASE(R07_a_request_that_the_guest_masks_is_taken_back),
		CASE(R07_a_poll_takes_what_is_at_the_processor),
		CASE(R07_icw1_forgets_what_came_before_it),
		CASE(R05_R08_a_foreign_line_that_is_masked_raises_nothing_and_is_held),
		CASE(R13_a_foreign_line_that_is_not_masked_counts_as_an_nmi),
		CASE(R13_one_that_comes_right_before_the_entry_stops_it),
		CASE(R06_the_external_signal_is_told_from_lines),
		CASE(R06_an_nmi_exit_is_never_a_line_s),
		CASE(R06_the_external_signal_can_be_raised),
		CASE(R07_a_request_that_was_gone_at_the_acknowledge_is_nobody_s),
		CASE(R07_a_level_line_asks_as_long_as_it_is_high),
		CASE(R08_a_level_line_that_is_foreign_is_held),
		CASE(R07_a_guest_s_edge_level_registers_set_its_own_lines_only),
		CASE(R07_a_line_that_is_high_already_becomes_a_level),
		CASE(R07_a_line_that_falls_while_its_vm_is_away_takes_its_edge_back),
		CASE(R07_intr_without_a_request_is_let_go),
		CASE(R03_a_line_enters_another_input_of_the_controller),
		CASE(R04_a_line_enters_another_input_of_the_block),
		CASE(R11_a_state_moves_whole_where_the_bank_is_shared),
		CASE(the_vmm_sleeps_until_something_is_at_the_processor),
		CASE(it_probes_only_where_interrupts_come_by_an_8259_pair),
	};

	return cmocka_run_group_tests_name("soft", tests, NULL, NULL);
}
