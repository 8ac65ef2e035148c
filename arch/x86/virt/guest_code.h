/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instructions that a guest executes, as bytes.
 *
 * Rule: bytes are read as by the guest's own fetches, through its page tables (guest_memory.h). The
 * guest may write any value there.
 */
#ifndef ARCH_X86_VIRT_GUEST_CODE_H
#define ARCH_X86_VIRT_GUEST_CODE_H

#include "arch/x86/virt/guest_memory.h"

struct guest_mode {
	struct guest_paging paging;
	uint64_t cs_base;
	bool cs_long, cs_32; /* L and D of the code segment */
};

/* Returns true for 64-bit code. */
bool guest_in_long_mode(const struct guest_mode *m);
/* Reads up to count bytes of code at RIP, as far as they are readable. Returns the number of
 * bytes. */
unsigned guest_fetch(const struct guest_mode *m, uint64_t rip, uint8_t *bytes, unsigned count);

#endif
