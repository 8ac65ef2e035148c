/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables behind guest-physical memory. EPT and nested page tables differ in their flags only:
 * four levels of 512 entries, the address in bits 51:12, bit 7 a large page, bit 0 set for a mapped
 * page (EPT: readable; NPT: present).
 *
 * Rule: only requested memory is mapped. All absent memory is one page of ones. A page has the
 * largest size that both addresses, the rest of the range and the caller allow.
 */
#ifndef ARCH_X86_VIRT_NESTED_MAP_H
#define ARCH_X86_VIRT_NESTED_MAP_H

#include <stdint.h>

/* Sizes of pages, and the levels of their entries. */
enum { NESTED_4K, NESTED_2M, NESTED_1G };

/* guest, host and bytes are page aligned. */
struct nested_range {
	uint64_t guest, host, bytes;
	unsigned largest; /* the largest size that a page may have */
};

/* The entry of absent memory at each level: the page of ones, a table of 512 such entries, a table
 * of 512 entries for the table before, and so on. 0: not made yet. nested_absent() makes all. */
enum { NESTED_LEVELS = 4 };
extern uint64_t nested_absent_entry[NESTED_LEVELS];

/* Returns an empty PML4, or NULL when memory has run out. */
uint64_t *nested_create(void);
/* Maps the range with page_flags; new tables get table_flags. Returns 0 or -ENOMEM. */
int nested_map(uint64_t *pml4, struct nested_range range, uint64_t page_flags,
               uint64_t table_flags);
/* Turns all unmapped memory into absent memory: a page of ones with page_flags. One set of tables
 * and one page serve all VMs; the function allocates no others. Returns 0 or -ENOMEM. */
int nested_absent(uint64_t *pml4, uint64_t page_flags, uint64_t table_flags);
/* Turns a page of 4K into absent memory. Call it after nested_absent(). Returns 0 or -ENOMEM. */
int nested_absent_page(uint64_t *pml4, uint64_t guest, uint64_t table_flags);
/* Unmaps guest .. guest + bytes, absent memory included. Returns 0 or -ENOMEM. */
int nested_forbid(uint64_t *pml4, struct nested_range range, uint64_t table_flags);
/* Returns where the guest-physical address lies in the machine's memory, or NULL where no memory is
 * mapped. The rest of the 4K page follows there. */
void *nested_translate(const uint64_t *pml4, uint64_t guest);
/* Does the same for memory that the guest may write; returns NULL for other memory. */
void *nested_translate_to_write(const uint64_t *pml4, uint64_t guest);

#endif
