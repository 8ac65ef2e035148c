/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The variables of the VMM and of the simulated machine, as the program begins with them.
 *
 * Rule: a machine that is booted finds the VMM's image as the loader loads it. A test that boots
 * many machines loads the image anew for each, and no machine needs a process of its own.
 */
#ifndef TESTS_UNIT_SIM_IMAGE_H
#define TESTS_UNIT_SIM_IMAGE_H

/* Loads the image, with all variables of the VMM and of the machine. Frees the memory of the
 * machine before. Call it before each sim_run(). */
void sim_image_load(void);

#endif
