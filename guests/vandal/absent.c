/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A deed that does the first steps of loaders and kernels, in absent memory: the deed clears the
 * text screen, looks for ROMs, and sizes memory by writing and reading back.
 *
 * Rule: absent memory reads as ones and keeps no value, whatever the kind of write was.
 */
#include "guests/lib/machine.h"
#include "guests/vandal/vandal.h"

enum { SCREEN_AT = 0xB8000, SCREEN_CELLS = 80 * 25, BLANK = 0x0720 };
enum { ROMS_AT = 0xC0000, ROMS_END = 0x100000, ROM_STEP = 512 };
enum { MIB = 1 << 20, MEMORY_END = 64 /* MiB */, BEYOND = 16 /* beyond any vandal's memory */ };

static unsigned clear_screen(void)
{
	volatile uint16_t *screen = machine_window(SCREEN_AT);
	void *at = (void *)(uintptr_t)screen;
	uint64_t count = SCREEN_CELLS;
	unsigned kept = 0;

	for (unsigned i = 0; i < SCREEN_CELLS; i++)
		screen[i] = BLANK;
	__asm__ volatile("rep stosw" : "+D"(at), "+c"(count) : "a"(BLANK) : "memory");
	for (unsigned i = 0; i < SCREEN_CELLS; i++)
		kept += screen[i] != 0xFFFF;
	kept += count != 0 || at != (const void *)(uintptr_t)(screen + SCREEN_CELLS);
	at = (void *)(uintptr_t)screen;
	const void *from = (const void *)(uintptr_t)(screen + 80);
	count = SCREEN_CELLS - 80;
	__asm__ volatile("rep movsw" : "+D"(at), "+S"(from), "+c"(count) : : "memory");
	return kept + (count != 0);
}

static unsigned find_roms(void)
{
	unsigned found = 0;

	for (uint32_t at = ROMS_AT; at < ROMS_END; at += ROM_STEP)
		found += *(volatile uint32_t *)machine_window(at) != 0xFFFFFFFF;
	return found;
}

/* By stores of 8 bytes and of a single byte. */
static unsigned size_memory(void)
{
	unsigned found = 0;

	for (uint64_t mib = BEYOND; mib < MEMORY_END; mib++) {
		volatile uint64_t *at = machine_window(mib * MIB);

		at[0] = 0x55AA1234;
		at[1] = ~0x55AA1234ul;
		*(volatile uint8_t *)at = 0x55;
		found += at[0] == 0x55AA1234 || at[1] == ~0x55AA1234ul ||
		         *(volatile uint8_t *)at == 0x55;
	}
	return found;
}

void vandal_absent(const char *argument)
{
	unsigned kept = 0, roms = 0, found = 0;

	(void)argument;
	if (machine_is_virtual()) {
		kept = clear_screen();
		roms = find_roms();
		found = size_memory();
	}
	vandal_says(kept + roms + found == 0, "%u cells kept, %u ROMs, %u MiB found where none is",
	            kept, roms, found);
}
