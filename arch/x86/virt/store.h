/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's store without effect: the VMM steps over the instruction as if the instruction had
 * written to memory that keeps no value and reads as ones.
 *
 * Rule: the code steps over instructions whose sole effect is the store, over string instructions
 * with their counts, and over instructions that read, change and write back (rmw.h). No other
 * instruction is stepped over, none whose bytes cannot be read, and none that also writes to memory
 * of the guest's: the processor does such a store.
 */
#ifndef ARCH_X86_VIRT_STORE_H
#define ARCH_X86_VIRT_STORE_H

#include "arch/x86/virt/guest_code.h"
#include "arch/x86/virt/guest_reading.h"

enum { RFLAGS_RF = 1 << 16 }; /* a finished instruction clears RF */

struct store {
	struct guest_mode mode;
	struct vcpu_regs *regs;
	uint64_t rip, rsp, rflags;
	uint64_t base[SEGMENTS]; /* of the segments */
	uint64_t address;        /* guest-physical address of the byte that cannot be written */
	store_device *device;    /* NULL: the memory is absent */
};

/* Returns the RIP at which the guest goes on, or UINT64_MAX when the instruction is no such store
 * or the guest single-steps. Registers and s->rflags are then as after the instruction. A repeated
 * instruction is done for all elements in the page, so the guest may go on at the same RIP. */
uint64_t store_drop(struct store *s);
/* Does a MOV of 32 bits between a general register, or an immediate value, and a register of
 * s->device. Returns as store_drop() does. */
uint64_t store_move(struct store *s);

#endif
