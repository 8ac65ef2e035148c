/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Segments, stacks and pages for exceptions in a row and for ring 3.
 *
 * Rule: see ring3.h.
 */
#include "guests/vandal/ring3.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/selectors.h"
#include "guests/lib/traps.h"

#include <stddef.h>
#include <string.h>

enum { STACK_BYTES = 4096, FRAME_BYTES = 40, VECTOR_DB = 1, VECTOR_AC = 17, ENTRIES = 512 };
enum {
	GDT_CODE = 1,
	GDT_DATA,
	GDT_CODE32,
	GDT_TSS,
	GDT_TSS_HIGH,
	GDT_USER_DATA,
	GDT_USER_CODE,
	GDT_ENTRIES
};
#define PAGE_PRESENT 1ul
#define PAGE_USER 4ul
#define PAGE_LARGE 0x80ul
#define PAGE_ADDRESS 0xffffffffff000ul
#define CR0_AM (1ul << 18)
/* DR7 (SDM 3B 17.2.4): local enable of breakpoint 0, always-one bit 10, on writes, 8 bytes */
#define DR7_OFF 0x400ul
#define DR7_WRITES_OF_8 (DR7_OFF | 1 | 1 << 16 | 2 << 18)

/* 64-bit TSS (SDM 3A 7.7) */
struct tss {
	uint32_t reserved0;
	uint64_t rsp[3], reserved1, ist[7], reserved2;
	uint16_t reserved3, io_map;
} __attribute__((packed));

/* Interrupt gate of 64-bit mode (SDM 3A 6.14.1) */
struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

struct pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static struct tss tss;
static uint64_t gdt[GDT_ENTRIES];
static uint8_t debug_stack[STACK_BYTES] __attribute__((aligned(16)));
static uint8_t kernel_stack[STACK_BYTES] __attribute__((aligned(16)));
static bool loaded;

static struct gate *gate_of(unsigned vector)
{
	struct pointer idt;

	__asm__ volatile("sidt %0" : "=m"(idt));
	return (struct gate *)(uintptr_t)idt.base + vector;
}

static void load_tss(void)
{
	uint64_t base = (uint64_t)(uintptr_t)&tss;
	struct pointer pointer = { sizeof(gdt) - 1, (uint64_t)(uintptr_t)gdt };

	if (loaded)
		return;
	loaded = true;
	tss.rsp[0] = (uint64_t)(uintptr_t)&kernel_stack[STACK_BYTES];
	tss.ist[0] = (uint64_t)(uintptr_t)&debug_stack[STACK_BYTES];
	tss.io_map = sizeof(tss);
	gdt[GDT_CODE] = 0x00af9b000000ffff;
	gdt[GDT_DATA] = 0x00cf93000000ffff;
	gdt[GDT_CODE32] = 0x00cf9b000000ffff;
	gdt[GDT_TSS] = (base & 0xff000000) << 32 | 0x89ul << 40 | (base & 0xffffff) << 16 |
	               (sizeof(tss) - 1);
	gdt[GDT_TSS_HIGH] = base >> 32;
	gdt[GDT_USER_DATA] = 0x00cff3000000ffff;
	gdt[GDT_USER_CODE] = 0x00affb000000ffff;
	__asm__ volatile("lgdt %0; ltr %w1" : : "m"(pointer), "r"(RING3_SELECTOR_TSS));
}

/* ---- A data breakpoint on the frame of #DB itself ---- */

static uint64_t *watched(void)
{
	return (uint64_t *)&debug_stack[STACK_BYTES - FRAME_BYTES];
}

void ring3_watch_frame(bool on)
{
	load_tss();
	gate_of(VECTOR_DB)->ist = on;
	__asm__ volatile("mov %0, %%dr0; mov %1, %%dr7"
	                 :
	                 : "r"((uint64_t)(uintptr_t)watched()),
	                   "r"(on ? DR7_WRITES_OF_8 : DR7_OFF));
}

void ring3_touch_watched(void *unused)
{
	(void)unused;
	*(volatile uint64_t *)watched() = 0;
	__asm__ volatile("nop");
}

/* ---- Ring 3 ---- */

/* The tables are mapped one to one. */
static void open_table(uint64_t table, unsigned level)
{
	uint64_t *entry = (uint64_t *)(uintptr_t)(table & PAGE_ADDRESS);

	for (unsigned i = 0; i < ENTRIES; i++) {
		if (!(entry[i] & PAGE_PRESENT))
			continue;
		entry[i] |= PAGE_USER;
		if (level > 2)
			open_table(entry[i], level - 1);
	}
}

static void set_handler(unsigned vector, uint64_t entry)
{
	struct gate *gate = gate_of(vector);

	gate->offset_low = (uint16_t)entry;
	gate->offset_middle = (uint16_t)(entry >> 16);
	gate->offset_high = (uint32_t)(entry >> 32);
}

void ring3_open(void)
{
	uint64_t cr3;

	load_tss();
	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	open_table(cr3, 4);
	__asm__ volatile("mov %0, %%cr3" : : "r"(cr3) : "memory");
	set_handler(VECTOR_AC, (uint64_t)(uintptr_t)ring3_alignment_check);
	cr0_write(cr0_read() | CR0_AM);
}

/* The guest's first GiB is a single directory of large pages (guests/lib/start.S). */
void ring3_open_page(uint64_t address)
{
	uint64_t cr3, *table;

	load_tss();
	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	table = (uint64_t *)(uintptr_t)(cr3 & PAGE_ADDRESS);
	for (unsigned shift = 39; shift > 21; shift -= 9) {
		uint64_t *entry = &table[address >> shift & (ENTRIES - 1)];

		*entry |= PAGE_USER;
		table = (uint64_t *)(uintptr_t)(*entry & PAGE_ADDRESS);
	}
	table[address >> 21 & (ENTRIES - 1)] |= PAGE_USER;
	__asm__ volatile("mov %0, %%cr3" : : "r"(cr3) : "memory");
}

static void run(const char *program)
{
	ring3_program = program;
	trap_try(ring3_enter, NULL);
	/* Ring 3 cannot hold these selectors: the processor has made the selectors null. */
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%ss" : : "r"(SELECTOR_DATA));
}

uint32_t ring3_misalign(uint32_t times)
{
	ring3_left = times;
	run(ring3_misaligned);
	return times - ring3_left;
}

int64_t ring3_call(uint64_t number)
{
	ring3_answer = (int64_t)number;
	run(ring3_calls);
	return ring3_answer;
}
