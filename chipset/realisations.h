/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The realisations of the chipset block that an image has.
 *
 * Rule: one file beside this header, or one below chipset/apic/, defines the table. The Makefile
 * links one of the two into each image, so that no image carries both kinds of controller models.
 */
#ifndef CHIPSET_REALISATIONS_H
#define CHIPSET_REALISATIONS_H

#include "chipset/chipset.h"

/* In the order in which "auto" tries the realisations; NULL ends the table. Two may have the same
   name: the first that probes is taken. */
extern const struct chipset *const chipset_realisations[];

/* For people: the names in this image, and the image that has the others. */
extern const char chipset_realisation_names[];

#endif
