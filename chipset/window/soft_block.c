/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model of realisation soft, with the NMI output. The file stands below both users of the
 * model: driver.c drives the window, soft.c feeds the lines and takes INTR.
 *
 * Rule: every change of the model is noted, and a pulse of NMI is counted at once. The model counts
 * its pulses as well, and the driver reports the model's count to the account of NMIs.
 */
#include "arch/x86/cpu/nmi.h"
#include "chipset/window/driver.h"
#include "chipset/window/soft.h"

struct block soft_block;
struct soft_outputs soft_outputs;

/* An entry under way does not happen, and the dispatcher looks, as with a pulse at the
 * processor. */
void soft_relay_nmi(void)
{
	if (block_take_nmi(&soft_block))
		nmi_note();
}

void soft_written(void)
{
	soft_outputs.moved = true;
	soft_relay_nmi();
}
