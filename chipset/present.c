/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The present state of the chipset block, as chipset.h declares the state.
 *
 * Rule: the file stands below the realisations. The realisations keep the state up to date, and
 * chipset.c chooses a realisation.
 */
#include "chipset/chipset.h"

const struct chipset *chipset;
struct chipset_present chipset_present = { .dirty = true };
uint64_t chipset_window;
const uint16_t chipset_ports[CHIPSET_PORTS] = { 0x20, 0x21, 0xa0, 0xa1, PORT_ELCR1, PORT_ELCR2 };
