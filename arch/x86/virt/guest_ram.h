/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM's RAM: the guest-physical addresses, and the machine's memory behind them.
 *
 * Rule: the layout is a PC's. RAM begins at address 0 and reaches to 3 GiB at most; the rest begins
 * at 4 GiB. Devices lie between. Whoever wants a VM's layout asks here.
 */
#ifndef ARCH_X86_VIRT_GUEST_RAM_H
#define ARCH_X86_VIRT_GUEST_RAM_H

#include <stdbool.h>
#include <stdint.h>

/* The low part of RAM ends here at the latest, and the high part begins there. */
#define GUEST_RAM_LOW_END (UINT64_C(3) << 30)
#define GUEST_RAM_HIGH (UINT64_C(1) << 32)

/* The hole in the low part of a PC's RAM, between 640 KiB and 1 MiB. */
enum { HOLE_FIRST = 0xa0000, HOLE_END = 0x100000 };

/* RAM without a hole: guest-physical address, address in the machine's memory, and bytes. */
struct guest_ram_part {
	uint64_t guest, host, bytes;
};

enum { GUEST_RAM_LOW_PART, GUEST_RAM_HIGH_PART, GUEST_RAM_PARTS };
struct guest_ram {
	struct guest_ram_part part[GUEST_RAM_PARTS];
};

/* The pieces of RAM that the guest finds: the low part has a hole. */
enum { GUEST_RAM_PIECES = GUEST_RAM_PARTS + 1 };

/* Returns the layout of a VM with that many bytes of RAM. The low part has low_most bytes at most,
 * and never reaches over 3 GiB. No machine memory is behind the parts. */
struct guest_ram guest_ram_plan(uint64_t bytes, uint64_t low_most);
/* Sets out to the pieces that the guest finds, in the order of their addresses, and returns their
 * number. hole_end: the end of the hole that begins at HOLE_FIRST. */
unsigned guest_ram_pieces(const struct guest_ram *ram, uint64_t hole_end,
                          struct guest_ram_part out[GUEST_RAM_PIECES]);
/* Returns whether [first, last] has an address of a part. The hole below 1 MiB counts. */
bool guest_ram_overlaps(const struct guest_ram *ram, uint64_t first, uint64_t last);

#endif
