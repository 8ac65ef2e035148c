/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack that does the first steps of loaders and kernels, in absent memory: the attack clears
 * the text screen, looks for ROMs, sizes memory by writing and reading back, and changes memory by
 * instructions that read and write. A second attack writes across both ends of the hole below
 * 1 MiB.
 *
 * Rule: absent memory reads as ones and keeps no value, whatever the kind of write was. Memory
 * keeps its part of an operand that goes on in absent memory.
 */
#include "guests/lib/machine.h"
#include "guests/vandal/vandal.h"

enum { SCREEN_AT = 0xb8000, SCREEN_CELLS = 80 * 25, BLANK = 0x0720 };
enum { MEMORY_HOLE = 0xa0000, ROMS_AT = 0xc0000, ROMS_END = 0x100000, ROM_STEP = 512 };
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
		kept += screen[i] != 0xffff;
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
		found += *(volatile uint32_t *)machine_window(at) != 0xffffffff;
	return found;
}

/* By stores of 8 bytes and of a single byte. */
static unsigned size_memory(void)
{
	unsigned found = 0;

	for (uint64_t mib = BEYOND; mib < MEMORY_END; mib++) {
		volatile uint64_t *at = machine_window(mib * MIB);

		at[0] = 0x55aa1234;
		at[1] = ~0x55aa1234ul;
		*(volatile uint8_t *)at = 0x55;
		found += at[0] == 0x55aa1234 || at[1] == ~0x55aa1234ul ||
		         *(volatile uint8_t *)at == 0x55;
	}
	return found;
}

/* Runs an instruction on absent memory. Returns 1 where RAX, CF, ZF or the memory is not as on a
 * PC. EAX_BEFORE: RAX before; CF is set before, and ZF is clear. */
#define CHANGE(instruction, eax_before, eax_after, cf, zf)                                \
	({                                                                                \
		uint64_t rax = (eax_before);                                              \
		bool carry, zero;                                                         \
		__asm__ volatile("or $1, %%cl\n\tstc\n\t" instruction                     \
		                 : "+a"(rax), "=@ccc"(carry), "=@ccz"(zero), "+m"(*at)    \
		                 : [at] "r"(at), "b"(5ul)                                 \
		                 : "rcx");                                                \
		rax != (eax_after) || carry != (cf) || zero != (zf) || *at != UINT64_MAX; \
	})

/* Instructions that read, change and write: they read ones, and the write is lost. */
static unsigned change_memory(void)
{
	volatile uint64_t *at = machine_window(BEYOND * MIB + 64);
	unsigned wrong = 0;

	wrong += CHANGE("orl $5, (%[at])", 7, 7, false, false);
	wrong += CHANGE("andl %%ebx, (%[at])", 7, 7, false, false);
	wrong += CHANGE("xorl $-1, (%[at])", 7, 7, false, true);
	wrong += CHANGE("incl (%[at])", 7, 7, true, true);
	wrong += CHANGE("decb (%[at])", 7, 7, true, false);
	wrong += CHANGE("notq (%[at])", 7, 7, true, false);
	wrong += CHANGE("negw (%[at])", 7, 7, true, false);
	wrong += CHANGE("lock addq $1, (%[at])", 7, 7, true, true);
	wrong += CHANGE("adcl $0, (%[at])", 7, 7, true, true);
	wrong += CHANGE("shlq $1, (%[at])", 7, 7, true, false);
	wrong += CHANGE("shrb $4, (%[at])", 7, 7, true, false);
	wrong += CHANGE("btsl $5, (%[at])", 7, 7, true, false);
	wrong += CHANGE("lock btrq %%rbx, (%[at])", 7, 7, true, false);
	wrong += CHANGE("xchgl %%eax, (%[at])", 7, UINT32_MAX, true, false);
	wrong += CHANGE("xchgb %%ah, (%[at])", 7, 0xff07, true, false);
	wrong += CHANGE("lock xaddw %%ax, (%[at])", 2, 0xffff, true, false);
	wrong += CHANGE("lock cmpxchgq %%rbx, (%[at])", 7, UINT64_MAX, true, false);
	wrong += CHANGE("cmpxchgl %%ebx, (%[at])", UINT32_MAX, UINT32_MAX, false, true);
	return wrong;
}

/* Writes an operand of so many bytes, of which the first `below` bytes lie before `edge`. Returns
 * 1 where the part in memory is not as on a PC. up: that part is the second one. */
static unsigned cross(volatile uint8_t *edge, unsigned bytes, unsigned below, bool up)
{
	const uint64_t value = 0x8877665544332211;
	volatile uint8_t *at = edge - below;
	uint8_t saved[sizeof(value)];
	unsigned wrong = 0;
	const unsigned first = up ? below : 0, end = up ? bytes : below;

	for (unsigned i = first; i < end; i++) {
		saved[i] = at[i];
		at[i] = 0x5a;
	}
	uint64_t rax = value;
	volatile void *to = at;
	if (bytes == 2)
		__asm__ volatile("movw %w0, (%1)" : : "r"(rax), "r"(to) : "memory");
	else if (bytes == 4)
		__asm__ volatile("xchgl %k0, (%1)" : "+r"(rax) : "r"(to) : "memory");
	else
		__asm__ volatile("stosq" : "+D"(to) : "a"(rax) : "memory");
	for (unsigned i = first; i < end; i++) {
		wrong |= at[i] != (uint8_t)(value >> 8 * i);
		at[i] = saved[i];
	}
	return wrong;
}

/* Memory ends at A0000h, and begins again at 100000h. */
static unsigned cross_edges(void)
{
	volatile uint8_t *low = machine_window(0);
	unsigned wrong = 0;

	for (unsigned bytes = 2; bytes <= 8; bytes *= 2)
		for (unsigned below = 1; below < bytes; below++)
			wrong += cross(low + MEMORY_HOLE, bytes, below, false) +
			         cross(low + ROMS_END, bytes, below, true);
	return wrong;
}

void vandal_absent(const char *argument)
{
	unsigned kept = 0, roms = 0, found = 0, changed = 0;

	(void)argument;
	if (machine_is_virtual()) {
		kept = clear_screen();
		roms = find_roms();
		found = size_memory();
		changed = change_memory();
	}
	vandal_says(kept + roms + found + changed == 0,
	            "%u cells kept, %u ROMs, %u MiB found where none is, %u changes that are wrong",
	            kept, roms, found, changed);
}

void vandal_edges(const char *argument)
{
	const unsigned lost = machine_is_virtual() ? cross_edges() : 0;

	(void)argument;
	vandal_says(lost == 0, "%u parts of writes lost at the ends of memory", lost);
}
