/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What no VM may be given by a configuration word, and only the running machine knows.
 *
 * Rule: the loader's memory map is taken at its worst: a range that it says badly is reserved too
 * much, never too little.
 */
#ifndef VMM_RESERVE_H
#define VMM_RESERVE_H

struct multiboot_info;

/* RAM and the firmware's memory, the interrupt controllers, the HPET, power. Once, before the first
 * VM is checked. 0, or -ENOMEM: there are more ranges than can be kept, and nothing may run. Says
 * so. */
int reserve_machine(const struct multiboot_info *info);

#endif
