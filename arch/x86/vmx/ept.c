/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended page tables: which of the machine's memory a VM can reach.
 *
 * Rule: nothing is mapped that was not asked for; a page is 2M where both addresses and what is left allow it, else 4K.
 */
#include "arch/x86/platform.h"
#include "arch/x86/vmx/vmx.h"

#include <errno.h>

/*
 * EPT entry (SDM 3C 28.2.2)
 *   51:12 address | 7 large page | 6 ignore PAT | 5:3 memory type | 2 execute | 1 write | 0 read
 */
enum { EPT_READ = 1 << 0, EPT_WRITE = 1 << 1, EPT_EXECUTE = 1 << 2, EPT_LARGE = 1 << 7 };
enum { EPT_TYPE_SHIFT = 3, MEMORY_UC = 0, MEMORY_WB = 6 };
#define EPT_ADDRESS 0x000ffffffffff000ull
#define EPT_TABLE (EPT_READ | EPT_WRITE | EPT_EXECUTE)

/* EPTP (SDM 3C 24.6.11): 5:3 page-walk length - 1 | 2:0 memory type */
enum { EPTP_WALK_4 = 3 << 3 };

uint64_t *ept_create(void)
{
	return frames_alloc_vmm(PAGE, PAGE);
}

uint64_t ept_pointer(const uint64_t *pml4)
{
	return (uint64_t)pml4 | EPTP_WALK_4 | MEMORY_WB;
}

static uint64_t *next_table(uint64_t *entry)
{
	if (*entry == 0) {
		void *table = frames_alloc_vmm(PAGE, PAGE);
		if (table == NULL)
			return NULL;
		*entry = (uint64_t)table | EPT_TABLE;
	}
	return (uint64_t *)(*entry & EPT_ADDRESS);
}

/* One page of the largest size that fits; returns its bytes, 0 when memory ran out. */
static uint64_t map_one(uint64_t *pml4, uint64_t guest, uint64_t host, uint64_t left, uint64_t flags)
{
	uint64_t *pdpt = next_table(&pml4[guest >> 39 & 511]);
	uint64_t *pd = pdpt ? next_table(&pdpt[guest >> 30 & 511]) : NULL;
	if (pd == NULL)
		return 0;
	uint64_t *entry = &pd[guest >> 21 & 511];
	if (*entry == 0 && ((guest | host) & (LARGE_PAGE - 1)) == 0 && left >= LARGE_PAGE) {
		*entry = host | flags | EPT_LARGE;
		return LARGE_PAGE;
	}
	uint64_t *pt = next_table(entry);
	if (pt == NULL)
		return 0;
	pt[guest >> 12 & 511] = host | flags;
	return PAGE;
}

int ept_map(uint64_t *pml4, uint64_t guest, uint64_t host, uint64_t bytes, bool writable, bool executable)
{
	/* Device memory (identity mapped, below 1M or in the PCI hole) must not be cached; RAM always is. */
	uint64_t type = executable ? MEMORY_WB : MEMORY_UC;
	uint64_t flags = EPT_READ | (writable ? EPT_WRITE : 0) | (executable ? EPT_EXECUTE : 0) |
	                 type << EPT_TYPE_SHIFT;
	while (bytes > 0) {
		uint64_t done = map_one(pml4, guest, host, bytes, flags);
		if (done == 0)
			return -ENOMEM;
		guest += done;
		host += done;
		bytes -= done;
	}
	return 0;
}

void *ept_translate(const uint64_t *pml4, uint64_t guest)
{
	const uint64_t *table = pml4;
	for (int shift = 39; shift >= 12; shift -= 9) {
		uint64_t entry = table[guest >> shift & 511], offset = guest & ((1ull << shift) - 1);
		if (!(entry & EPT_READ))
			return NULL;
		if (shift == 12 || entry & EPT_LARGE)
			return (void *)((entry & EPT_ADDRESS) + offset);
		table = (const uint64_t *)(entry & EPT_ADDRESS);
	}
	return NULL;
}

void ept_invalidate(const uint64_t *pml4)
{
	struct {
		uint64_t eptp, reserved;
	} descriptor = { ept_pointer(pml4), 0 };
	uint64_t single_context = 1; /* SDM 3C 30.3, INVEPT */
	__asm__ volatile("invept %0, %1" : : "m"(descriptor), "r"(single_context) : "cc", "memory");
}
