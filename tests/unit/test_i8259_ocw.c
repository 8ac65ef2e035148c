/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One 8259A against its datasheet (Intel 231468-003): operation (OCW1-OCW3), priorities, rotation,
 * special mask, poll.
 *
 * Rule: as test_i8259.c. Tables have a row for each form of a command.
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

static uint8_t isr(void)
{
	command(OCW3_SELECT | OCW3_RR | OCW3_RIS);
	return i8259_read(&chip, false);
}

static void raise(uint8_t levels)
{
	i8259_set_pins(&chip, (uint8_t)(chip.pins & ~levels));
	i8259_set_pins(&chip, chip.pins | levels);
}

static void initialise(uint8_t icw4)
{
	i8259_reset(&chip, false);
	command(ICW1_SELECT | ICW1_SNGL | ICW1_IC4);
	data(0x40);
	data(icw4);
}

static int begin(void **state)
{
	(void)state;
	initialise(ICW4_UPM);
	return 0;
}

/* Every level once, by priority: the order as eight digits, the first to be served leftmost. */
static void require_order(const char *order)
{
	raise(0xff);
	for (unsigned i = 0; i < 8; i++) {
		int level = i8259_acknowledge(&chip);

		assert_int_equal(level, order[i] - '0');
		command((uint8_t)(OCW2_SL | OCW2_EOI | level));
	}
	assert_false(i8259_int(&chip));
}

/* In service, one within the other, lowest first. */
static void serve(const char *levels)
{
	for (; *levels; levels++) {
		raise((uint8_t)(1 << (*levels - '0')));
		assert_int_equal(i8259_acknowledge(&chip), *levels - '0');
	}
}

/* ---- OCW1 ---- */

static void R07_ocw1_is_read_back_and_masks_its_level_alone(void **state)
{
	(void)state;
	for (unsigned mask = 0; mask < 256; mask++) {
		data((uint8_t)mask);
		assert_int_equal(i8259_read(&chip, true), mask);
		assert_int_equal(i8259_read(&chip, true), mask);
	}
	for (unsigned mask = 0; mask < 255; mask++) {
		int lowest_clear = __builtin_ctz(~mask);

		initialise(ICW4_UPM);
		raise(0xff);
		data((uint8_t)mask);
		assert_int_equal(i8259_acknowledge(&chip), lowest_clear);
	}
}

/* ---- Fully nested ---- */

static void R07_fully_nested_each_level_holds_back_itself_and_lower_ones(void **state)
{
	(void)state;
	for (unsigned serving = 0; serving < 8; serving++)
		for (unsigned asking = 0; asking < 8; asking++) {
			initialise(ICW4_UPM);
			raise((uint8_t)(1 << serving));
			i8259_acknowledge(&chip);
			raise((uint8_t)(1 << asking));
			assert_int_equal(i8259_int(&chip), asking < serving);
			command(OCW2_EOI);
			assert_true(i8259_int(&chip));
			assert_int_equal(i8259_acknowledge(&chip), asking);
		}
}

static void R07_fully_nested_all_eight_deep(void **state)
{
	(void)state;
	serve("76543210");
	assert_int_equal(isr(), 0xff);
	for (unsigned left = 0xff; left; left &= left - 1) {
		assert_int_equal(isr(), left);
		command(OCW2_EOI); /* ends the highest */
	}
	assert_int_equal(isr(), 0);
}

/* ---- OCW2: its eight commands ---- */

static void R07_ocw2_001_non_specific_eoi_ends_the_highest(void **state)
{
	(void)state;
	serve("631");
	command(OCW2_EOI | 6); /* L2-L0 do not count without SL */
	assert_int_equal(isr(), 0x48);
	command(OCW2_EOI);
	assert_int_equal(isr(), 0x40);
	command(OCW2_EOI);
	command(OCW2_EOI);
	assert_int_equal(isr(), 0);
	require_order("01234567");
}

static void R07_ocw2_011_specific_eoi_ends_the_level_it_names(void **state)
{
	(void)state;
	for (unsigned level = 0; level < 8; level++) {
		initialise(ICW4_UPM);
		serve("76543210");
		command((uint8_t)(OCW2_SL | OCW2_EOI | level));
		assert_int_equal(isr(), 0xff & ~(1 << level));
	}
	initialise(ICW4_UPM);
	require_order("01234567");
}

static void R07_ocw2_101_rotate_on_non_specific_eoi(void **state)
{
	(void)state;
	/* The datasheet's example: IR4 and IR6 in service, IR4 is ended and becomes lowest. */
	serve("64");
	command(OCW2_R | OCW2_EOI);
	assert_int_equal(isr(), 0x40);
	assert_int_equal(chip.lowest, 4);
	command(OCW2_SL | OCW2_EOI | 6);
	require_order("56701234");
	command(OCW2_R | OCW2_EOI); /* nothing in service: nothing to rotate to */
	assert_int_equal(chip.lowest, 4);
}

static void R07_ocw2_111_rotate_on_specific_eoi(void **state)
{
	(void)state;
	for (unsigned level = 0; level < 8; level++) {
		char order[9] = "";

		initialise(ICW4_UPM);
		serve("76543210");
		command((uint8_t)(OCW2_R | OCW2_SL | OCW2_EOI | level));
		assert_int_equal(isr(), 0xff & ~(1 << level));
		for (unsigned i = 0; i < 8; i++) {
			command((uint8_t)(OCW2_SL | OCW2_EOI | i));
			order[i] = (char)('0' + (level + 1 + i) % 8);
		}
		require_order(order);
	}
}

static void R07_ocw2_110_set_priority_ends_nothing(void **state)
{
	(void)state;
	for (unsigned level = 0; level < 8; level++) {
		char order[9] = "";

		initialise(ICW4_UPM);
		serve("3");
		command((uint8_t)(OCW2_R | OCW2_SL | level));
		assert_int_equal(isr(), 8);
		command(OCW2_SL | OCW2_EOI | 3);
		for (unsigned i = 0; i < 8; i++)
			order[i] = (char)('0' + (level + 1 + i) % 8);
		require_order(order);
	}
}

static void R07_ocw2_100_and_000_rotate_in_automatic_eoi_mode(void **state)
{
	(void)state;
	initialise(ICW4_UPM | ICW4_AEOI);
	command(OCW2_R); /* set */
	raise(0x42);
	assert_int_equal(i8259_acknowledge(&chip), 1);
	assert_int_equal(chip.lowest, 1);
	raise(0x02);
	assert_int_equal(i8259_acknowledge(&chip), 6); /* 1 is lowest now */
	assert_int_equal(chip.lowest, 6);
	assert_int_equal(i8259_acknowledge(&chip), 1);
	command(0); /* clear */
	raise(0x10);
	assert_int_equal(i8259_acknowledge(&chip), 4);
	assert_int_equal(chip.lowest, 1);
	assert_int_equal(isr(), 0);
}

static void R07_rotation_in_automatic_eoi_mode_is_nothing_without_it(void **state)
{
	(void)state;
	command(OCW2_R);
	serve("5");
	assert_int_equal(chip.lowest, 7);
	command(OCW2_EOI);
	assert_int_equal(chip.lowest, 7);
}

static void R07_a_spurious_acknowledge_rotates_nothing(void **state)
{
	(void)state;
	initialise(ICW4_UPM | ICW4_AEOI);
	command(OCW2_R);
	assert_int_equal(i8259_acknowledge(&chip), -1);
	assert_int_equal(chip.lowest, 7);
}

static void R07_ocw2_010_does_nothing(void **state)
{
	struct i8259 before;

	(void)state;
	serve("73");
	raise(0x28);
	before = chip;
	for (unsigned level = 0; level < 8; level++) {
		command((uint8_t)(OCW2_SL | level));
		assert_memory_equal(&before, &chip, sizeof(chip));
	}
}

static void R07_rotation_turns_what_holds_back_what(void **state)
{
	(void)state;
	command(OCW2_R | OCW2_SL | 4); /* 5 6 7 0 1 2 3 4 */
	serve("2");
	raise(0x08);
	assert_false(i8259_int(&chip)); /* 3 is lower than 2 */
	raise(0x20);
	assert_true(i8259_int(&chip)); /* 5 is highest */
	assert_int_equal(i8259_acknowledge(&chip), 5);
	command(OCW2_EOI);
	assert_int_equal(isr(), 4); /* ended the highest by the turned order */
}

/* ---- OCW3: special mask ---- */

static void R07_special_mask_lets_lower_levels_through(void **state)
{
	(void)state;
	serve("3");
	data(0x08);
	raise(0x50);
	assert_false(i8259_int(&chip)); /* masked, but in service still */
	command(OCW3_SELECT | OCW3_ESMM | OCW3_SMM);
	assert_true(i8259_int(&chip));
	assert_int_equal(i8259_acknowledge(&chip), 4);
	assert_false(i8259_int(&chip)); /* 4 is unmasked and holds 6 back */
	raise(0x08);
	assert_false(i8259_int(&chip)); /* "it inhibits further interrupts at that level" */
	command(OCW3_SELECT | OCW3_ESMM);
	command(OCW2_SL | OCW2_EOI | 4);
	assert_false(i8259_int(&chip)); /* off: 3 holds back again */
}

static void R07_special_mask_needs_esmm(void **state)
{
	(void)state;
	command(OCW3_SELECT | OCW3_SMM);
	assert_false(chip.special_mask);
	command(OCW3_SELECT | OCW3_ESMM | OCW3_SMM);
	assert_true(chip.special_mask);
	command(OCW3_SELECT);
	assert_true(chip.special_mask);
	command(OCW3_SELECT | OCW3_SMM);
	assert_true(chip.special_mask);
	command(OCW3_SELECT | OCW3_ESMM);
	assert_false(chip.special_mask);
}

static void R07_special_mask_a_non_specific_eoi_passes_masked_levels_by(void **state)
{
	(void)state;
	/* "An IS bit that is masked by an IMR bit will not be cleared by a non-specific EOI ... in
	 * the special mask mode." */
	serve("52");
	data(0x04);
	command(OCW3_SELECT | OCW3_ESMM | OCW3_SMM);
	command(OCW2_EOI);
	assert_int_equal(isr(), 0x04);
	command(OCW2_EOI);
	command(OCW2_R | OCW2_EOI);
	assert_int_equal(isr(), 0x04);
	assert_int_equal(chip.lowest, 7);
	command(OCW2_SL | OCW2_EOI | 2);
	assert_int_equal(isr(), 0);
}

static void R07_without_special_mask_a_non_specific_eoi_ends_masked_levels_too(void **state)
{
	(void)state;
	serve("52");
	data(0x04);
	command(OCW2_EOI);
	assert_int_equal(isr(), 0x20);
}

/* ---- OCW3: read and poll ---- */

static void R07_ocw3_read_select_is_remembered(void **state)
{
	(void)state;
	serve("6");
	raise(0x02);
	command(OCW3_SELECT | OCW3_RR);
	assert_int_equal(i8259_read(&chip, false), 0x02);
	assert_int_equal(i8259_read(&chip, false), 0x02);
	command(OCW3_SELECT | OCW3_RIS); /* no RR: no action */
	assert_int_equal(i8259_read(&chip, false), 0x02);
	command(OCW3_SELECT | OCW3_RR | OCW3_RIS);
	assert_int_equal(i8259_read(&chip, false), 0x40);
	command(OCW3_SELECT);
	assert_int_equal(i8259_read(&chip, false), 0x40);
	assert_int_equal(i8259_read(&chip, true), 0);
	command(OCW2_SL); /* an OCW2 leaves it alone */
	assert_int_equal(i8259_read(&chip, false), 0x40);
}

static void R07_poll_acknowledges_and_gives_the_level(void **state)
{
	(void)state;
	for (unsigned level = 0; level < 8; level++)
		for (unsigned a0 = 0; a0 < 2; a0++) { /* "the next RD pulse": of either port */
			initialise(ICW4_UPM);
			raise((uint8_t)(1 << level));
			command(OCW3_SELECT | OCW3_P);
			assert_int_equal(i8259_read(&chip, a0), 0x80 | level);
			assert_int_equal(isr(), 1 << level);
			assert_false(i8259_int(&chip));
			command(OCW3_SELECT | OCW3_RR);
			assert_int_equal(i8259_read(&chip, false), 0);
		}
}

static void R07_poll_of_nothing_has_bit_7_clear_and_is_over_after_one_read(void **state)
{
	(void)state;
	data(0x12);
	command(OCW3_SELECT | OCW3_P);
	assert_int_equal(i8259_read(&chip, false) & 0x80, 0);
	assert_int_equal(i8259_read(&chip, true), 0x12);
	assert_int_equal(isr(), 0);
}

static void R07_poll_overrides_read_register(void **state)
{
	(void)state;
	raise(0x10);
	command(OCW3_SELECT | OCW3_P | OCW3_RR);
	assert_int_equal(i8259_read(&chip, false), 0x84);
}

static void R07_poll_obeys_mask_and_priority(void **state)
{
	(void)state;
	serve("3");
	raise(0x12);
	data(0x02);
	command(OCW3_SELECT | OCW3_P);
	assert_int_equal(i8259_read(&chip, false) & 0x80, 0); /* 1 is masked, 4 is held back by 3 */
	data(0);
	command(OCW3_SELECT | OCW3_P);
	assert_int_equal(i8259_read(&chip, false), 0x81);
	command(OCW2_EOI);
	command(OCW2_EOI);
	command(OCW3_SELECT | OCW3_P);
	assert_int_equal(i8259_read(&chip, false), 0x84);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(R07_ocw1_is_read_back_and_masks_its_level_alone, begin),
		cmocka_unit_test_setup(R07_fully_nested_each_level_holds_back_itself_and_lower_ones,
		                       begin),
		cmocka_unit_test_setup(R07_fully_nested_all_eight_deep, begin),
		cmocka_unit_test_setup(R07_ocw2_001_non_specific_eoi_ends_the_highest, begin),
		cmocka_unit_test_setup(R07_ocw2_011_specific_eoi_ends_the_level_it_names, begin),
		cmocka_unit_test_setup(R07_ocw2_101_rotate_on_non_specific_eoi, begin),
		cmocka_unit_test_setup(R07_ocw2_111_rotate_on_specific_eoi, begin),
		cmocka_unit_test_setup(R07_ocw2_110_set_priority_ends_nothing, begin),
		cmocka_unit_test_setup(R07_ocw2_100_and_000_rotate_in_automatic_eoi_mode, begin),
		cmocka_unit_test_setup(R07_rotation_in_automatic_eoi_mode_is_nothing_without_it,
		                       begin),
		cmocka_unit_test_setup(R07_a_spurious_acknowledge_rotates_nothing, begin),
		cmocka_unit_test_setup(R07_ocw2_010_does_nothing, begin),
		cmocka_unit_test_setup(R07_rotation_turns_what_holds_back_what, begin),
		cmocka_unit_test_setup(R07_special_mask_lets_lower_levels_through, begin),
		cmocka_unit_test_setup(R07_special_mask_needs_esmm, begin),
		cmocka_unit_test_setup(R07_special_mask_a_non_specific_eoi_passes_masked_levels_by,
		                       begin),
		cmocka_unit_test_setup(
			R07_without_special_mask_a_non_specific_eoi_ends_masked_levels_too, begin),
		cmocka_unit_test_setup(R07_ocw3_read_select_is_remembered, begin),
		cmocka_unit_test_setup(R07_poll_acknowledges_and_gives_the_level, begin),
		cmocka_unit_test_setup(
			R07_poll_of_nothing_has_bit_7_clear_and_is_over_after_one_read, begin),
		cmocka_unit_test_setup(R07_poll_overrides_read_register, begin),
		cmocka_unit_test_setup(R07_poll_obeys_mask_and_priority, begin),
	};

	return cmocka_run_group_tests_name("i8259_ocw", tests, NULL, NULL);
}
