/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block out of PC parts, where two things fall together: a second NMI behind a line, an
 * edge within an initialisation, an interrupt over one that is in service in software.
 *
 * Rule: each test begins at power-on, with the lines of test_pc.c.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/virt.h"
#include "chipset/chipset.h"
#include "tests/unit/sim8259.h"
#include "tests/unit/sim_board.h"

enum { A_LINES = LINE(0) | LINE(3), B_LINES = LINE(8) | LINE(15), VMM_LINE = 4 };
enum { PORT_61_SERR = 0x80 };

static struct controller a, b;
uint64_t fake_tsc;

static void write(uint16_t port, uint8_t value)
{
	assert_int_equal(chipset->controller.port_write(&a, port, value), 0);
}

/* Two VMs; a is initialised, and runs. */
static int begin(void **state)
{
	(void)state;
	board_reset();
	assert_int_equal(chipset_init("pc", 0), 0);
	chipset->controller.reset(&a, A_LINES, 0);
	chipset->controller.reset(&b, B_LINES, 0);
	chipset->block.claim(A_LINES, false);
	chipset->block.claim(B_LINES, false);
	chipset_route(&b); /* every pin is written */
	chipset_route(&a);
	write(0x20, 0x11);
	write(0x21, 0x20);
	write(0x21, 4);
	write(0x21, 1);
	write(0x21, 0xf6);
	chipset_mask(0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	board.nmi_status = 0;
	for (unsigned line = 0; line < LINES; line++)
		if (line != LINE_CASCADE)
			board_set_line(line, false);
	chipset->block.acknowledge(0xffff);
	chipset_route(NULL);
	(void)chipset->block.read_status(nmi_take());
	chipset->block.acknowledge(0xffff);
	return 0;
}

static void R06_two_edges_behind_one_look_are_one_lines(void **state)
{
	(void)state;
	board.in_guest = true;
	board_set_line(8, true);
	board.in_guest = board.nmi_exit = false;
	assert_int_equal(chipset->block.identify_line(), 8);
	chipset->block.echo(); /* a second NMI waited behind the exit */
	assert_false(chipset->block.read_status(1).external);
	assert_true(chipset->block.read_status(1).external);
}

static void R06_a_source_that_tells_by_port_61h_is_told_beside_a_line(void **state)
{
	(void)state;
	board_set_line(8, true);
	board_external_nmi();
	board.nmi_status |= PORT_61_SERR;
	struct chipset_status s = chipset->block.read_status(nmi_take());

	assert_int_equal(s.fresh, LINE(8));
	assert_int_equal(s.external, EXTERNAL_TOLD);
}

static void R19_an_edge_within_an_initialisation_is_not_lost(void **state)
{
	(void)state;
	write(0x20, 0x11);
	write(0x21, 0x40);
	board_set_line(3, true); /* latched by the chip, which the last ICW initialises once more */
	write(0x21, 4);
	write(0x21, 1);
	assert_int_equal(a.inject | sim_pic.chip[SIM_MASTER].irr, LINE(3));
	assert_int_equal(chipset->controller.pending_vector(&a), 0x43);
}

enum { UNDER_WAY = 2 };                /* accesses until an NMI has come from the I/O APIC */
static unsigned edge_after, nmi_after; /* so many accesses of the VMM from now on; 0: none */
static line_set rising;                /* then */
static uint64_t waits;                 /* ticks that the access takes then */

static void edge_between(void)
{
	if (nmi_after != 0 && --nmi_after == 0)
		board_unblock_nmi();
	if (edge_after == 0 || --edge_after != 0)
		return;
	board.nmi_blocked = true;
	nmi_after = UNDER_WAY;
	for (line_set lines = rising; lines; lines &= lines - 1)
		board_set_line(line_first(lines), true);
	fake_tsc += waits;
}

/* b's pair gets other vectors, so a switch to b programs the chips. */
static void initialise_b(void)
{
	chipset_route(&b);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(
			chipset->controller.port_write(&b, i ? 0x21 : 0x20,
		                                       (const uint8_t[]){ 0x11, 0x40, 4, 1 }[i]),
			0);
}

/* Switches from a to b. The lines rise at one access, with one NMI for all of them: a's wait in the
 * status register, b's reach b. Returns false where the switch has fewer accesses. */
static bool edges_come(line_set lines, unsigned at)
{
	rising = lines;
	board.between = edge_between;
	chipset_route(&a);
	chipset_mask(0);
	(void)chipset->block.read_status(nmi_take());
	edge_after = at;
	chipset_route(&b);
	board.between = NULL;
	bool came = edge_after == 0;
	edge_after = nmi_after = 0;
	if (!came)
		return false;
	board_unblock_nmi();
	(void)chipset->block.read_status(nmi_take());
	line_set in_chips = sim_pic.chip[SIM_MASTER].irr |
	                    (line_set)(sim_pic.chip[SIM_SLAVE].irr << 8);
	assert_int_equal(chipset->block.asserted() & lines & A_LINES, lines & A_LINES);
	assert_int_equal((b.inject | in_chips) & lines & B_LINES, lines & B_LINES);
	chipset->block.acknowledge(A_LINES);
	b.inject = 0;
	for (line_set rest = lines; rest; rest &= rest - 1)
		board_set_line(line_first(rest), false);
	return true;
}

/* At each access in turn. */
static void play_edges(line_set lines, uint64_t us)
{
	enum { ACCESSES_MOST = 100 };
	unsigned at = 1;
	waits = tsc_from_us(us);
	initialise_b();
	while (edges_come(lines, at))
		at++;
	assert_in_range(at, 20, ACCESSES_MOST);
}

static unsigned accesses, after_icw1; /* of a switch; the first one after the master's ICW1 */

static void find_icw1(void)
{
	accesses++;
	if (after_icw1 == 0 && sim_pic.chip[SIM_MASTER].expects != 0)
		after_icw1 = accesses;
}

static void R08_an_edge_at_any_access_of_a_switch_with_a_replay_is_not_lost(void **state)
{
	(void)state;
	play_edges(LINE(3), 0);
	play_edges(LINE(15), 0);
}

/* The NMI comes after ICW1, and the other chip's line explains the NMI. */
static void R08_an_edge_at_the_last_look_before_icw1_is_not_lost(void **state)
{
	enum { LOOK = 2 }; /* accesses: the look, ICW1 */
	(void)state;
	waits = 0;
	initialise_b();
	chipset_route(&a);
	accesses = after_icw1 = 0;
	board.between = find_icw1;
	chipset_route(&b);
	board.between = NULL;
	assert_in_range(after_icw1, LOOK + 1, accesses);
	assert_true(edges_come(LINE(3) | LINE(15), after_icw1 - LOOK));
}

/* As QEMU does, whose devices' thread raises all lines that are due while the processor waits at a
 * port: the NMI is explained by either line, and ICW1 may have dropped the other. */
static void R08_edges_of_both_chips_behind_one_nmi_are_not_lost_in_a_replay(void **state)
{
	(void)state;
	play_edges(LINE(3) | LINE(15), 30);
	play_edges(LINE(0) | LINE(8) | LINE(15), 6);
}

static void R11_an_end_of_interrupt_is_the_chips_where_that_came_last(void **state)
{
	(void)state;
	assert_false(chipset->controller.in_service(&a));
	board_set_line(3, true);
	assert_int_equal(sim_pic_acknowledge(), 0x23);
	assert_true(chipset->controller.in_service(&a));
	assert_int_equal(chipset->controller.save(&a, true), 0); /* it goes on in software */
	chipset->controller.restore(&a);
	assert_true(chipset->controller.in_service(&a));
	chipset_mask(0);
	assert_int_equal(a.pc.pic[0].isr, LINE(3));
	board_set_line(0, true); /* of higher priority: the chip delivers it */
	assert_true(sim_pic_interrupt());
	assert_int_equal(sim_pic_acknowledge(), 0x20);
	write(0x20, 0x20);
	assert_int_equal(sim_pic.chip[SIM_MASTER].isr, 0);
	assert_int_equal(a.pc.pic[0].isr, LINE(3));
	write(0x20, 0x20);
	assert_int_equal(a.pc.pic[0].isr, 0);
	assert_false(chipset->controller.in_service(&a));
}

static void R07_the_read_select_of_an_open_port_comes_back(void **state)
{
	(void)state;
	board_set_line(3, true);
	assert_int_equal(sim_pic_acknowledge(), 0x23);
	sim_pic_write(0x20, 0x0b); /* the guest, with no exit */
	board_set_line(8, true);   /* a foreign line: the VMM looks at IRR */
	(void)chipset->block.read_status(nmi_take());
	chipset->block.mask(0);
	assert_int_equal(sim_pic_read(0x20), LINE(3));
	sim_pic_write(0x20, 0x20);
}

static void R06_a_line_of_the_vmms_is_sensed_by_its_level(void **state)
{
	(void)state;
	chipset->block.claim(LINE(VMM_LINE), true);
	assert_true(io_in8(PORT_ELCR1) & LINE(VMM_LINE));
	assert_false(io_in8(PORT_ELCR1) & LINE(3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(R06_two_edges_behind_one_look_are_one_lines, begin,
		                                end),
		cmocka_unit_test_setup_teardown(
			R06_a_source_that_tells_by_port_61h_is_told_beside_a_line, begin, end),
		cmocka_unit_test_setup_teardown(R19_an_edge_within_an_initialisation_is_not_lost,
		                                begin, end),
		cmocka_unit_test_setup_teardown(
			R08_an_edge_at_any_access_of_a_switch_with_a_replay_is_not_lost, begin,
			end),
		cmocka_unit_test_setup_teardown(
			R08_an_edge_at_the_last_look_before_icw1_is_not_lost, begin, end),
		cmocka_unit_test_setup_teardown(
			R08_edges_of_both_chips_behind_one_nmi_are_not_lost_in_a_replay, begin,
			end),
		cmocka_unit_test_setup_teardown(
			R11_an_end_of_interrupt_is_the_chips_where_that_came_last, begin, end),
		cmocka_unit_test_setup_teardown(R07_the_read_select_of_an_open_port_comes_back,
		                                begin, end),
		cmocka_unit_test_setup_teardown(R06_a_line_of_the_vmms_is_sensed_by_its_level,
		                                begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
