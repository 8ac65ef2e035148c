/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables behind guest-physical memory. EPT and nested page tables differ in their flags and
 * nowhere else: four levels of 512 entries, the address in bits 51:12, bit 7 a large page, bit 0
 * set where something is mapped (EPT: readable; NPT: present).
 *
 * Rule: nothing is mapped that was not asked for; what is absent is one page of ones. A page is 2M
 * where both addresses and what is left allow it, and nothing asks for small ones; else 4K.
 */
#ifndef ARCH_X86_NESTED_MAP_H
#define ARCH_X86_NESTED_MAP_H

#include <stdbool.h>
#include <stdint.h>

/* Page aligned, all of it. */
struct nested_range {
	uint64_t guest, host, bytes;
	bool small; /* by pages of 4K alone */
};

/* An empty PML4; NULL when memory has run out. */
uint64_t *nested_create(void);
/* Map the range with the flags of a page; tables that it needs get those of a table. 0 or
 * -ENOMEM. */
int nested_map(uint64_t *pml4, struct nested_range range, uint64_t page_flags,
               uint64_t table_flags);
/* All that is not mapped becomes absent memory: it shows a page of ones, with these flags. One set
 * of tables and one page serve all VMs; nothing is allocated but these. 0 or -ENOMEM. */
int nested_absent(uint64_t *pml4, uint64_t page_flags, uint64_t table_flags);
/* This page of 4K becomes absent memory, once there is any. 0 or -ENOMEM. */
int nested_absent_page(uint64_t *pml4, uint64_t guest, uint64_t table_flags);
/* Nothing is mapped in guest .. guest + bytes, not even absent memory. 0 or -ENOMEM. */
int nested_forbid(uint64_t *pml4, struct nested_range range, uint64_t table_flags);
/* Where guest-physical memory is; NULL where nothing is mapped. What follows it up to the end of
 * its 4K page is there too. */
void *nested_translate(const uint64_t *pml4, uint64_t guest);
/* The same where the guest may write; else NULL. */
void *nested_translate_to_write(const uint64_t *pml4, uint64_t guest);

#endif
