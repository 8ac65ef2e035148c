/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a fuzzer begins. See tests/unit/fuzz.h for the rule.
 */
#include "tests/unit/fuzz.h"

#ifdef WITH_LIBFUZZER
int LLVMFuzzerInitialize(int *count, char ***arguments);

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	tries();
	return 0;
}
#else
int main(void)
{
	tries();
	return 0;
}
#endif
