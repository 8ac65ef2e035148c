/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's memory by its linear addresses, through its own page tables and the nested ones.
 *
 * Rule: tables and what they map are the guest's, who may write anything there. A walk has as many
 * steps as there are levels, and reaches only memory that is mapped for the guest.
 */
#ifndef ARCH_X86_GUEST_MEMORY_H
#define ARCH_X86_GUEST_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* What decides how a guest's addresses are translated. */
struct guest_paging {
	uint64_t cr0, cr3, cr4, efer;
	const uint64_t *nested; /* PML4 of the nested page tables */
	/* accesses are those of a program in ring 3, not of the processor itself */
	bool user;
	bool ignores_smap; /* a supervisor's instruction with RFLAGS.AC set */
};

/* A page that was found: where it is in the VMM's memory, NULL where it is not the VM's. */
struct guest_page {
	uint64_t key; /* its address, and what it may be used for; 0: none */
	uint8_t *at;
};
enum { GUEST_PAGES = 8 };

/* A guest's memory, with the pages that were found: a walk is long, and what is accessed together
 * lies together. */
struct guest_memory {
	struct guest_paging paging;
	struct guest_page page[GUEST_PAGES];
};

/* A page fault: CR2 and error code. */
struct guest_fault {
	uint64_t address;
	uint32_t error;
};

/* Linear to guest-physical; UINT64_MAX where nothing is mapped. */
uint64_t guest_translate(const struct guest_paging *g, uint64_t linear);

/* As the processor reads and writes system structures (SDM 3A 4.6), or as guest_paging says. False:
 * a page fault, and nothing was done. Memory that is not the VM's reads as all ones and swallows
 * what is written. At most a page. */
bool guest_read(struct guest_memory *m, uint64_t linear, void *to, unsigned bytes,
                struct guest_fault *fault);
bool guest_write(struct guest_memory *m, uint64_t linear, const void *from, unsigned bytes,
                 struct guest_fault *fault);
/* Would guest_write() have a page fault? If not, the pages are dirty from now on. */
bool guest_may_write(struct guest_memory *m, uint64_t linear, unsigned bytes,
                     struct guest_fault *fault);

#endif
