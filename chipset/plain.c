/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image `signalbox`: no controller has registers in memory, and none has a timer.
 *
 * Rule: chipset/apic/modern.c says the opposite for the image `signalbox-apic`.
 */
#include "chipset/chipset.h"

const bool chipset_modern = false;
