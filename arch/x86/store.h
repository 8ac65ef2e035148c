/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's store that goes nowhere: the instruction is stepped over as if it had written, to
 * memory that keeps nothing.
 *
 * Rule: only instructions whose one effect is the store, and the string instructions' counts. What
 * else writes memory, or cannot be read, is not stepped over.
 */
#ifndef ARCH_X86_STORE_H
#define ARCH_X86_STORE_H

#include "arch/x86/guest_code.h"
#include "arch/x86/virt.h"

enum { RFLAGS_RF = 1 << 16 }; /* an instruction that is done clears it */

struct store {
	struct guest_mode mode;
	struct vcpu_regs *regs; /* RSP is not among them, and not asked for */
	uint64_t rip, rflags;
	uint64_t address; /* guest-physical, of the byte that cannot be written */
};

/* Where the guest goes on; UINT64_MAX: this is no such instruction, or the guest single-steps. A
 * repeated one is done for as many elements as lie in the page, so it may go on where it is. */
uint64_t store_drop(const struct store *s);

#endif
