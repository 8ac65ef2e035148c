/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The number of the mutant for the RTL that tests/rtl/mutants.py has broken: MUTANT in the
 * environment, 0 for none.
 */
#include <cstdlib>

extern "C" int mutant_number(void);

int mutant_number(void)
{
	const char *number = getenv("MUTANT");
	return number ? atoi(number) : 0;
}
