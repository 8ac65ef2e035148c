/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attacks from which a guest does not return, or should not.
 *
 * Rule: each attack announces itself first. The consequences concern this guest alone.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/cpu.h"
#include "guests/lib/selectors.h"
#include "guests/lib/traps.h"
#include "guests/vandal/task_switch.h"
#include "guests/vandal/vandal.h"

#include <stddef.h>

void vandal_triple(const char *argument)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) nothing = { 0, 0 };

	(void)argument;
	vandal_goes("a triple fault comes now");
	__asm__ volatile("lidt %0; int3" : : "m"(nothing));
}

void vandal_spin(const char *argument)
{
	(void)argument;
	vandal_goes("spins with interrupts off from now on");
	__asm__ volatile("cli; 1: jmp 1b");
}

void vandal_clihlt(const char *argument)
{
	(void)argument;
	vandal_goes("halts with interrupts off now");
	for (;;)
		__asm__ volatile("cli; hlt");
}

void vandal_hlt(const char *argument)
{
	(void)argument;
	vandal_goes("halts with interrupts on from now on");
	for (;;)
		cpu_sleep();
}

/* ---- Task switch ---- */

/*
 * Descriptor (SDM 3A 3.4.5), a 32-bit TSS: type 9 (available)
 *
 *   63    56 55    52 51   48 47 46 45 44 43  40 39       16 15      0
 *   base     G 0 0 0  limit    P  DPL   0   type  base 23:0   limit
 */
static uint64_t tss_descriptor(const void *tss)
{
	uint64_t base = (uint64_t)(uintptr_t)tss;

	return (base & 0xff000000) << 32 | 0x89ul << 40 | (base & 0xffffff) << 16 | (TSS_BYTES - 1);
}

/* Interrupt gate of 32-bit mode (SDM 3A 6.11) */
static uint64_t gate32(uint32_t entry)
{
	return (uint64_t)(entry & 0xffff0000) << 32 | 0x8eul << 40 | SELECTOR_CODE32 << 16 |
	       (entry & 0xffff);
}

extern uint64_t guest_gdt[];

void vandal_taskswitch(const char *argument)
{
	static uint32_t old[TSS_BYTES / 4], new[TSS_BYTES / 4];

	(void)argument;
	guest_gdt[SELECTOR_TSS_OLD / 8] = tss_descriptor(old);
	guest_gdt[SELECTOR_TSS_NEW / 8] = tss_descriptor(new);
	new[TSS_EIP / 4] = (uint32_t)(uintptr_t)task_switch_task;
	new[TSS_EFLAGS / 4] = 2;
	new[TSS_ESP / 4] = (uint32_t)(uintptr_t)&task_switch_stack[TASK_STACK_BYTES];
	new[TSS_CS / 4] = SELECTOR_CODE32;
	new[TSS_ES / 4] = new[TSS_SS / 4] = new[TSS_DS / 4] = SELECTOR_DATA;
	new[TSS_IOMAP / 4] = TSS_BYTES << 16;
	for (unsigned vector = 0; vector < TASK_VECTORS; vector++)
		task_switch_idt[vector] = gate32((uint32_t)(uintptr_t)task_switch_fault);

	vandal_goes("a task switch by hardware comes now");
	uint32_t switched = task_switch();
	traps_load();
	vandal_says(true, switched ? "the new task ran" : "an exception came instead");
}
