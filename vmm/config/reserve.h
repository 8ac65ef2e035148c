/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges that no VM may get by a configuration word, and that only the running machine knows.
 *
 * Rule: the loader's memory map is taken at its worst. Where the map is bad, too much is reserved,
 * never too little.
 */
#ifndef VMM_RESERVE_H
#define VMM_RESERVE_H

struct multiboot_info;

/* Reserves RAM and the firmware's memory, the interrupt controllers, the HPET, power. Returns 0, or
 * -ENOMEM after a log line: there are more ranges than the tables hold, and no VM may run. Call it
 * once, before the first VM is checked. */
int reserve_machine(const struct multiboot_info *info);

#endif
