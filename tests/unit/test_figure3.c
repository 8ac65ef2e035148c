/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Figure 3 of the seed (¶46-52): each way from a device's assertion (302) to its delivery.
 *
 * Rule: one test for each path, its steps in the figure's order, marked with the block numbers;
 * then the embodiments that change the routes around a VM's turn (¶44, ¶45, ¶50).
 */
#include "tests/unit/check.h"

#include "tests/unit/block_kit.h"

static struct block block;

enum { MINE = 0x4019, OTHERS = 0xbfe2 };

/* Bank 0 is the running VM's: lines 0, 3, 4 and 14. */
static int begin(void **state)
{
	(void)state;
	block_reset(&block);
	kit_initialise(&block, ICW4_UPM);
	kit_select(&block, MINE, 0xffff, 0, 0);
	block_take_nmi(&block);
	return 0;
}

static void R09_302_304_306_308_the_running_vms_own_line_goes_straight_to_the_processor(
	void **state)
{
	(void)state;
	for (unsigned line = 0; line < 16; line++) {
		if (!(MINE >> line & 1))
			continue;
		kit_raise(&block, line);                             /* 302 */
		assert_int_equal(kit_irr(&block) & MINE, 1 << line); /* 304: yes, 306 */
		assert_true(block_intr(&block));                     /* 308 */
		assert_int_equal(kit_status(&block), 0);
		assert_false(block_take_nmi(&block));
		assert_int_equal(block_acknowledge(&block), BASE_MASTER + line);
		kit_eoi(&block, line);
	}
}

static void R09_306_the_controller_masks_and_prioritises(void **state)
{
	(void)state;
	block_port_write(&block, MASTER_DATA, 0x08);
	kit_raise(&block, 3); /* 302, 304: yes, 306 */
	assert_false(block_intr(&block));
	kit_raise(&block, 4);
	assert_true(block_intr(&block));
	block_port_write(&block, MASTER_DATA, 0);
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 3); /* 308 */
	assert_false(block_take_nmi(&block));
}

static void R09_304_310_312_314_316_a_masked_line_is_held(void **state)
{
	(void)state;
	for (unsigned line = 0; line < 16; line++) {
		if (!(OTHERS >> line & 1))
			continue;
		kit_raise(&block, line);                         /* 302 */
		assert_int_equal(kit_irr(&block), 0);            /* 304: no, 310 */
		assert_int_equal(kit_status(&block), 1 << line); /* 312 */
		assert_false(block_take_nmi(&block));            /* 314: yes, 316 */
		assert_false(block_intr(&block));
		kit_clear(&block, (uint16_t)(1u << line));
	}
}

static void R09_316_what_is_held_arrives_when_its_vm_is_invoked(void **state)
{
	(void)state;
	kit_raise(&block, 9);
	block_set_line(&block, 9, false);
	/* ¶50: "the VMM will modify the configuration of the multiplex blocks to route the
	 * interrupt request to the interrupt controller": the other VM's bank, its lines. */
	kit_select(&block, OTHERS, 0xffff, 0, 1);
	kit_initialise(&block, ICW4_UPM); /* its ICW1 forgets, as on a machine of its own */
	assert_false(block_intr(&block));
	kit_select(&block, MINE, 0xffff, 0, 0);
	kit_raise(&block, 9);
	block_set_line(&block, 9, false);
	kit_select(&block, OTHERS, 0xffff, 0, 1);
	assert_true(block_intr(&block));
	assert_int_equal(block_acknowledge(&block), BASE_SLAVE + 1);
	assert_int_equal(kit_status(&block), 0);
	assert_false(block_take_nmi(&block));
}

static void R09_314_318_320_322_an_unmasked_line_raises_the_output(void **state)
{
	(void)state;
	kit_select(&block, MINE, 0, 0, 0);
	for (unsigned line = 0; line < 16; line++) {
		if (!(OTHERS >> line & 1))
			continue;
		kit_raise(&block, line);                         /* 302, 304: no, 310 */
		assert_int_equal(kit_status(&block), 1 << line); /* 312 */
		assert_true(block_take_nmi(&block));             /* 314: no, 318, 320, 322 */
		assert_false(kit_external(&block));              /* ¶52: from a line */
		kit_clear(&block, (uint16_t)(1u << line));
	}
}

static void R09_320_the_external_signal_is_combined_with_the_lines(void **state)
{
	(void)state;
	kit_select(&block, MINE, (uint16_t) ~(1u << 9), 0, 0);
	block_set_external(&block, true);
	assert_true(block_take_nmi(&block)); /* 320, 322 with no 318 */
	assert_int_equal(kit_status(&block), 0);
	block_set_external(&block, false);
	kit_raise(&block, 9);
	block_set_external(&block, true);
	assert_true(block_take_nmi(&block)); /* both */
	assert_true(kit_external(&block));
	assert_int_equal(kit_status(&block), 1 << 9);
}

static void R09_all_paths_at_once_do_not_disturb_each_other(void **state)
{
	(void)state;
	kit_select(&block, MINE, (uint16_t) ~(1u << 9), 0, 0);
	for (unsigned line = 0; line < 16; line++)
		kit_raise(&block, line);
	assert_int_equal(kit_irr(&block), MINE | 4);
	assert_int_equal(kit_status(&block), OTHERS);
	assert_true(block_take_nmi(&block));
	assert_true(block_intr(&block));
}

static void R17_routes_that_stay_through_the_exit(void **state)
{
	(void)state;
	/* ¶44: the settings of the VM that ran are in force while the VMM works. */
	kit_raise(&block, 3);
	assert_true(block_intr(&block)); /* waits for the VM: the VMM runs with interrupts off */
	kit_raise(&block, 9);
	assert_int_equal(kit_status(&block), 1 << 9);
	kit_select(&block, MINE, 0xffff, 0, 0); /* re-entry: nothing changes */
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 3);
}

static void R17_routes_that_change_at_the_exit_and_back(void **state)
{
	(void)state;
	/* ¶45: while the VMM works, every line is its own. */
	kit_raise(&block, 0);
	kit_select(&block, 0, 0, 0, 0);
	assert_true(block_intr(&block)); /* what was latched before stays latched */
	kit_raise(&block, 3);
	block_set_line(&block, 3, false);
	assert_true(block_take_nmi(&block));
	assert_int_equal(kit_irr(&block), 1);
	kit_select(&block, MINE, 0xffff, 0, 0);
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 0);
	kit_eoi(&block, 0);
	assert_int_equal(block_acknowledge(&block), BASE_MASTER + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			R09_302_304_306_308_the_running_vms_own_line_goes_straight_to_the_processor,
			begin),
		cmocka_unit_test_setup(R09_306_the_controller_masks_and_prioritises, begin),
		cmocka_unit_test_setup(R09_304_310_312_314_316_a_masked_line_is_held, begin),
		cmocka_unit_test_setup(R09_316_what_is_held_arrives_when_its_vm_is_invoked, begin),
		cmocka_unit_test_setup(R09_314_318_320_322_an_unmasked_line_raises_the_output,
		                       begin),
		cmocka_unit_test_setup(R09_320_the_external_signal_is_combined_with_the_lines,
		                       begin),
		cmocka_unit_test_setup(R09_all_paths_at_once_do_not_disturb_each_other, begin),
		cmocka_unit_test_setup(R17_routes_that_stay_through_the_exit, begin),
		cmocka_unit_test_setup(R17_routes_that_change_at_the_exit_and_back, begin),
	};

	return cmocka_run_group_tests_name("figure3", tests, NULL, NULL);
}
