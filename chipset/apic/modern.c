/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image `signalbox-apic`: controllers have registers in memory, and timers.
 *
 * Rule: chipset/plain.c says the opposite for the image `signalbox`.
 */
#include "chipset/chipset.h"

const bool chipset_modern = true;
