/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The realisations of the image `signalbox-apic`: its guests drive a local APIC or
 * 8259s, each as the guest wants (both), or all of them one kind.
 *
 * Rule: what only one realisation needs is linked by its row here alone.
 */
#include "chipset/apic/apic.h"
#include "chipset/pc/pc.h"
#include "chipset/realisations.h"

#include <stddef.h>

const struct chipset *const chipset_realisations[] = { &chipset_both, &chipset_apic,
	                                               &chipset_pc_pirqs, &chipset_pc, NULL };
const char chipset_realisation_names[] = "apic, pc; the image signalbox has irqmux and soft";
