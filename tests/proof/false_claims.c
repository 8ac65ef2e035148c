/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Claims that are false: the checker must refute each (prove.py --refute), or its "ok" means
 * nothing.
 *
 * Rule: one for each thing that it looks for: a claim, a claim behind a loop and behind a pointer,
 * undefined behaviour of each kind that C could have here, assumptions that nothing fits.
 */
#include "tests/proof/claims.h"

void R00_a_claim_with_one_exception(void)
{
	uint32_t value = any32();

	CLAIM(value != 0x12345678);
}

void R00_the_last_round_of_a_loop(void)
{
	uint16_t set = any16();
	unsigned count = 0;

	for (; set; set &= set - 1)
		count++;
	CLAIM(count < 16);
}

void R00_a_store_through_an_unknown_pointer(void)
{
	struct block block;
	unsigned bank = any8() & 15;

	any_block(&block);
	block.bank[bank].chip[0].imr = any8();
	CLAIM(block.bank[7].chip[0].imr == 0xff);
}

void R00_a_store_under_a_condition(void)
{
	struct i8259 chip;

	any_lone_chip(&chip);
	chip.imr = 0;
	if (chip.step == I8259_ICW3 && chip.poll)
		chip.imr = 1;
	CLAIM(chip.imr == 0);
}

void R00_a_shift_too_far(void)
{
	unsigned line = any8();

	CLAIM((1u << line) != 0);
}

void R00_an_index_out_of_bounds(void)
{
	struct block block;
	unsigned bank = any8() & 31;

	any_block(&block);
	CLAIM(block.bank[bank].chip[0].imr == 0xff);
}

void R00_a_sum_that_overflows(void)
{
	int value = (int)any32();

	CLAIM(value + 1 > value);
}

void R00_a_bool_that_is_none(void)
{
	struct i8259 chip;

	any_lone_chip(&chip);
	*(uint8_t *)&chip.poll = any8();
	CLAIM(chip.poll || !chip.poll);
}

void R00_assumptions_that_nothing_fits(void)
{
	uint8_t value = any8();

	assume(value > 7);
	assume(value < 7);
	CLAIM(value == 7);
}

void R00_a_broken_invariant(void)
{
	struct i8259 chip;

	any_lone_chip(&chip);
	chip.pins = any8();
	CLAIM(is_chip(&chip, chip.is_slave));
}
