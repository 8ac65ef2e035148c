/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One 8259A against its datasheet (Intel 231468-003): initialisation (ICW1-ICW4), inputs,
 * acknowledge, vectors.
 *
 * Rule: each test is a sentence of the datasheet. The chip's state is looked at through its ports
 * wherever they show it.
 */
#include "tests/unit/check.h"

#include "chipset/block/i8259.h"

static struct i8259 chip;

static void command(uint8_t value)
{
	i8259_write(&chip, false, value);
}

static void data(uint8_t value)
{
	i8259_write(&chip, true, value);
}

static uint8_t irr(void)
{
	command(OCW3_SELECT | OCW3_RR);
	return i8259_read(&chip, false);
}

static uint8_t isr(void)
{
	command(OCW3_SELECT | OCW3_RR | OCW3_RIS);
	return i8259_read(&chip, false);
}

static uint8_t imr(void)
{
	return i8259_read(&chip, true);
}

static void pins(uint8_t levels)
{
	i8259_set_pins(&chip, levels);
}

static void single(uint8_t icw1, uint8_t icw4)
{
	i8259_reset(&chip, false);
	command(ICW1_SELECT | ICW1_SNGL | ICW1_IC4 | icw1);
	data(0x40);
	data(icw4);
}

static int begin(void **state)
{
	(void)state;
	single(0, ICW4_UPM);
	return 0;
}

/* ---- ICW1 ---- */

static void R07_icw1_ic4_clear_means_no_icw4_and_all_its_functions_zero(void **state)
{
	(void)state;
	single(0, ICW4_UPM | ICW4_AEOI | ICW4_SFNM);
	command(ICW1_SELECT | ICW1_SNGL);
	data(0x12);
	assert_int_equal(chip.step, I8259_READY);
	pins(1);
	assert_int_equal(i8259_acknowledge(&chip), 0);
	assert_int_equal(isr(), 1);                  /* no AEOI */
	assert_int_equal(i8259_vector(&chip, 1), 8); /* MCS-80, interval 8 */
	data(0x55);
	assert_int_equal(imr(), 0x55); /* what follows is OCW1 */
}

static void R07_icw1_sngl_says_whether_icw3_follows(void **state)
{
	static const struct {
		uint8_t icw1, words; /* at the data port */
	} rows[] = { { 0x10, 2 }, { 0x11, 3 }, { 0x12, 1 }, { 0x13, 2 },
		     { 0x1c, 2 }, { 0x1d, 3 }, { 0xfe, 1 }, { 0xff, 2 } };

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		command(rows[i].icw1);
		for (unsigned word = 1; word <= rows[i].words; word++) {
			assert_int_not_equal(chip.step, I8259_READY);
			data(ICW4_UPM);
			assert_int_equal(imr(), 0); /* an ICW is no mask */
		}
		assert_int_equal(chip.step, I8259_READY);
		data(0xa5);
		assert_int_equal(imr(), 0xa5);
	}
}

static void R07_icw1_ltim_makes_every_input_level_triggered(void **state)
{
	(void)state;
	single(ICW1_LTIM, ICW4_UPM);
	pins(0x81);
	assert_int_equal(irr(), 0x81);
	assert_int_equal(i8259_acknowledge(&chip), 0);
	assert_int_equal(irr(), 0x81); /* as long as it is high */
	assert_false(i8259_int(&chip));
	command(OCW2_EOI);
	assert_true(i8259_int(&chip)); /* "the request must be removed before the EOI" */
	pins(0x80);
	assert_int_equal(irr(), 0x80);
	pins(0);
	assert_int_equal(irr(), 0);
	assert_false(i8259_int(&chip));
}

static void R07_icw1_ltim_sees_an_input_that_was_high_before(void **state)
{
	(void)state;
	pins(0x10);
	command(ICW1_SELECT | ICW1_SNGL | ICW1_IC4 | ICW1_LTIM);
	data(0x40);
	data(ICW4_UPM);
	assert_true(i8259_int(&chip));
	assert_int_equal(i8259_acknowledge(&chip), 4);
}

static void R07_icw1_resets_the_edge_sense_so_that_a_high_input_must_fall_first(void **state)
{
	(void)state;
	pins(0x24);
	assert_int_equal(irr(), 0x24);
	single(0, ICW4_UPM); /* reset and all */
	pins(0x24);
	command(ICW1_SELECT | ICW1_SNGL | ICW1_IC4);
	assert_int_equal(irr(), 0);
	data(0x40);
	data(ICW4_UPM);
	pins(0x24);
	assert_int_equal(irr(), 0);
	pins(0x20);
	pins(0x24);
	assert_int_equal(irr(), 4);
	assert_int_equal(i8259_acknowledge(&chip), 2);
}

static void R07_icw1_clears_the_mask_priorities_special_mask_and_read_select(void **state)
{
	(void)state;
	data(0xff);
	command(OCW2_R | OCW2_SL | 3); /* lowest: 3 */
	command(OCW3_SELECT | OCW3_ESMM | OCW3_SMM);
	pins(0x80);
	data(0);
	assert_int_equal(i8259_acknowledge(&chip), 7);
	data(0xff);
	command(OCW3_SELECT | OCW3_RR | OCW3_RIS);
	assert_int_equal(i8259_read(&chip, false), 0x80);
	command(ICW1_SELECT | ICW1_SNGL | ICW1_IC4);
	assert_int_equal(imr(), 0);
	data(0x40);
	data(ICW4_UPM);
	assert_int_equal(imr(), 0);
	pins(0);
	pins(0x18);
	assert_int_equal(i8259_read(&chip, false), 0x18); /* status read is IRR again */
	assert_int_equal(i8259_acknowledge(&chip), 3);    /* 7 is lowest again: 3 comes before 4 */
	data(0x08);
	/* special mask is off: 3, masked and in service, holds 4 back */
	assert_false(i8259_int(&chip));
}

static void R07_icw1_ends_whatever_was_in_service(void **state)
{
	(void)state;
	pins(1);
	i8259_acknowledge(&chip);
	command(ICW1_SELECT | ICW1_SNGL | ICW1_IC4);
	data(0x40);
	data(ICW4_UPM);
	assert_int_equal(isr(), 0);
	pins(2 | 1);
	assert_true(i8259_int(&chip));
}

static void R07_icw1_in_the_middle_begins_anew(void **state)
{
	(void)state;
	for (unsigned words = 0; words < 3; words++) {
		command(ICW1_SELECT | ICW1_IC4);
		for (unsigned i = 0; i < words; i++)
			data(0xff);
		command(ICW1_SELECT | ICW1_SNGL | ICW1_IC4);
		data(0x60);
		data(ICW4_UPM);
		assert_int_equal(chip.step, I8259_READY);
		assert_int_equal(imr(), 0);
		assert_int_equal(i8259_vector(&chip, 5), 0x65);
	}
}

static void R07_no_interrupt_before_the_initialisation_is_complete(void **state)
{
	(void)state;
	i8259_reset(&chip, false);
	data(0);
	pins(1);
	assert_false(i8259_int(&chip)); /* never initialised */
	pins(0);
	command(ICW1_SELECT | ICW1_IC4);
	pins(8);
	assert_false(i8259_int(&chip));
	data(0x40);
	assert_false(i8259_int(&chip));
	data(0);
	assert_false(i8259_int(&chip));
	assert_int_equal(i8259_acknowledge(&chip), -1);
	data(ICW4_UPM);
	assert_true(i8259_int(&chip)); /* the edge came after ICW1: it counts */
	assert_int_equal(i8259_acknowledge(&chip), 3);
}

/* ---- ICW2, ICW1 and the byte on the bus ---- */

static void R07_icw2_gives_five_bits_of_the_vector(void **state)
{
	(void)state;
	for (unsigned base = 0; base < 256; base++) {
		single(0, ICW4_UPM);
		command(ICW1_SELECT | ICW1_SNGL | ICW1_IC4);
		data((uint8_t)base);
		data(ICW4_UPM);
		for (unsigned level = 0; level < 8; level++)
			assert_int_equal(i8259_vector(&chip, level), (base & 0xf8) | level);
	}
}

static void R07_mcs80_mode_gives_the_low_address_at_interval_four_and_eight(void **state)
{
	(void)state;
	for (unsigned high = 0; high < 8; high++) {
		command((uint8_t)(high << 5 | ICW1_SELECT | ICW1_SNGL | ICW1_ADI));
		data(0x12);
		for (unsigned level = 0; level < 8; level++)
			assert_int_equal(i8259_vector(&chip, level), high << 5 | level << 2);
		command((uint8_t)(high << 5 | ICW1_SELECT | ICW1_SNGL));
		data(0x12);
		for (unsigned level = 0; level < 8; level++)
			assert_int_equal(i8259_vector(&chip, level), (high >> 1) << 6 | level << 3);
	}
}

static void R07_adi_and_the_address_bits_do_not_matter_to_an_8086(void **state)
{
	(void)state;
	single(0xe0 | ICW1_ADI, ICW4_UPM);
	assert_int_equal(i8259_vector(&chip, 6), 0x46);
}

/* ---- ICW3 ---- */

static void R07_icw3_names_the_masters_slaves(void **state)
{
	(void)state;
	i8259_reset(&chip, false);
	for (unsigned inputs = 0; inputs < 256; inputs++) {
		command(ICW1_SELECT | ICW1_IC4);
		data(0x40);
		data((uint8_t)inputs);
		data(ICW4_UPM);
		assert_int_equal(i8259_slaves(&chip), inputs);
	}
	command(ICW1_SELECT | ICW1_IC4 | ICW1_SNGL);
	data(0x40);
	data(ICW4_UPM);
	assert_int_equal(i8259_slaves(&chip), 0); /* single: whatever ICW3 was */
}

static void R07_icw3_is_a_slaves_identity_seven_until_it_is_written(void **state)
{
	(void)state;
	i8259_reset(&chip, true);
	command(ICW1_SELECT | ICW1_IC4);
	assert_int_equal(chip.icw3, 7);
	data(0x40);
	data(0xfa); /* D7-D3 are 0 in the datasheet: three bits count */
	assert_int_equal(chip.icw3 & 7, 2);
	data(ICW4_UPM);
	assert_int_equal(i8259_slaves(&chip), 0);
}

/* ---- ICW4 ---- */

static void R07_icw4_aeoi_leaves_nothing_in_service(void **state)
{
	(void)state;
	single(0, ICW4_UPM | ICW4_AEOI);
	pins(0x11);
	assert_int_equal(i8259_acknowledge(&chip), 0);
	assert_int_equal(isr(), 0);
	assert_int_equal(irr(), 0x10);
	assert_true(i8259_int(&chip));
	assert_int_equal(i8259_acknowledge(&chip), 4);
	assert_int_equal(isr(), 0);
	assert_false(i8259_int(&chip));
}

static void R07_icw4_buffered_mode_and_ms_change_nothing_but_pins(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 4; bits++) {
		single(0, (uint8_t)(ICW4_UPM | bits << 2));
		pins(0x40);
		assert_int_equal(i8259_acknowledge(&chip), 6);
		assert_int_equal(i8259_vector(&chip, 6), 0x46);
		assert_int_equal(isr(), 0x40);
	}
}

/* ---- Inputs ---- */

static void R07_an_edge_is_latched_once_until_it_is_acknowledged(void **state)
{
	(void)state;
	for (unsigned level = 0; level < 8; level++) {
		single(0, ICW4_UPM);
		assert_false(i8259_int(&chip));
		pins((uint8_t)(1 << level));
		assert_int_equal(irr(), 1 << level);
		assert_true(i8259_int(&chip));
		assert_int_equal(i8259_acknowledge(&chip), level);
		assert_int_equal(irr(), 0);
		assert_int_equal(isr(), 1 << level);
		command(OCW2_EOI);
		pins((uint8_t)(1 << level)); /* high still: no edge */
		assert_false(i8259_int(&chip));
		pins(0);
		pins((uint8_t)(1 << level));
		assert_true(i8259_int(&chip));
	}
}

static void R07_a_request_that_falls_before_the_inta_is_withdrawn(void **state)
{
	(void)state;
	pins(0x08);
	assert_true(i8259_int(&chip));
	pins(0);
	assert_int_equal(irr(), 0);
	assert_false(i8259_int(&chip));
	/* "an interrupt level 7" is issued by the pair */
	assert_int_equal(i8259_acknowledge(&chip), -1);
	/* "a default IR7 does not set the ISR bit" */
	assert_int_equal(isr(), 0);
}

static void R07_a_masked_request_is_latched_shown_and_delivered_when_unmasked(void **state)
{
	(void)state;
	for (unsigned level = 0; level < 8; level++) {
		single(0, ICW4_UPM);
		data((uint8_t)(1 << level));
		pins((uint8_t)(1 << level));
		assert_int_equal(irr(), 1 << level); /* IRR is before the mask */
		assert_false(i8259_int(&chip));
		assert_int_equal(i8259_acknowledge(&chip), -1);
		data(0);
		assert_true(i8259_int(&chip));
		assert_int_equal(i8259_acknowledge(&chip), level);
	}
}

static void R07_elcr_makes_single_inputs_level_triggered(void **state)
{
	(void)state;
	chip.elcr = 0x20;
	pins(0x28);
	assert_int_equal(i8259_acknowledge(&chip), 3);
	assert_int_equal(irr(), 0x20);
	command(OCW2_EOI);
	assert_int_equal(i8259_acknowledge(&chip), 5);
	command(OCW2_EOI);
	assert_int_equal(irr(), 0x20);
	assert_int_equal(i8259_acknowledge(&chip), 5);
	command(OCW2_EOI);
	pins(0x08);
	assert_false(i8259_int(&chip));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(R07_icw1_ic4_clear_means_no_icw4_and_all_its_functions_zero,
		                       begin),
		cmocka_unit_test_setup(R07_icw1_sngl_says_whether_icw3_follows, begin),
		cmocka_unit_test_setup(R07_icw1_ltim_makes_every_input_level_triggered, begin),
		cmocka_unit_test_setup(R07_icw1_ltim_sees_an_input_that_was_high_before, begin),
		cmocka_unit_test_setup(
			R07_icw1_resets_the_edge_sense_so_that_a_high_input_must_fall_first, begin),
		cmocka_unit_test_setup(
			R07_icw1_clears_the_mask_priorities_special_mask_and_read_select, begin),
		cmocka_unit_test_setup(R07_icw1_ends_whatever_was_in_service, begin),
		cmocka_unit_test_setup(R07_icw1_in_the_middle_begins_anew, begin),
		cmocka_unit_test_setup(R07_no_interrupt_before_the_initialisation_is_complete,
		                       begin),
		cmocka_unit_test_setup(R07_icw2_gives_five_bits_of_the_vector, begin),
		cmocka_unit_test_setup(
			R07_mcs80_mode_gives_the_low_address_at_interval_four_and_eight, begin),
		cmocka_unit_test_setup(R07_adi_and_the_address_bits_do_not_matter_to_an_8086,
		                       begin),
		cmocka_unit_test_setup(R07_icw3_names_the_masters_slaves, begin),
		cmocka_unit_test_setup(R07_icw3_is_a_slaves_identity_seven_until_it_is_written,
		                       begin),
		cmocka_unit_test_setup(R07_icw4_aeoi_leaves_nothing_in_service, begin),
		cmocka_unit_test_setup(R07_icw4_buffered_mode_and_ms_change_nothing_but_pins,
		                       begin),
		cmocka_unit_test_setup(R07_an_edge_is_latched_once_until_it_is_acknowledged, begin),
		cmocka_unit_test_setup(R07_a_request_that_falls_before_the_inta_is_withdrawn,
		                       begin),
		cmocka_unit_test_setup(
			R07_a_masked_request_is_latched_shown_and_delivered_when_unmasked, begin),
		cmocka_unit_test_setup(R07_elcr_makes_single_inputs_level_triggered, begin),
	};

	return cmocka_run_group_tests_name("i8259", tests, NULL, NULL);
}
