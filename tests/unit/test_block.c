/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block: multiplexers, latches, mask, status, NMI (docs/register-window.md, section 1)
 * and the rules of "nothing is lost", one by one.
 *
 * Rule: each test is one rule or one row of that section. Banks and state: test_state.c; registers:
 * test_window.c.
 */
#include "tests/unit/check.h"

#include "tests/unit/block_kit.h"

static struct block block;
static const uint16_t every_line = 0xfffb;

static int begin(void **state)
{
	(void)state;
	block_reset(&block);
	kit_initialise(&block, ICW4_UPM);
	block_take_nmi(&block);
	return 0;
}

/* ---- Multiplexers ---- */

static void R02_each_line_goes_where_its_own_multiplexer_says(void **state)
{
	(void)state;
	for (unsigned line = 0; line < 16; line++)
		for (unsigned to_controller = 0; to_controller < 2; to_controller++) {
			if (line == 2)
				continue;
			begin(NULL);
			kit_route(&block, to_controller ? 1u << line : (uint16_t) ~(1u << line));
			kit_raise(&block, line);
			assert_int_equal(kit_irr(&block) & ~4, to_controller ? 1 << line : 0);
			assert_int_equal(kit_status(&block), to_controller ? 0 : 1 << line);
			assert_int_equal(block_intr(&block), to_controller);
		}
}

static void R03_a_line_reaches_any_input_of_the_controller(void **state)
{
	(void)state;
	for (unsigned line = 0; line < 16; line++)
		for (unsigned input = 0; input < 16; input++) {
			if (line == 2 || input == 2)
				continue;
			begin(NULL);
			block_window_write(&block, WINDOW_CONTROLLER_INPUT + line / 2, 1,
			                   input * 0x11);
			kit_raise(&block, line);
			assert_int_equal(block_acknowledge(&block), BASE_MASTER + input);
		}
}

static void R03_irq0_to_input_1_and_irq1_to_input_0(void **state)
{
	(void)state;
	block_window_write(&block, WINDOW_CONTROLLER_INPUT, 1, 0x01);
	kit_raise(&block, 0);
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 1);
	kit_raise(&block, 1);
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 0);
}

static void R03_controller_input_2_is_none_the_line_stays_with_the_vmm_block(void **state)
{
	(void)state;
	/* line 4 as ever, line 5 nowhere... */
	block_window_write(&block, WINDOW_CONTROLLER_INPUT + 2, 1, 0x42);
	/* ...and the right way round */
	block_window_write(&block, WINDOW_CONTROLLER_INPUT + 2, 1, 0x24);
	kit_raise(&block, 5);
	assert_int_equal(kit_irr(&block), 0);
	assert_int_equal(kit_status(&block), 1 << 5);
	block_window_write(&block, WINDOW_CONTROLLER_INPUT + 2, 1, 0x54);
	assert_int_equal(kit_status(&block), 0); /* now it has a way, and is delivered */
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 5);
}

static void R03_several_lines_at_one_input_have_an_edge_each(void **state)
{
	(void)state;
	block_window_write(&block, WINDOW_CONTROLLER_INPUT + 2, 1, 0x44); /* lines 4 and 5 */
	block_set_line(&block, 4, true);
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 4);
	kit_eoi(&block, 4);
	block_set_line(&block, 5, true); /* the input is high already */
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 4);
	kit_eoi(&block, 4);
	block_set_line(&block, 4, false); /* 5 holds it high */
	assert_int_equal(kit_word(&block, 0, 0) >> 24 & 0xff, 0x10);
	block_set_line(&block, 4, true);
	block_set_line(&block, 4, false);
	assert_true(block_intr(&block)); /* high all the while: not withdrawn */
	block_set_line(&block, 5, false);
	assert_false(block_intr(&block));
}

static void R04_a_line_reaches_any_input_of_the_vmm_block(void **state)
{
	(void)state;
	for (unsigned line = 0; line < 16; line++)
		for (unsigned input = 0; input < 16; input++) {
			if (line == 2)
				continue;
			begin(NULL);
			kit_route(&block, 0);
			block_window_write(&block, WINDOW_BLOCK_INPUT + line / 2, 1, input * 0x11);
			kit_mask(&block, (uint16_t) ~(1u << input));
			kit_raise(&block, line);
			assert_int_equal(kit_status(&block), 1 << input);
			assert_true(block_take_nmi(&block));
			kit_clear(&block, (uint16_t)(1u << input));
			assert_int_equal(kit_status(&block), 0);
		}
}

static void R04_lines_at_one_vmm_block_input_share_its_status_bit(void **state)
{
	(void)state;
	kit_route(&block, 0);
	block_window_write(&block, WINDOW_BLOCK_INPUT, 8,
	                   (WINDOW_INPUTS_IDENTITY & ~UINT64_C(0xff000)) | 0x77000);
	kit_raise(&block, 3);
	kit_raise(&block, 4);
	assert_int_equal(kit_status(&block), 1 << 7);
	kit_route(&block, 1 << 3); /* 4 is still there */
	assert_int_equal(kit_status(&block), 1 << 7);
	kit_clear(&block, 1 << 7);
	assert_int_equal(kit_status(&block), 0);
	block_set_line(&block, 4, false);
	kit_route(&block, every_line);
	assert_int_equal(kit_irr(&block), 1 << 3);
}

/* ---- Mask, status, external signal ---- */

static void R05_status_bits_stand_masked_or_not_and_nmi_obeys_the_mask(void **state)
{
	(void)state;
	for (unsigned line = 0; line < 16; line++)
		for (unsigned masked = 0; masked < 2; masked++) {
			if (line == 2)
				continue;
			begin(NULL);
			kit_route(&block, 0);
			kit_mask(&block,
			         masked ? (uint16_t)(1u << line) : (uint16_t) ~(1u << line));
			assert_false(block_take_nmi(&block));
			kit_raise(&block, line);
			assert_int_equal(kit_status(&block), 1 << line);
			assert_int_equal(block_take_nmi(&block), !masked);
			assert_false(block_take_nmi(&block)); /* fetched once */
		}
}

static void R06_an_external_nmi_is_told_apart_from_a_line(void **state)
{
	(void)state;
	kit_route(&block, 0);
	kit_mask(&block, 0);
	block_set_external(&block, true);
	assert_true(block_take_nmi(&block));
	assert_true(kit_external(&block));
	assert_int_equal(kit_status(&block), 0);
	block_window_write(&block, WINDOW_STATUS, 4, WINDOW_STATUS_EXTERNAL);
	assert_false(kit_external(&block));
	assert_false(block_take_nmi(&block));
	kit_raise(&block, 3);
	assert_true(block_take_nmi(&block));
	assert_false(kit_external(&block));
	block_set_external(&block, true); /* high already: not again */
	assert_false(kit_external(&block));
	block_set_external(&block, false);
	block_set_external(&block, true); /* both at once */
	assert_true(block_take_nmi(&block));
	assert_true(kit_external(&block));
	assert_int_equal(kit_status(&block), 1 << 3);
}

static void R06_the_external_signal_cannot_be_masked(void **state)
{
	(void)state;
	kit_mask(&block, 0xffff);
	block_set_external(&block, true);
	assert_true(block_take_nmi(&block));
	assert_true(kit_external(&block));
}

/* ---- Rule 1 ---- */

static void R08_rule_1_an_edge_is_latched_masked_or_not_and_outlives_its_line(void **state)
{
	(void)state;
	kit_route(&block, 0);
	for (unsigned mask = 0; mask < 2; mask++) {
		kit_mask(&block, mask ? 0xffff : 0);
		for (unsigned line = 0; line < 16; line++) {
			if (line == 2)
				continue;
			kit_raise(&block, line);
			block_set_line(&block, line, false);
			assert_int_equal(kit_status(&block), 1 << line);
			kit_clear(&block, (uint16_t)(1u << line));
		}
	}
}

static void R08_rule_1_an_edge_triggered_latch_can_be_cleared_while_the_line_is_high(void **state)
{
	(void)state;
	kit_route(&block, 0);
	kit_raise(&block, 5);
	kit_clear(&block, 1 << 5);
	assert_int_equal(kit_status(&block), 0);
	block_set_line(&block, 5, true); /* no edge */
	assert_int_equal(kit_status(&block), 0);
	kit_raise(&block, 5);
	assert_int_equal(kit_status(&block), 1 << 5);
}

static void R08_rule_1_a_status_bit_of_a_level_cannot_be_cleared_while_the_line_is_high(
	void **state)
{
	(void)state;
	kit_route(&block, 0);
	block_window_write(&block, WINDOW_LEVEL, 2, 1 << 5);
	kit_raise(&block, 5);
	kit_clear(&block, 1 << 5);
	assert_int_equal(kit_status(&block), 1 << 5);
	block_set_line(&block, 5, false);
	kit_clear(&block, 1 << 5);
	assert_int_equal(kit_status(&block), 0);
}

static void R08_rule_1_a_level_that_merely_stands_is_no_assertion_of_the_vmm_blocks(void **state)
{
	(void)state;
	/* The running VM serves its level-triggered line; a VM exit comes and goes meanwhile (rule
	 * 4). */
	block_port_write(&block, PORT_ELCR1, 1 << 5);
	block_window_write(&block, WINDOW_LEVEL, 2, 1 << 5);
	kit_raise(&block, 5);
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 5);
	kit_select(&block, 0, 0, 0, 0);
	assert_int_equal(kit_status(&block), 0);
	assert_false(block_take_nmi(&block));
	kit_select(&block, every_line, 0, 0, 0);
	block_set_line(&block, 5, false); /* served */
	kit_eoi(&block, 5);
	assert_false(block_intr(&block)); /* and no second interrupt */
}

static void R08_rule_1_a_level_that_rose_while_away_is_delivered_by_latch_and_pin(void **state)
{
	(void)state;
	block_port_write(&block, PORT_ELCR1, 1 << 5);
	block_window_write(&block, WINDOW_LEVEL, 2, 1 << 5);
	kit_route(&block, 0);
	kit_raise(&block, 5);
	assert_int_equal(kit_status(&block), 1 << 5);
	kit_route(&block, every_line);
	assert_int_equal(kit_status(&block), 0);
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 5);
	kit_eoi(&block, 5);
	assert_true(block_intr(&block)); /* high still */
	block_set_line(&block, 5, false);
	assert_false(block_intr(&block));
}

/* ---- Rule 2 ---- */

static void R08_rule_2_routing_turns_the_latch_into_a_request_that_does_not_fall(void **state)
{
	(void)state;
	for (unsigned line = 0; line < 16; line++) {
		if (line == 2)
			continue;
		begin(NULL);
		kit_route(&block, 0);
		kit_raise(&block, line);
		block_set_line(&block, line, false); /* a pulse, over long ago */
		kit_route(&block, every_line);
		assert_int_equal(kit_status(&block), 0);
		assert_int_equal(kit_irr(&block) & ~4, 1 << line);
		kit_raise(&block, line);
		block_set_line(&block, line, false); /* a later edge does not take it along */
		assert_int_equal(block_acknowledge(&block), BASE_MASTER + line);
		kit_eoi(&block, line);
		assert_false(block_intr(&block)); /* once */
	}
}

static void R08_rule_2_a_line_that_is_high_still_arrives_as_an_edge_now(void **state)
{
	(void)state;
	for (unsigned line = 0; line < 16; line++) {
		if (line == 2)
			continue;
		begin(NULL);
		kit_route(&block, 0);
		kit_raise(&block, line);
		kit_route(&block, every_line);
		assert_int_equal(kit_status(&block), 0);
		assert_int_equal(kit_irr(&block) & ~4, 1 << line);
		block_set_line(&block, line, false); /* withdrawn, as on the bare machine */
		assert_int_equal(kit_irr(&block), 0);
		assert_false(block_intr(&block));
	}
}

static void R08_rule_2_an_edge_while_away_counts_though_the_input_was_high_before(void **state)
{
	(void)state;
	kit_raise(&block, 5);
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 5);
	kit_eoi(&block, 5);
	kit_route(&block, 0);
	kit_raise(&block, 5);
	kit_route(&block, every_line); /* high, away, high: but it fell and rose in between */
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 5);
}

static void R08_rule_2_nothing_else_clears_a_latch(void **state)
{
	(void)state;
	kit_route(&block, 0);
	kit_raise(&block, 9);
	kit_clear(&block, (uint16_t) ~(1u << 9));
	kit_mask(&block, 0);
	kit_mask(&block, 0xffff);
	kit_route(&block, every_line & ~(1 << 9));
	kit_select(&block, 0, 0, 0, 1);
	kit_select(&block, 0, 0, 0, 0);
	kit_initialise(&block, ICW4_UPM);
	block_acknowledge(&block);
	block_set_line(&block, 9, false);
	block_window_write(&block, WINDOW_LEVEL, 2, 0xffff);
	block_window_write(&block, WINDOW_LEVEL, 2, 0);
	assert_int_equal(kit_status(&block), 1 << 9);
}

static void R15_rule_2_a_shared_lines_latch_stays_and_the_running_vm_is_served(void **state)
{
	(void)state;
	kit_select(&block, every_line, (uint16_t) ~(1u << 3), 1 << 3, 0);
	block_take_nmi(&block);
	kit_raise(&block, 3);
	assert_int_equal(kit_status(&block), 1 << 3);
	assert_true(block_take_nmi(&block));
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 3);
	/* Another VM of the same device, with a bank of its own: it gets a request too, and the
	 * latch still stands. */
	kit_select(&block, every_line, 0xffff, 1 << 3, 1);
	kit_initialise(&block, ICW4_UPM);
	kit_route(&block, 0);
	kit_select(&block, every_line, 0xffff, 1 << 3, 1);
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 3);
	assert_int_equal(kit_status(&block), 1 << 3);
	kit_clear(&block, 1 << 3);
	assert_int_equal(kit_status(&block), 0);
}

static void R15_the_same_bank_selected_again_is_not_served_twice(void **state)
{
	(void)state;
	kit_select(&block, every_line, 0xffff, 1 << 3, 0);
	kit_raise(&block, 3);
	block_acknowledge(&block);
	kit_eoi(&block, 3);
	kit_select(&block, every_line, 0, 1 << 3, 0);
	assert_false(block_intr(&block));
}

/* ---- Rule 3 ---- */

static void R05_rule_3_nmi_when_unmasked_status_becomes_non_zero(void **state)
{
	(void)state;
	kit_select(&block, 0, (uint16_t)~0x0a00, 0, 0);
	kit_raise(&block, 9);
	assert_true(block_take_nmi(&block));
	kit_raise(&block, 11); /* non-zero already */
	assert_false(block_take_nmi(&block));
	kit_raise(&block, 4); /* masked */
	assert_false(block_take_nmi(&block));
	kit_clear(&block, 1 << 9);
	assert_true(block_take_nmi(&block)); /* 11 stands: told again */
	kit_clear(&block, 1 << 11);
	assert_false(block_take_nmi(&block));
	kit_raise(&block, 11);
	assert_true(block_take_nmi(&block));
}

static void R05_rule_3_a_write_to_mask_or_status_tells_again_what_stands(void **state)
{
	(void)state;
	kit_select(&block, 0, 0xffff, 0, 0);
	kit_raise(&block, 9);
	kit_mask(&block, 0xffff);
	assert_false(block_take_nmi(&block)); /* masked: does not stand */
	kit_mask(&block, 0);
	assert_true(block_take_nmi(&block));
	kit_mask(&block, 0);
	assert_true(block_take_nmi(&block));
	kit_clear(&block, 0);
	assert_true(block_take_nmi(&block));
	kit_clear(&block, 1 << 9);
	assert_false(block_take_nmi(&block));
	block_set_external(&block, true);
	assert_true(block_take_nmi(&block));
	kit_mask(&block, 0xffff);
	assert_true(block_take_nmi(&block)); /* the external one stands */
	kit_clear(&block, 0xffff);
	assert_true(block_take_nmi(&block));
	block_window_write(&block, WINDOW_STATUS, 4, WINDOW_STATUS_EXTERNAL);
	assert_false(block_take_nmi(&block));
}

static void R05_rule_3_a_read_or_a_route_tells_nothing_again(void **state)
{
	(void)state;
	kit_select(&block, 0, 0, 0, 0);
	kit_raise(&block, 9);
	block_take_nmi(&block);
	for (uint32_t offset = 0; offset < WINDOW_BYTES; offset += 8)
		block_window_read(&block, offset, 8);
	kit_route(&block, every_line & ~(1 << 9));
	assert_false(block_take_nmi(&block));
	assert_int_equal(kit_status(&block), 1 << 9);
}

static void R05_rule_3_an_edge_between_acknowledge_and_service_is_told(void **state)
{
	(void)state;
	kit_select(&block, 0, 0, 0, 0);
	kit_raise(&block, 4);
	assert_true(block_take_nmi(&block));
	kit_clear(&block, 1 << 4); /* the handler acknowledges first... */
	kit_raise(&block, 4);      /* ...the device asserts anew... */
	assert_true(block_take_nmi(&block));
	assert_int_equal(kit_status(&block), 1 << 4); /* ...and the handler will be called again */
}

/* ---- Rule 5 and the lead of Figure 2: two worlds that do not touch ---- */

static void R05_rule_5_no_port_access_reaches_mux_mask_status_or_another_bank(void **state)
{
	uint64_t seed = 1;
	struct block before;

	(void)state;
	kit_select(&block, 0x0ff0, 0x5a5a, 0x00f0, 3);
	for (unsigned line = 0; line < 16; line++)
		kit_raise(&block, line);
	for (unsigned line = 0; line < 16; line += 2)
		block_set_line(&block, line, false);
	block_take_nmi(&block);
	before = block;
	for (unsigned i = 0; i < 200000; i++) {
		static const uint16_t ports[] = { MASTER,     MASTER_DATA, SLAVE,
			                          SLAVE_DATA, PORT_ELCR1,  PORT_ELCR2 };
		uint16_t port = random_below(&seed, 8) ? ports[random_below(&seed, 6)]
		                                       : (uint16_t)random_next(&seed);

		if (random_below(&seed, 3) == 0)
			block_port_read(&block, port);
		else if (random_below(&seed, 8) == 0)
			block_acknowledge(&block);
		else
			block_port_write(&block, port, (uint8_t)random_next(&seed));
	}
	before.bank[3] = block.bank[3];
	assert_memory_equal(&before, &block, sizeof(block));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(R02_each_line_goes_where_its_own_multiplexer_says, begin),
		cmocka_unit_test_setup(R03_a_line_reaches_any_input_of_the_controller, begin),
		cmocka_unit_test_setup(R03_irq0_to_input_1_and_irq1_to_input_0, begin),
		cmocka_unit_test_setup(
			R03_controller_input_2_is_none_the_line_stays_with_the_vmm_block, begin),
		cmocka_unit_test_setup(R03_several_lines_at_one_input_have_an_edge_each, begin),
		cmocka_unit_test_setup(R04_a_line_reaches_any_input_of_the_vmm_block, begin),
		cmocka_unit_test_setup(R04_lines_at_one_vmm_block_input_share_its_status_bit,
		                       begin),
		cmocka_unit_test_setup(R05_status_bits_stand_masked_or_not_and_nmi_obeys_the_mask,
		                       begin),
		cmocka_unit_test_setup(R06_an_external_nmi_is_told_apart_from_a_line, begin),
		cmocka_unit_test_setup(R06_the_external_signal_cannot_be_masked, begin),
		cmocka_unit_test_setup(
			R08_rule_1_an_edge_is_latched_masked_or_not_and_outlives_its_line, begin),
		cmocka_unit_test_setup(
			R08_rule_1_an_edge_triggered_latch_can_be_cleared_while_the_line_is_high,
			begin),
		cmocka_unit_test_setup(
			R08_rule_1_a_status_bit_of_a_level_cannot_be_cleared_while_the_line_is_high,
			begin),
		cmocka_unit_test_setup(
			R08_rule_1_a_level_that_merely_stands_is_no_assertion_of_the_vmm_blocks,
			begin),
		cmocka_unit_test_setup(
			R08_rule_1_a_level_that_rose_while_away_is_delivered_by_latch_and_pin,
			begin),
		cmocka_unit_test_setup(
			R08_rule_2_routing_turns_the_latch_into_a_request_that_does_not_fall,
			begin),
		cmocka_unit_test_setup(R08_rule_2_a_line_that_is_high_still_arrives_as_an_edge_now,
		                       begin),
		cmocka_unit_test_setup(
			R08_rule_2_an_edge_while_away_counts_though_the_input_was_high_before,
			begin),
		cmocka_unit_test_setup(R08_rule_2_nothing_else_clears_a_latch, begin),
		cmocka_unit_test_setup(
			R15_rule_2_a_shared_lines_latch_stays_and_the_running_vm_is_served, begin),
		cmocka_unit_test_setup(R15_the_same_bank_selected_again_is_not_served_twice, begin),
		cmocka_unit_test_setup(R05_rule_3_nmi_when_unmasked_status_becomes_non_zero, begin),
		cmocka_unit_test_setup(R05_rule_3_a_write_to_mask_or_status_tells_again_what_stands,
		                       begin),
		cmocka_unit_test_setup(R05_rule_3_a_read_or_a_route_tells_nothing_again, begin),
		cmocka_unit_test_setup(R05_rule_3_an_edge_between_acknowledge_and_service_is_told,
		                       begin),
		cmocka_unit_test_setup(
			R05_rule_5_no_port_access_reaches_mux_mask_status_or_another_bank, begin),
	};

	return cmocka_run_group_tests_name("block", tests, NULL, NULL);
}
