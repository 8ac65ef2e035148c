/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any program of a guest at its 8259 pair on pc: libFuzzer where clang is, else random programs.
 *
 * Rule: pc_8259_program.h says what a program is and what is compared.
 */
#include "tests/unit/fuzz.h"
#include "tests/unit/pc_8259_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pc_8259_play(data, size);
	return 0;
}

#ifndef WITH_LIBFUZZER
int main(void)
{
	pc_8259_play_random(3000);
	return 0;
}
#endif
