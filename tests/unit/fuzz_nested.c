/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any ranges mapped one over the other, by large and small pages, until frames run out: libFuzzer
 * where clang is, else random ones.
 *
 * Rule: beside the tables stands a list of pages of 4K, one entry each. Whatever was mapped and
 * split, both say the same of each page; where frames ran out, a page is what it was or what it
 * should have become.
 */
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/nested_map.h"
#include "tests/unit/fuzz.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 64, WINDOWS = 4, PAGES = 3 * 512, LARGE = 1 << 7, TABLE_FLAGS = 7, FLAGS = 0x17 };
enum { OP_BYTES = 8 };
#define ADDRESS 0x000ffffffffff000ull

/* Where a window of guest memory begins: one below the end of each kind of table. */
static const uint64_t windows[WINDOWS] = { 0, (1ull << 30) - (2ull << 20),
	                                   (1ull << 39) - (2ull << 20), 1ull << 46 };

static _Alignas(4096) uint8_t frames[FRAMES][PAGE];
static unsigned frames_used, frames_most;
static uint64_t expected[WINDOWS][PAGES]; /* address and flags; 0: nothing */

void *frames_alloc_vmm(uint64_t bytes, uint64_t align)
{
	require(bytes == PAGE && align == PAGE, "a table is a page");
	return frames_used == frames_most ? NULL : memset(frames[frames_used++], 0, PAGE);
}

/* What it holds is anything. */
void *frames_alloc_vmm_raw(uint64_t bytes, uint64_t align)
{
	void *memory = frames_alloc_vmm(bytes, align);

	return memory == NULL ? NULL : memset(memory, 0xa5, PAGE);
}

/* The entry that maps a page, as one of 4K; small: is it one? */
static uint64_t look(const uint64_t *table, uint64_t guest, bool *small)
{
	for (unsigned shift = 39;; shift -= 9) {
		uint64_t entry = table[guest >> shift & 511];

		*small = shift == 12;
		if (!(entry & 1) || shift == 12)
			return entry;
		if (entry & LARGE) {
			require(shift == 21 || shift == 30, "a large page is one of 2M or 1G");
			return (entry & ~(uint64_t)LARGE) + (guest & ((1ull << shift) - 1));
		}
		require((entry & 0xfff) == TABLE_FLAGS, "a table has a table's flags");
		table = (const uint64_t *)(entry & ADDRESS);
	}
}

static void compare(const uint64_t *pml4, unsigned window, unsigned page, uint64_t other)
{
	uint64_t guest = windows[window] + (uint64_t)page * PAGE, *is = &expected[window][page];
	bool small;
	uint64_t entry = look(pml4, guest, &small);
	const void *at = nested_translate(pml4, guest + 7);

	require(entry == *is || (other != 0 && entry == other),
	        "a page is what was mapped there last");
	*is = entry;
	require(at == (entry == 0 ? NULL : (void *)((entry & ADDRESS) + 7)),
	        "the translation says what the table says");
}

/* One range: window, first page, length, where to, flags, small pages or not. */
static void map(uint64_t *pml4, const uint8_t *op)
{
	unsigned window = op[0] % WINDOWS, page = (op[1] | op[2] << 8) % PAGES;
	unsigned count = (op[3] & 3) == 0   ? 512
	                 : (op[3] & 3) == 1 ? 1
	                                    : 1 + (op[3] | op[4] << 8) % PAGES;
	uint64_t host = ((uint64_t)(1 + op[5]) << 21) +
	                (op[6] & 1 ? 0 : (uint64_t)(op[6] >> 1) * PAGE);
	uint64_t flags = (op[7] & (FLAGS & ~1u)) | 1;
	bool small = op[7] & 0x80;

	if (op[6] & 2)
		page &= ~511u;
	if (count > PAGES - page)
		count = PAGES - page;
	const struct nested_range range = { windows[window] + (uint64_t)page * PAGE, host,
		                            (uint64_t)count * PAGE, small ? NESTED_4K : NESTED_1G };
	bool whole = nested_map(pml4, range, flags, TABLE_FLAGS) == 0;
	require(whole || frames_used == frames_most, "it fails where no frame is left");
	for (unsigned i = 0; i < count; i++) {
		uint64_t wanted = (host + (uint64_t)i * PAGE) | flags;
		bool by_small;

		if (whole)
			expected[window][page + i] = wanted;
		compare(pml4, window, page + i, whole ? 0 : wanted);
		(void)look(pml4, range.guest + (uint64_t)i * PAGE, &by_small);
		require(!whole || !small || by_small, "small pages were asked for");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	memset(expected, 0, sizeof(expected));
	frames_used = 0;
	frames_most = 1 + data[0] % FRAMES;
	uint64_t *pml4 = nested_create();
	for (size_t at = 1; at + OP_BYTES <= size; at += OP_BYTES)
		map(pml4, data + at);
	for (unsigned window = 0; window < WINDOWS; window++)
		for (unsigned page = 0; page < PAGES; page++)
			compare(pml4, window, page, 0);
	return 0;
}

enum { INPUTS = 500, BYTES = 1 + 12 * OP_BYTES };

void tries(void)
{
	static uint8_t bytes[BYTES];
	uint32_t seed = 1;

	for (unsigned i = 0; i < INPUTS; i++) {
		for (unsigned n = 0; n < sizeof(bytes); n++) {
			seed = seed * 1664525 + 1013904223;
			bytes[n] = (uint8_t)(seed >> 16);
		}
		LLVMFuzzerTestOneInput(bytes, sizeof(bytes));
	}
	printf("nested: %d lists of ranges ... ok\n", INPUTS);
}
