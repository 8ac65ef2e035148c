/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM on the model in its own memory (chipset/window/soft.c), with random guests, devices and
 * moments.
 *
 * Rule: nothing that was asserted may be missing when all is quiet.
 */
#include "tests/unit/sim_play.h"

int main(void)
{
	return sim_play_all("run_soft", "soft", sim_common, sim_block_only);
}
