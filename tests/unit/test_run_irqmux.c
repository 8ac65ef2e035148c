/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM on the chipset block itself (chipset/window/irqmux.c, driver.c, the model behind its
 * register window), with random guests, devices and moments.
 *
 * Rule: nothing that was asserted may be missing when all is quiet, and no guest ever exits for its
 * controller.
 */
#include "tests/unit/sim_play.h"

int main(void)
{
	return sim_play_all("run_irqmux", "irqmux", sim_common, sim_block_only);
}
