/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A real-time clock and CMOS memory to read, for VMs without the machine's clock (MC146818A
 * datasheet; the bytes from 10h on as PC firmware has them).
 *
 * Rule: the time goes on by the TSC from the machine's own clock at boot. A VM's write changes
 * nothing.
 */
#ifndef VMM_CMOS_H
#define VMM_CMOS_H

#include "arch/x86/virt/guest_ram.h"

#include <stdint.h>

/* Reads the machine's clock. Takes up to some ms. Call it once, before a VM runs. */
void cmos_begin(void);
/* Returns the byte of this index at the TSC now. Takes at most 600 instructions. */
uint8_t cmos_read(uint8_t index, const struct guest_ram *ram, uint64_t now);

#endif
