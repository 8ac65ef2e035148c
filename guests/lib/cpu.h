/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt flag and halt: instructions that a guest's kernel needs beside arch/x86/cpu/io.h.
 *
 * Rule: one instruction each, inlined.
 */
#ifndef GUESTS_LIB_CPU_H
#define GUESTS_LIB_CPU_H

#include <stdint.h>

enum { FLAGS_IF = 1 << 9 };

static inline void cpu_interrupts_on(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void cpu_interrupts_off(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline uint64_t cpu_flags(void)
{
	uint64_t flags;
	__asm__ volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
	return flags;
}

/* Turns interrupts off. Pass the answer to cpu_restore(). */
static inline uint64_t cpu_save(void)
{
	uint64_t flags = cpu_flags();
	cpu_interrupts_off();
	return flags;
}

static inline void cpu_restore(uint64_t flags)
{
	if (flags & FLAGS_IF)
		cpu_interrupts_on();
}

/* Turns interrupts on and sleeps. No interrupt fits between the two instructions (SDM 2B, STI). */
static inline void cpu_sleep(void)
{
	__asm__ volatile("sti; hlt" : : : "memory");
}

/* Takes the interrupts that wait: the processor takes an interrupt behind the NOP or the PAUSE.
 * Interrupts are off at the call and at the return. STI shields one instruction (SDM 2B, STI), and
 * the shielded instruction may not be a PAUSE: QEMU 7.2 shields the instruction behind a shielded
 * PAUSE as well (docs/emulators.md), here the CLI. */
static inline void cpu_take_interrupts(void)
{
	__asm__ volatile("sti; nop; pause; cli" : : : "memory");
}

static inline void cpu_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

#endif
