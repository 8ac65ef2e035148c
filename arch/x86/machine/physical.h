/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory by the physical address.
 *
 * Rule: the VMM's page tables map each physical address to the same virtual address, so no address
 * is worked out here. A host test has an array in place of the machine's memory.
 */
#ifndef ARCH_X86_MACHINE_PHYSICAL_H
#define ARCH_X86_MACHINE_PHYSICAL_H

#include <stdint.h>

/* Returns a pointer to physical memory. The assembly hides the value: the compiler would take an
 * address in the first page for a wild null pointer. */
static inline const uint8_t *physical(uint64_t address)
{
	__asm__("" : "+r"(address));
	return (const uint8_t *)address;
}

#endif
