/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables behind guest-physical memory. See the header for the rule.
 */
#include "arch/x86/virt/nested_map.h"
#include "arch/x86/machine/platform.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	MAPPED = 1 << 0,
	WRITABLE = 1 << 1,
	LARGE = 1 << 7,
	ENTRIES = 512,
	LEVEL_BITS = 9,
	PT_SHIFT = 12,
	PML4_SHIFT = 39
};
#define ADDRESS 0x000ffffffffff000ull
#define GUEST_LIMIT (1ull << (PML4_SHIFT + LEVEL_BITS))

uint64_t nested_absent_entry[NESTED_LEVELS];

static bool is_unused(uint64_t entry, unsigned level)
{
	return entry == 0 || entry == nested_absent_entry[level];
}

static void fill(uint64_t *table, uint64_t entry)
{
#pragma GCC unroll 16
	for (uint64_t i = 0; i < ENTRIES; i++)
		table[i] = entry;
}

uint64_t *nested_create(void)
{
	return frames_alloc_vmm(PAGE, PAGE);
}

/* Fills a table with the pages of a large page, so that a part can change and the rest can stay.
 * level: the large page's. Only a mapping at boot splits a page: no page that exits lies in one. */
static void split(uint64_t *table, uint64_t large, unsigned level)
{
	const uint64_t step = level == NESTED_2M ? PAGE : LARGE_PAGE;
	uint64_t entry = level == NESTED_2M ? large & ~(uint64_t)LARGE : large;

	for (uint64_t i = 0; i < ENTRIES; i++, entry += step)
		table[i] = entry;
}

/* Returns the table behind an entry, and makes the table if needed. level: the entry's level; 0 in
 * a page table. */
static uint64_t *next_table(uint64_t *entry, unsigned level, uint64_t table_flags)
{
	const bool large = *entry & LARGE;

	if (large || is_unused(*entry, level)) {
		uint64_t *table = frames_alloc_vmm_raw(PAGE, PAGE);
		if (table == NULL)
			return NULL;
		if (large)
			split(table, *entry, level);
		else
			fill(table, *entry == 0 ? 0 : nested_absent_entry[level - 1]);
		*entry = (uint64_t)table | table_flags;
	}
	return (uint64_t *)(*entry & ADDRESS);
}

/* Finds the entry for one page of the largest size that fits: of 4K, or where nothing is mapped
 * yet. Sets shift to the page's size. Returns NULL when memory has run out. */
static uint64_t *find_entry(uint64_t *table, const struct nested_range *left, uint64_t table_flags,
                            unsigned *shift)
{
	*shift = PML4_SHIFT;
	for (unsigned level = NESTED_LEVELS - 1;; level--, *shift -= LEVEL_BITS) {
		uint64_t *entry = &table[left->guest >> *shift & (ENTRIES - 1)],
			 size = 1ull << *shift;

		if (level == NESTED_4K ||
		    (level <= left->largest && is_unused(*entry, level) && left->bytes >= size &&
		     ((left->guest | left->host) & (size - 1)) == 0))
			return entry;
		table = next_table(entry, level, table_flags);
		if (table == NULL)
			return NULL;
	}
}

int nested_map(uint64_t *pml4, struct nested_range range, uint64_t page_flags, uint64_t table_flags)
{
	while (range.bytes > 0) {
		unsigned shift;
		uint64_t *entry = find_entry(pml4, &range, table_flags, &shift), done;
		if (entry == NULL)
			return -ENOMEM;
		*entry = range.host | page_flags | (shift > PT_SHIFT ? LARGE : 0);
		done = 1ull << shift;
		range.guest += done;
		range.host += done;
		range.bytes -= done;
	}
	return 0;
}

/* ---- Absent memory ---- */

static int make_absent(uint64_t page_flags, uint64_t table_flags)
{
	uint64_t *page = frames_alloc_vmm_raw(PAGE, PAGE);

	if (page == NULL)
		return -ENOMEM;
	fill(page, UINT64_MAX);
	uint64_t entry = (uint64_t)page | page_flags;
	for (unsigned level = 0;; level++) {
		nested_absent_entry[level] = entry;
		if (level == NESTED_LEVELS - 1)
			return 0;
		uint64_t *table = frames_alloc_vmm_raw(PAGE, PAGE);
		if (table == NULL)
			return -ENOMEM;
		fill(table, entry);
		entry = (uint64_t)table | table_flags;
	}
}

static void fill_unused(uint64_t *table, unsigned level)
{
	for (unsigned i = 0; i < ENTRIES; i++) {
		if (is_unused(table[i], level))
			table[i] = nested_absent_entry[level];
		else if (level > 0 && !(table[i] & LARGE))
			fill_unused((uint64_t *)(table[i] & ADDRESS), level - 1);
	}
}

int nested_absent(uint64_t *pml4, uint64_t page_flags, uint64_t table_flags)
{
	if (nested_absent_entry[0] == 0 && make_absent(page_flags, table_flags) != 0)
		return -ENOMEM;
	fill_unused(pml4, NESTED_LEVELS - 1);
	return 0;
}

static int set_page(uint64_t *pml4, uint64_t guest, uint64_t entry, uint64_t table_flags)
{
	const struct nested_range page = { guest, 0, PAGE, NESTED_4K };
	unsigned shift;
	uint64_t *at = find_entry(pml4, &page, table_flags, &shift);

	if (at == NULL)
		return -ENOMEM;
	*at = entry;
	return 0;
}

int nested_absent_page(uint64_t *pml4, uint64_t guest, uint64_t table_flags)
{
	return set_page(pml4, guest, nested_absent_entry[0], table_flags);
}

int nested_forbid(uint64_t *pml4, struct nested_range range, uint64_t table_flags)
{
	const uint64_t end = range.guest + range.bytes;
	int error = 0;

	for (uint64_t at = range.guest; at < end && error == 0; at += PAGE)
		error = set_page(pml4, at, 0, table_flags);
	return error;
}

/* needs: bits that the mapping entry must have. Write is bit 1 in tables of both vendors. */
static void *translate(const uint64_t *pml4, uint64_t guest, uint64_t needs)
{
	const uint64_t *table = pml4;

	if (guest >= GUEST_LIMIT)
		return NULL;
	for (unsigned shift = PML4_SHIFT; shift >= PT_SHIFT; shift -= LEVEL_BITS) {
		uint64_t entry = table[guest >> shift & (ENTRIES - 1)],
			 offset = guest & ((1ull << shift) - 1);
		if (!(entry & MAPPED))
			return NULL;
		if (shift == PT_SHIFT || entry & LARGE)
			return (entry & needs) == needs ? (void *)((entry & ADDRESS) + offset)
			                                : NULL;
		table = (const uint64_t *)(entry & ADDRESS);
	}
	return NULL;
}

void *nested_translate(const uint64_t *pml4, uint64_t guest)
{
	return translate(pml4, guest, MAPPED);
}

void *nested_translate_to_write(const uint64_t *pml4, uint64_t guest)
{
	return translate(pml4, guest, MAPPED | WRITABLE);
}
