/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's memory by linear addresses, through the guest's page tables and the nested page tables.
 *
 * Rule: the guest may write any value to its tables and its memory. A walk has as many steps as
 * there are levels, and reaches only memory that is mapped for the guest.
 */
#ifndef ARCH_X86_VIRT_GUEST_MEMORY_H
#define ARCH_X86_VIRT_GUEST_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* The registers that decide the translation of a guest's addresses. */
struct guest_paging {
	uint64_t cr0, cr3, cr4, efer;
	const uint64_t *nested; /* PML4 of the nested page tables */
	/* true: the accesses are those of a program in ring 3; false: of the processor itself */
	bool user;
	bool ignores_smap; /* true: a supervisor's instruction with RFLAGS.AC set */
	/* true: linear addresses have 32 bits, and 0 comes behind the last address. Outside of
	 * 64-bit code */
	bool narrow;
};

/* A page that a walk has found. at: its address in the VMM's memory, NULL when the memory is not
 * the VM's. */
struct guest_page {
	uint64_t key; /* its linear address and its allowed use; 0: none */
	uint8_t *at;
};
enum { GUEST_PAGES = 8 };

/* A guest's memory, with the pages that walks have found. A walk is long, and accesses often stay
 * in the same pages. */
struct guest_memory {
	struct guest_paging paging;
	struct guest_page page[GUEST_PAGES];
	/* A walk takes up to 700 instructions, and one access may need several walks. most: how
	 * many walks there may be until walks is 0 again; 0: any number. */
	unsigned walks, most;
};

/* A page fault: CR2 and error code. */
struct guest_fault {
	uint64_t address;
	uint32_t error;
	bool later; /* no fault, but one walk too many: set walks to 0, and try again */
};

/* Returns the guest-physical address, or UINT64_MAX where no memory is mapped. */
uint64_t guest_translate(const struct guest_paging *g, uint64_t linear);

/* Reads or writes a guest's memory as the processor accesses system structures (SDM 3A 4.6), or as
 * guest_paging says. Returns false after a page fault; then no byte was moved. Memory outside the
 * VM reads as all ones and drops writes. bytes: at most a page. */
bool guest_read(struct guest_memory *m, uint64_t linear, void *to, unsigned bytes,
                struct guest_fault *fault);
bool guest_write(struct guest_memory *m, uint64_t linear, const void *from, unsigned bytes,
                 struct guest_fault *fault);
/* Returns true when guest_write() would have no page fault. The pages are then dirty from now
 * on. */
bool guest_may_write(struct guest_memory *m, uint64_t linear, unsigned bytes,
                     struct guest_fault *fault);

#endif
