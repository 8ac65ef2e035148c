/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host tests' stand-in for arch/x86/machine/physical.h: a test has the memory.
 *
 * Rule: this directory comes first in the include path, so the sources that are tested do not know.
 */
#ifndef ARCH_X86_MACHINE_PHYSICAL_H
#define ARCH_X86_MACHINE_PHYSICAL_H

#include <stdint.h>

const uint8_t *physical(uint64_t address);

#endif
