/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The realisations of the image `signalbox`: its guests drive a pair of 8259s.
 *
 * Rule: what only one realisation needs is linked by its row here alone.
 */
#include "chipset/realisations.h"
#include "chipset/pc/pc.h"
#include "chipset/window/driver.h"
#include "chipset/window/soft.h"

#include <stddef.h>

const struct chipset *const chipset_realisations[] = { &chipset_irqmux, &chipset_pc_pirqs,
	                                               &chipset_pc, &chipset_soft, NULL };
const char chipset_realisation_names[] = "irqmux, pc, soft; the image signalbox-apic has apic";
