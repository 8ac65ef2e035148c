/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM (run loop, dispatcher, Figures 4 and 5, chipset/pc/pc.c) with random guests, devices and
 * moments, on a simulated machine.
 *
 * Rule: guests know what they may see, and nothing that was asserted may be missing when all is
 * quiet.
 */
#include "tests/unit/sim_play.h"

#include <stddef.h>

int main(void)
{
	return sim_play_all("run", "pc", sim_common, NULL);
}
