/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first 2 MiB, with the VMM's image, by pages of 4 KiB.
 *
 * Rule: code and constants are read-only, only code is executable, and the pages below the stacks
 * are not mapped. boot/entry.S maps the same memory as one page with every access allowed. The
 * one-to-one mapping stays.
 *
 * The small pages cost a real processor no more than the one page: MTRRs give the first MiB several
 * memory types, so the processor splits a large page there by itself (SDM 3A 11.11.9).
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/stacks.h"
#include "arch/x86/machine/platform.h"

/* Page table entry: as in boot/entry.S */
enum { PRESENT = 1 << 0, WRITABLE = 1 << 1, UNCACHED = 3 << 3, LARGE = 1 << 7, ENTRIES = 512 };
#define NO_EXECUTE (1ull << 63)

enum { EFER_NXE = 1 << 11 };
#define MSR_EFER 0xc0000080u

extern char image_start[], text_end[], data_start[];           /* linker.ld */
extern uint64_t page_directories[], page_directory_pointers[]; /* boot/entry.S */

static _Alignas(PAGE) uint64_t table[ENTRIES];

static uint64_t entry_of(uint64_t page, uint64_t no_execute)
{
	uint64_t code = (uint64_t)image_start,
		 constants = ((uint64_t)text_end + PAGE - 1) & ~(uint64_t)(PAGE - 1);

	if (page >= code && page < constants)
		return page | PRESENT;
	if (page >= constants && page < (uint64_t)data_start)
		return page | PRESENT | no_execute;
	return stack_run_out(page) != NULL ? 0 : page | PRESENT | WRITABLE | no_execute;
}

static uint64_t no_execute_bit(void)
{
	return msr_read(MSR_EFER) & EFER_NXE ? NO_EXECUTE : 0;
}

bool pages_map_high(uint64_t first, uint64_t end, bool device)
{
	enum { GIB_SHIFT = 30 };

	if (!cpu_has_gib_pages())
		return false;
	for (uint64_t gib = first >> GIB_SHIFT; gib <= (end - 1) >> GIB_SHIFT; gib++)
		page_directory_pointers[gib] = gib << GIB_SHIFT | LARGE | WRITABLE | PRESENT |
		                               no_execute_bit() | (device ? UNCACHED : 0);
	return true;
}

void pages_protect(void)
{
	uint64_t no_execute = no_execute_bit();

	for (uint64_t i = 0; i < ENTRIES; i++)
		table[i] = entry_of(i * PAGE, no_execute);
	page_directories[0] = (uint64_t)table | PRESENT | WRITABLE;
	cr3_write(cr3_read());
}

void pages_drop_first(void)
{
	table[0] = 0;
	__asm__ volatile("invlpg 0" : : : "memory");
}
