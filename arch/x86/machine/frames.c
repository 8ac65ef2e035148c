/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical memory: the free ranges. Memory is given away, and taken back by frames_restore() alone.
 *
 * Rule: only RAM from 1 MiB to 3 GiB and from 4 GiB to 512 GiB is used. The BIOS and the loader lie
 * below, the uncached GiB of boot/entry.S lies between, and one page table of the VMM ends above.
 * The low ranges are given away first.
 */
#include "arch/x86/machine/platform.h"

#include "arch/x86/cpu/bytes.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/multiboot.h"

#include <string.h>

enum { RANGES_MOST = 64, MMAP_RAM = 1, MMAP_LEAST = 20 };
#define RAM_FIRST 0x100000ull
#define RAM_LOW_END 0xc0000000ull
#define RAM_HIGH_FIRST (1ull << 32)
#define RAM_END (1ull << 39)

extern char image_start[], bss_end[]; /* linker.ld */

struct range {
	uint64_t first, end;
};

static struct {
	struct range free[RANGES_MOST]; /* disjoint, sorted by address */
	unsigned free_count;
	uint64_t vmm_bytes, end;
	bool unmapped; /* there is RAM above 4 GiB that the processor cannot map */
} memory, kept;

static uint64_t round_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

static uint64_t round_down(uint64_t value, uint64_t align)
{
	return value & ~(align - 1);
}

/* Inserts a range. When the list is full, the range is dropped, and its memory stays unused. */
static void range_insert(unsigned at, uint64_t first, uint64_t end)
{
	if (first >= end || memory.free_count == RANGES_MOST)
		return;
	memmove(&memory.free[at + 1], &memory.free[at],
	        (memory.free_count - at) * sizeof(*memory.free));
	memory.free[at] = (struct range){ first, end };
	memory.free_count++;
}

static void range_delete(unsigned at)
{
	memory.free_count--;
	memmove(&memory.free[at], &memory.free[at + 1],
	        (memory.free_count - at) * sizeof(*memory.free));
}

static void memory_remove(uint64_t first, uint64_t end)
{
	for (unsigned i = 0; i < memory.free_count;) {
		struct range *r = &memory.free[i];
		bool head = r->first < first, tail = end < r->end;

		if (r->end <= first || r->first >= end) {
			i++;
		} else if (head && tail) {
			uint64_t last = r->end;

			r->end = first;
			range_insert(i + 1, end, last);
			return;
		} else if (head) {
			r->end = first;
		} else if (tail) {
			r->first = end;
		} else {
			range_delete(i);
		}
	}
}

/* Adds the RAM of [least, most) to the free ranges. Firmware maps sometimes overlap, so the
 * function first removes the same memory. */
static void part_add(uint64_t first, uint64_t end, uint64_t least, uint64_t most)
{
	unsigned at = 0;

	first = round_up(first < least ? least : first, PAGE);
	end = round_down(end > most ? most : end, PAGE);
	if (first >= end)
		return;
	if (least == RAM_HIGH_FIRST && !pages_map_high(first, end, false)) {
		memory.unmapped = true;
		return;
	}
	if (end > memory.end)
		memory.end = end;
	memory_remove(first, end);
	while (at < memory.free_count && memory.free[at].first < first)
		at++;
	range_insert(at, first, end);
}

static void memory_add(uint64_t first, uint64_t end)
{
	part_add(first, end, RAM_FIRST, RAM_LOW_END);
	part_add(first, end, RAM_HIGH_FIRST, RAM_END);
}

static void memory_reserve(uint64_t first, uint64_t bytes)
{
	if (bytes)
		memory_remove(round_down(first, PAGE), round_up(first + bytes, PAGE));
}

static void string_reserve(uint32_t string)
{
	if (string)
		memory_reserve(string, strlen((const char *)(uintptr_t)string) + 1);
}

/* Calls take() for every entry of the loader's map that is RAM (ram), or for every other entry (not
 * ram). */
static void mmap_each(const struct multiboot_info *info, bool ram,
                      void (*take)(uint64_t first, uint64_t end))
{
	uint64_t at = info->mmap_addr, end = at + info->mmap_length;

	while (at + sizeof(struct multiboot_mmap) <= end) {
		const struct multiboot_mmap *m = (const struct multiboot_mmap *)at;
		uint64_t last = m->address + m->length;

		if (m->size < MMAP_LEAST)
			return;
		if ((m->type == MMAP_RAM) == ram && last > m->address)
			take(m->address, last);
		at += m->size + sizeof(m->size);
	}
}

static void reserve_outward(uint64_t first, uint64_t end)
{
	if (first < RAM_END)
		memory_remove(round_down(first, PAGE),
		              end < RAM_END ? round_up(end, PAGE) : RAM_END);
}

static void modules_reserve(const struct multiboot_info *info)
{
	const struct multiboot_module *m = (const struct multiboot_module *)(uintptr_t)
	                                           info->mods_addr;

	memory_reserve(info->mods_addr, info->mods_count * sizeof(*m));
	for (unsigned i = 0; i < info->mods_count; i++) {
		if (m[i].end > m[i].start)
			memory_reserve(m[i].start, m[i].end - m[i].start);
		string_reserve(m[i].string);
	}
}

void frames_init(const struct multiboot_info *info)
{
	uint64_t image = (uint64_t)(bss_end - image_start);

	memory.free_count = 0;
	memory.end = 0;
	memory.unmapped = false;
	memory.vmm_bytes = round_up(image, PAGE);
	if (info->flags & MULTIBOOT_INFO_MMAP) {
		mmap_each(info, true, memory_add);
		mmap_each(info, false, reserve_outward);
		memory_reserve(info->mmap_addr, info->mmap_length);
	} else if (info->flags & MULTIBOOT_INFO_MEMORY) {
		memory_add(RAM_FIRST, RAM_FIRST + (uint64_t)info->mem_upper * 1024);
	}
	if (memory.unmapped)
		log_line("RAM above 4 GiB is not used: the processor has no pages of 1 GiB "
		         "(CPUID.80000001h:EDX[26] = 0)");
	memory_reserve((uint64_t)image_start, image);
	memory_reserve((uint64_t)info, sizeof(*info));
	if (info->flags & MULTIBOOT_INFO_CMDLINE)
		string_reserve(info->cmdline);
	if (info->flags & MULTIBOOT_INFO_MODS)
		modules_reserve(info);
}

/* First fit from below. Memory from the head of a range leaves the other ranges alone, so a page is
 * cheap. */
uint64_t frames_alloc(uint64_t bytes, uint64_t align)
{
	bytes = round_up(bytes, PAGE);
	if (!bytes || bytes > RAM_END || align < PAGE || align > RAM_END)
		return 0;
	for (unsigned i = 0; i < memory.free_count; i++) {
		uint64_t first = round_up(memory.free[i].first, align);

		if (first > memory.free[i].end || memory.free[i].end - first < bytes)
			continue;
		if (first > memory.free[i].first)
			memory_remove(first, first + bytes);
		else if (memory.free[i].end - first > bytes)
			memory.free[i].first += bytes;
		else
			range_delete(i);
		return first;
	}
	return 0;
}

void *frames_alloc_vmm_raw(uint64_t bytes, uint64_t align)
{
	uint64_t first = frames_alloc(bytes, align);

	if (first)
		memory.vmm_bytes += round_up(bytes, PAGE);
	return (void *)first;
}

void *frames_alloc_vmm(uint64_t bytes, uint64_t align)
{
	void *memory = frames_alloc_vmm_raw(bytes, align);

	if (memory != NULL)
		bytes_clear(memory, bytes);
	return memory;
}

uint64_t frames_vmm_bytes(void)
{
	return memory.vmm_bytes;
}

uint64_t frames_free_bytes(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < memory.free_count; i++)
		sum += memory.free[i].end - memory.free[i].first;
	return sum;
}

uint64_t frames_largest_bytes(void)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < memory.free_count; i++)
		if (memory.free[i].end - memory.free[i].first > most)
			most = memory.free[i].end - memory.free[i].first;
	return most;
}

uint64_t frames_end(void)
{
	return memory.end;
}

void frames_keep(void)
{
	kept = memory;
}

void frames_restore(void)
{
	memory = kept;
}
