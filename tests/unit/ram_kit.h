/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM's RAM in the host's memory, for tests.
 */
#ifndef TESTS_UNIT_RAM_KIT_H
#define TESTS_UNIT_RAM_KIT_H

#include "arch/x86/virt/guest_ram.h"

/* Returns RAM from address 0 on that lies at memory. */
static inline struct guest_ram ram_at(void *memory, uint64_t bytes)
{
	return (struct guest_ram){ { { 0, (uint64_t)memory, bytes }, { GUEST_RAM_HIGH, 0, 0 } } };
}

#endif
