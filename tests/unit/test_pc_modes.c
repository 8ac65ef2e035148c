/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random programs of a guest at the 8259 pair on pc, with rotation, special mask mode, polls and
 * automatic EOI, beside another VM.
 *
 * Rule: the programs and the checks are the fuzzer's. A difference ends the test.
 */
#include "tests/unit/check.h"

#include "tests/unit/pc_8259_program.h"

static void R11_any_program_of_the_pair(void **state)
{
	(void)state;
	pc_8259_play_random(300);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(R11_any_program_of_the_pair) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
