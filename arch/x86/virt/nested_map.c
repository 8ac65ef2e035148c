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
	PD_SHIFT = 21,
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

/* Fills a table with the 4K pages of a large page, so that a part can change and the rest can stay.
 * A VM can cause a split, so the loop must be short: two instructions for an entry. */
static void split(uint64_t *table, uint64_t large)
{
	uint64_t entry = large & ~(uint64_t)LARGE;

#pragma GCC unroll 16
	for (uint64_t i = 0; i < ENTRIES; i++)
		table[i] = entry + i * PAGE;
}

static uint64_t *split_large(uint64_t *entry, uint64_t large, uint64_t table_flags)
{
	uint64_t *table = frames_alloc_vmm_raw(PAGE, PAGE);

	if (table == NULL)
		return NULL;
	split(table, large);
	*entry = (uint64_t)table | table_flags;
	return table;
}

/* Returns the table behind an entry, and makes the table if needed. level: the entry's level; 0 in
 * a page table. */
static uint64_t *next_table(uint64_t *entry, unsigned level, uint64_t table_flags)
{
	if (*entry & LARGE)
		return split_large(entry, *entry, table_flags);
	if (is_unused(*entry, level)) {
		uint64_t *table = frames_alloc_vmm_raw(PAGE, PAGE);
		if (table == NULL)
			return NULL;
		fill(table, *entry == 0 ? 0 : nested_absent_entry[level - 1]);
		*entry = (uint64_t)table | table_flags;
	}
	return (uint64_t *)(*entry & ADDRESS);
}

enum { PD_LEVEL = 1 };

static uint64_t *page_directory(uint64_t *table, uint64_t guest, uint64_t table_flags)
{
	unsigned level = NESTED_LEVELS - 1;

	for (unsigned shift = PML4_SHIFT; level > PD_LEVEL && table != NULL;
	     shift -= LEVEL_BITS, level--)
		table = next_table(&table[guest >> shift & (ENTRIES - 1)], level, table_flags);
	return table;
}

/* Maps one page of the largest size that fits, or the small pages in its place. Returns the mapped
 * bytes, or 0 when memory has run out. */
static uint64_t map_one(uint64_t *table, const struct nested_range *left, uint64_t page_flags,
                        uint64_t table_flags)
{
	const uint64_t guest = left->guest, host = left->host;

	table = page_directory(table, guest, table_flags);
	if (table == NULL)
		return 0;
	uint64_t *entry = &table[guest >> PD_SHIFT & (ENTRIES - 1)];
	if (is_unused(*entry, PD_LEVEL) && ((guest | host) & (LARGE_PAGE - 1)) == 0 &&
	    left->bytes >= LARGE_PAGE) {
		if (left->small)
			return split_large(entry, host | page_flags | LARGE, table_flags) != NULL
			               ? LARGE_PAGE
			               : 0;
		*entry = host | page_flags | LARGE;
		return LARGE_PAGE;
	}
	table = next_table(entry, PD_LEVEL, table_flags);
	if (table == NULL)
		return 0;
	table[guest >> PT_SHIFT & (ENTRIES - 1)] = host | page_flags;
	return PAGE;
}

int nested_map(uint64_t *pml4, struct nested_range range, uint64_t page_flags, uint64_t table_flags)
{
	while (range.bytes > 0) {
		uint64_t done = map_one(pml4, &range, page_flags, table_flags);
		if (done == 0)
			return -ENOMEM;
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
	uint64_t *table = page_directory(pml4, guest, table_flags);

	if (table != NULL)
		table = next_table(&table[guest >> PD_SHIFT & (ENTRIES - 1)], PD_LEVEL,
		                   table_flags);
	if (table == NULL)
		return -ENOMEM;
	table[guest >> PT_SHIFT & (ENTRIES - 1)] = entry;
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
