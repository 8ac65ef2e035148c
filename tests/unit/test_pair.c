/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two 8259As in cascade, as a PC has them, through the ports and INTA cycles of the connected bank.
 *
 * Rule: as test_i8259.c; the datasheet's chapters on cascade mode, special fully nested mode, poll
 * and the interrupt sequence.
 */
#include "tests/unit/check.h"

#include "tests/unit/block_kit.h"

static struct block block;

static int begin(void **state)
{
	(void)state;
	block_reset(&block);
	kit_initialise(&block, ICW4_UPM);
	return 0;
}

static void write_port(uint16_t port, uint8_t value)
{
	block_port_write(&block, port, value);
}

static void R07_each_of_fifteen_inputs_has_its_vector(void **state)
{
	(void)state;
	for (unsigned line = 0; line < 16; line++) {
		if (line == 2)
			continue;
		assert_false(block_intr(&block));
		kit_raise(&block, line);
		assert_int_equal(kit_irr(&block), 1 << line | (line >= 8 ? 4 : 0));
		assert_true(block_intr(&block));
		assert_int_equal(block_acknowledge(&block), BASE_MASTER + line);
		assert_int_equal(kit_irr(&block), 0);
		assert_int_equal(kit_isr(&block), 1 << line | (line >= 8 ? 4 : 0));
		kit_eoi(&block, line);
		assert_int_equal(kit_isr(&block), 0);
	}
}

static void R07_there_is_no_line_2(void **state)
{
	struct block before = block;

	(void)state;
	kit_raise(&block, 2);
	kit_raise(&block, 16);
	kit_raise(&block, 0x80000003);
	assert_memory_equal(&before, &block, sizeof(block));
}

static void R07_the_slaves_inputs_come_between_1_and_3(void **state)
{
	static const uint8_t order[] = { 0, 1, 8, 9, 10, 11, 12, 13, 14, 15, 3, 4, 5, 6, 7 };

	(void)state;
	for (unsigned line = 16; line-- > 0;)
		kit_raise(&block, line);
	for (unsigned i = 0; i < sizeof(order); i++) {
		assert_int_equal(block_acknowledge(&block), BASE_MASTER + order[i]);
		kit_eoi(&block, order[i]);
	}
	assert_false(block_intr(&block));
}

static void R07_an_eoi_is_needed_at_both(void **state)
{
	(void)state;
	kit_raise(&block, 8);
	kit_raise(&block, 15);
	assert_int_equal(block_acknowledge(&block), BASE_SLAVE);
	write_port(MASTER, EOI);
	assert_false(block_intr(&block)); /* 8 is in service at the slave */
	write_port(SLAVE, EOI);
	assert_true(block_intr(&block));
	assert_int_equal(block_acknowledge(&block), BASE_SLAVE + 7);
	write_port(SLAVE, EOI);
	kit_raise(&block, 9);
	assert_false(block_intr(&block)); /* input 2 is in service at the master */
	write_port(MASTER, EOI);
	assert_true(block_intr(&block));
}

static void R07_without_special_fully_nested_mode_a_slave_in_service_is_locked_out(void **state)
{
	(void)state;
	kit_raise(&block, 12);
	block_acknowledge(&block);
	kit_raise(&block, 9); /* higher, at the slave */
	assert_false(block_intr(&block));
}

static void R07_special_fully_nested_mode_lets_a_higher_request_of_the_slave_through(void **state)
{
	(void)state;
	kit_initialise(&block, ICW4_UPM | ICW4_SFNM);
	kit_raise(&block, 12);
	assert_int_equal(block_acknowledge(&block), BASE_SLAVE + 4);
	kit_raise(&block, 13);
	assert_false(block_intr(&block)); /* lower */
	kit_raise(&block, 9);
	assert_true(block_intr(&block));
	assert_int_equal(block_acknowledge(&block), BASE_SLAVE + 1);
	kit_raise(&block, 3);
	assert_false(block_intr(&block)); /* the master still nests */
	/* "Send a non-specific EOI to the slave, read its ISR; if zero, one to the master." */
	write_port(SLAVE, EOI);
	assert_int_equal(kit_command_read(&block, SLAVE, READ_ISR), 0x10);
	write_port(SLAVE, EOI);
	assert_int_equal(kit_command_read(&block, SLAVE, READ_ISR), 0);
	write_port(MASTER, EOI);
	assert_int_equal(block_acknowledge(&block), BASE_SLAVE + 5);
	kit_eoi(&block, 13);
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 3);
}

static void R07_special_fully_nested_mode_changes_nothing_at_inputs_without_a_slave(void **state)
{
	(void)state;
	kit_initialise(&block, ICW4_UPM | ICW4_SFNM);
	kit_raise(&block, 4);
	block_acknowledge(&block);
	kit_raise(&block, 4);
	assert_false(block_intr(&block));
}

static void R07_spurious_at_the_master_is_level_7_and_not_in_service(void **state)
{
	(void)state;
	kit_raise(&block, 3);
	block_set_line(&block, 3, false);
	assert_false(block_intr(&block));
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 7);
	assert_int_equal(kit_isr(&block), 0);
	kit_raise(&block, 7); /* the real one is told apart by its ISR bit */
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 7);
	assert_int_equal(kit_isr(&block), 0x80);
}

static void R07_spurious_at_the_slave_is_level_15_and_in_service_at_the_master_alone(void **state)
{
	uint64_t slave, modes;

	(void)state;
	/* Level-triggered input 2 of the master is the only way to have its request and not the
	 * slave's: between two state words. A slave whose request falls takes the master's with
	 * it. */
	kit_raise(&block, 10);
	block_set_line(&block, 10, false);
	assert_false(block_intr(&block));
	kit_raise(&block, 10);
	slave = kit_word(&block, 0, 1);
	modes = kit_word(&block, 0, 2);
	/* the edge is gone, the master does not know */
	kit_set_word(&block, 0, 1, slave & ~UINT64_C(0xff));
	assert_int_equal(modes, kit_word(&block, 0, 2));
	assert_true(block_intr(&block));
	assert_int_equal(block_acknowledge(&block), BASE_SLAVE + 7);
	assert_int_equal(kit_isr(&block), 0x0004);
}

static void R07_a_slave_in_aeoi_mode_gives_the_master_an_edge_for_each_of_its_requests(void **state)
{
	(void)state;
	kit_initialise(&block, ICW4_UPM | ICW4_AEOI);
	kit_raise(&block, 9);
	kit_raise(&block, 14);
	assert_int_equal(block_acknowledge(&block), BASE_SLAVE + 1);
	assert_true(block_intr(&block));
	assert_int_equal(block_acknowledge(&block), BASE_SLAVE + 6);
	assert_false(block_intr(&block));
	assert_int_equal(kit_isr(&block), 0);
}

static void R07_the_masters_mask_of_input_2_closes_the_whole_slave(void **state)
{
	(void)state;
	write_port(MASTER_DATA, 0x04);
	for (unsigned line = 8; line < 16; line++)
		kit_raise(&block, line);
	assert_false(block_intr(&block));
	assert_int_equal(kit_irr(&block), 0xff04);
	write_port(MASTER_DATA, 0);
	assert_int_equal(block_acknowledge(&block), BASE_SLAVE);
}

static void R07_poll_of_master_then_slave_finds_a_slaves_request(void **state)
{
	(void)state;
	kit_raise(&block, 11);
	assert_int_equal(kit_command_read(&block, MASTER, 0x0c), 0x82);
	assert_int_equal(kit_command_read(&block, SLAVE, 0x0c), 0x83);
	assert_int_equal(kit_isr(&block), 0x0804);
	assert_false(block_intr(&block));
	assert_int_equal(kit_command_read(&block, SLAVE, 0x0c) & 0x80, 0);
	kit_eoi(&block, 11);
	assert_int_equal(kit_isr(&block), 0);
}

static void R07_poll_of_the_slave_alone_takes_the_request_from_the_master(void **state)
{
	(void)state;
	kit_raise(&block, 11);
	assert_true(block_intr(&block));
	assert_int_equal(kit_command_read(&block, SLAVE, 0x0c), 0x83);
	assert_false(block_intr(&block));
	assert_int_equal(kit_isr(&block), 0x0800);
}

static void R07_a_master_that_has_no_slave_answers_for_input_2_itself(void **state)
{
	(void)state;
	write_port(MASTER, 0x13); /* single */
	write_port(MASTER_DATA, 0x40);
	write_port(MASTER_DATA, 1);
	kit_raise(&block, 9);
	assert_int_equal(block_acknowledge(&block), 0x42);
	assert_int_equal(kit_isr(&block), 0x0004); /* the slave was not called */
	write_port(MASTER, 0x11);
	write_port(MASTER_DATA, 0x40);
	write_port(MASTER_DATA, 0); /* no slave at any input */
	write_port(MASTER_DATA, 1);
	kit_raise(&block, 9);
	assert_int_equal(block_acknowledge(&block), 0x42);
}

static void R07_a_slave_that_is_not_called_leaves_the_bus_floating(void **state)
{
	(void)state;
	write_port(SLAVE, 0x11);
	write_port(SLAVE_DATA, BASE_SLAVE);
	write_port(SLAVE_DATA, 5); /* its identity is not the input it is wired to */
	write_port(SLAVE_DATA, 1);
	kit_raise(&block, 9);
	assert_int_equal(block_acknowledge(&block), 0xff);
	assert_int_equal(kit_isr(&block), 0x0004);
	assert_int_equal(kit_irr(&block) & 0xff00, 0x0200);
}

static void R07_mcs80_mode_in_both_chips(void **state)
{
	(void)state;
	write_port(MASTER, 0xb4); /* A7-A5 = 101, interval 4, cascade, no ICW4 */
	write_port(MASTER_DATA, 0x12);
	write_port(MASTER_DATA, 4);
	write_port(SLAVE, 0x50); /* A7 A6 = 01, interval 8 */
	write_port(SLAVE_DATA, 0x34);
	write_port(SLAVE_DATA, 2);
	kit_raise(&block, 6);
	assert_int_equal(block_acknowledge(&block), 0xa0 | 6 << 2);
	kit_raise(&block, 11);
	assert_int_equal(block_acknowledge(&block), 0x40 | 3 << 3);
}

static void R07_elcr_ports_hold_the_bits_that_a_pc_has(void **state)
{
	(void)state;
	assert_int_equal(block_port_read(&block, PORT_ELCR1), 0);
	assert_int_equal(block_port_read(&block, PORT_ELCR2), 0);
	write_port(PORT_ELCR1, 0xff);
	write_port(PORT_ELCR2, 0xff);
	assert_int_equal(block_port_read(&block, PORT_ELCR1), 0xf8);
	assert_int_equal(block_port_read(&block, PORT_ELCR2), 0xde);
	for (unsigned line = 0; line < 16; line++) {
		bool level = (0xdef8 >> line) & 1;

		block_reset(&block);
		kit_initialise(&block, ICW4_UPM);
		write_port(PORT_ELCR1, 0xff);
		write_port(PORT_ELCR2, 0xff);
		if (line == 2)
			continue;
		kit_raise(&block, line);
		assert_int_equal(block_acknowledge(&block), BASE_MASTER + line);
		kit_eoi(&block, line);
		assert_int_equal(block_intr(&block), level);
	}
}

static void R07_ports_that_are_not_the_pairs_do_nothing(void **state)
{
	struct block before = block;

	(void)state;
	for (unsigned port = 0; port < 0x10000; port++) {
		if (port == 0x20 || port == 0x21 || port == 0xa0 || port == 0xa1 || port == 0x4d0 ||
		    port == 0x4d1)
			continue;
		assert_int_equal(block_port_read(&block, (uint16_t)port), 0xff);
		block_port_write(&block, (uint16_t)port, 0x11);
	}
	assert_memory_equal(&before, &block, sizeof(block));
}

static void R07_one_chip_initialised_again_leaves_the_other_as_it_was(void **state)
{
	(void)state;
	kit_raise(&block, 9);
	kit_raise(&block, 4);
	write_port(MASTER, 0x11);
	write_port(MASTER_DATA, 0x40);
	write_port(MASTER_DATA, 4);
	assert_false(block_intr(&block));
	write_port(MASTER_DATA, 1);
	assert_int_equal(kit_irr(&block), 0x0200); /* input 2 was high before: no edge */
	assert_false(block_intr(&block));
	kit_raise(&block, 8); /* the slave's INT stays high */
	assert_false(block_intr(&block));
	assert_int_equal(kit_command_read(&block, SLAVE, 0x0c), 0x80);
	kit_eoi(&block, 8); /* and rises again */
	assert_int_equal(block_acknowledge(&block), BASE_SLAVE + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(R07_each_of_fifteen_inputs_has_its_vector, begin),
		cmocka_unit_test_setup(R07_there_is_no_line_2, begin),
		cmocka_unit_test_setup(R07_the_slaves_inputs_come_between_1_and_3, begin),
		cmocka_unit_test_setup(R07_an_eoi_is_needed_at_both, begin),
		cmocka_unit_test_setup(
			R07_without_special_fully_nested_mode_a_slave_in_service_is_locked_out,
			begin),
		cmocka_unit_test_setup(
			R07_special_fully_nested_mode_lets_a_higher_request_of_the_slave_through,
			begin),
		cmocka_unit_test_setup(
			R07_special_fully_nested_mode_changes_nothing_at_inputs_without_a_slave,
			begin),
		cmocka_unit_test_setup(R07_spurious_at_the_master_is_level_7_and_not_in_service,
		                       begin),
		cmocka_unit_test_setup(
			R07_spurious_at_the_slave_is_level_15_and_in_service_at_the_master_alone,
			begin),
		cmocka_unit_test_setup(
			R07_a_slave_in_aeoi_mode_gives_the_master_an_edge_for_each_of_its_requests,
			begin),
		cmocka_unit_test_setup(R07_the_masters_mask_of_input_2_closes_the_whole_slave,
		                       begin),
		cmocka_unit_test_setup(R07_poll_of_master_then_slave_finds_a_slaves_request, begin),
		cmocka_unit_test_setup(
			R07_poll_of_the_slave_alone_takes_the_request_from_the_master, begin),
		cmocka_unit_test_setup(R07_a_master_that_has_no_slave_answers_for_input_2_itself,
		                       begin),
		cmocka_unit_test_setup(R07_a_slave_that_is_not_called_leaves_the_bus_floating,
		                       begin),
		cmocka_unit_test_setup(R07_mcs80_mode_in_both_chips, begin),
		cmocka_unit_test_setup(R07_elcr_ports_hold_the_bits_that_a_pc_has, begin),
		cmocka_unit_test_setup(R07_ports_that_are_not_the_pairs_do_nothing, begin),
		cmocka_unit_test_setup(R07_one_chip_initialised_again_leaves_the_other_as_it_was,
		                       begin),
	};

	return cmocka_run_group_tests_name("pair", tests, NULL, NULL);
}
