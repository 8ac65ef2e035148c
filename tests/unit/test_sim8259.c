/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model of the 8259 pair that judges chipset/pc/pc.c, itself judged by the datasheet.
 *
 * Rule: programs as a PC's driver writes them, answers as the datasheet gives them.
 */
#include "tests/unit/check.h"

#include "tests/unit/sim8259.h"

static void program(uint8_t icw4)
{
	sim_pic_reset();
	sim_pic.keeps_fallen_edges = sim_pic.silent_in_initialisation = false;
	const struct {
		uint16_t port;
		uint8_t value;
	} rows[] = { { 0x20, 0x11 }, { 0x21, 0x20 }, { 0x21, 4 },    { 0x21, icw4 }, { 0xa0, 0x11 },
		     { 0xa1, 0x28 }, { 0xa1, 2 },    { 0xa1, icw4 }, { 0x21, 0 },    { 0xa1, 0 } };

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		sim_pic_write(rows[i].port, rows[i].value);
}

static int begin(void **state)
{
	(void)state;
	program(1);
	return 0;
}

static void raise(unsigned line)
{
	sim_pic_set_line(line, false);
	sim_pic_set_line(line, true);
}

static uint8_t read_isr(uint16_t port)
{
	sim_pic_write(port, 0x0b);
	return sim_pic_read(port);
}

static uint8_t read_irr(uint16_t port)
{
	sim_pic_write(port, 0x0a);
	return sim_pic_read(port);
}

static void R07_an_edge_is_latched_acknowledged_and_ended(void **state)
{
	(void)state;
	assert_false(sim_pic_interrupt());
	raise(3);
	assert_true(sim_pic_interrupt());
	assert_int_equal(read_irr(0x20), 8);
	assert_int_equal(sim_pic_acknowledge(), 0x23);
	assert_int_equal(read_irr(0x20), 0);
	assert_int_equal(read_isr(0x20), 8);
	assert_false(sim_pic_interrupt());
	sim_pic_set_line(3, true); /* high already: no edge */
	sim_pic_write(0x20, 0x20);
	assert_int_equal(read_isr(0x20), 0);
	assert_false(sim_pic_interrupt());
}

static void R07_higher_priorities_nest_lower_ones_wait(void **state)
{
	(void)state;
	raise(3);
	sim_pic_acknowledge();
	raise(4);
	assert_false(sim_pic_interrupt());
	raise(1);
	assert_true(sim_pic_interrupt());
	assert_int_equal(sim_pic_acknowledge(), 0x21);
	sim_pic_write(0x20, 0x20); /* ends 1, the highest */
	assert_int_equal(read_isr(0x20), 8);
	sim_pic_write(0x20, 0x63);
	assert_int_equal(sim_pic_acknowledge(), 0x24);
}

static void R07_the_slave_comes_by_input_2(void **state)
{
	(void)state;
	raise(8);
	raise(15);
	assert_int_equal(sim_pic_acknowledge(), 0x28);
	assert_int_equal(read_isr(0x20), 4);
	assert_int_equal(read_isr(0xa0), 1);
	sim_pic_write(0x20, 0x20);
	assert_false(sim_pic_interrupt()); /* 8 is in service in the slave still */
	sim_pic_write(0xa0, 0x20);
	assert_int_equal(sim_pic_acknowledge(), 0x2f);
}

static void R07_masks_hold_back_and_do_not_forget(void **state)
{
	(void)state;
	sim_pic_write(0x21, 0x08);
	raise(3);
	assert_false(sim_pic_interrupt());
	assert_int_equal(sim_pic_read(0x21), 8);
	sim_pic_write(0x21, 0);
	assert_int_equal(sim_pic_acknowledge(), 0x23);
	sim_pic_write(0x20, 0x20);
	sim_pic_write(0xa1, 0x80);
	raise(15);
	assert_false(sim_pic_interrupt());
	sim_pic_write(0xa1, 0);
	assert_int_equal(sim_pic_acknowledge(), 0x2f);
}

static void R07_a_request_that_falls_is_gone_or_stays(void **state)
{
	(void)state;
	raise(3);
	sim_pic_set_line(3, false);
	assert_false(sim_pic_interrupt());
	assert_int_equal(sim_pic_acknowledge(), 0x27);
	assert_int_equal(read_isr(0x20), 0);
	sim_pic.keeps_fallen_edges = true;
	raise(3);
	sim_pic_set_line(3, false);
	assert_int_equal(sim_pic_acknowledge(), 0x23);
}

static void R07_icw1_forgets_edges_and_masks(void **state)
{
	(void)state;
	sim_pic_write(0x21, 0xff);
	raise(3);
	raise(12);
	sim_pic_write(0x20, 0x11);
	assert_int_equal(sim_pic.chip[SIM_MASTER].imr, 0);
	assert_int_equal(read_irr(0x20) & 8, 0);
	sim_pic_write(0x21, 0x40);
	sim_pic_write(0x21, 4);
	sim_pic_write(0x21, 1);
	/* the slave's output was up before: no edge, as with any input */
	assert_int_equal(read_irr(0x20), 0);
	sim_pic_set_line(3, true);
	assert_int_equal(read_irr(0x20), 0);
	raise(3);
	assert_int_equal(sim_pic_acknowledge(), 0x43);
}

static void R07_automatic_end_of_interrupt(void **state)
{
	(void)state;
	program(3);
	raise(3);
	assert_int_equal(sim_pic_acknowledge(), 0x23);
	assert_int_equal(read_isr(0x20), 0);
	raise(3);
	assert_int_equal(sim_pic_acknowledge(), 0x23);
}

static void R07_rotation_special_mask_and_poll(void **state)
{
	(void)state;
	sim_pic_write(0x20, 0xc3); /* 3 lowest: 4 highest */
	raise(3);
	raise(4);
	assert_int_equal(sim_pic_acknowledge(), 0x24);
	sim_pic_write(0x20, 0xa0); /* ends 4, now lowest */
	assert_int_equal(sim_pic.chip[SIM_MASTER].lowest, 4);
	assert_int_equal(sim_pic_acknowledge(), 0x23);
	sim_pic_write(0x20, 0x20);
	sim_pic_write(0x20, 0xc7);

	raise(1);
	sim_pic_acknowledge();
	raise(6);
	assert_false(sim_pic_interrupt());
	sim_pic_write(0x21, 0x02);
	sim_pic_write(0x20, 0x68);
	assert_int_equal(sim_pic_acknowledge(), 0x26);
	sim_pic_write(0x20, 0x48);
	sim_pic_write(0x20, 0x66);
	sim_pic_write(0x20, 0x61);

	raise(5);
	sim_pic_write(0x20, 0x0c);
	assert_int_equal(sim_pic_read(0x20), 0x85);
	assert_int_equal(read_isr(0x20), 0x20);
	sim_pic_write(0x20, 0x0c);
	assert_int_equal(sim_pic_read(0x20), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(R07_an_edge_is_latched_acknowledged_and_ended, begin),
		cmocka_unit_test_setup(R07_higher_priorities_nest_lower_ones_wait, begin),
		cmocka_unit_test_setup(R07_the_slave_comes_by_input_2, begin),
		cmocka_unit_test_setup(R07_masks_hold_back_and_do_not_forget, begin),
		cmocka_unit_test_setup(R07_a_request_that_falls_is_gone_or_stays, begin),
		cmocka_unit_test_setup(R07_icw1_forgets_edges_and_masks, begin),
		cmocka_unit_test_setup(R07_automatic_end_of_interrupt, begin),
		cmocka_unit_test_setup(R07_rotation_special_mask_and_poll, begin),
	};

	return cmocka_run_group_tests_name("sim8259", tests, NULL, NULL);
}
