/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NMIs that arrive while the VMM runs (nmi.S): the host's handler counts an NMI, and the dispatcher
 * takes the count.
 *
 * Rule: no code sleeps while an NMI was counted and not taken.
 */
#ifndef ARCH_X86_CPU_NMI_H
#define ARCH_X86_CPU_NMI_H

#include "arch/x86/machine/platform.h"

#include <stdint.h>

/* When so many NMIs were counted and not taken, the handler leaves NMIs blocked (nmi.S). */
enum { NMI_STORM = 8 };

extern volatile uint32_t nmi_count; /* counted by the handler, not yet taken by the dispatcher */
/* the NMIs in all that came between a last test and its entry or halt */
extern volatile uint32_t nmi_windows;
/* The next NMI belongs to an exit that was reported: the handler clears this byte and counts no
 * NMI. */
extern volatile uint8_t nmi_expected;

/* The host's handler calls the hook for each NMI, with NMIs blocked. The hook may read devices, but
 * must not touch data under change by the VMM's own code. NULL: no hook. */
extern void (*nmi_hook)(void);

/* Ends the blocking that an NMI exit leaves behind. Only an IRET ends the blocking in root mode
 * (SDM 3A 6.7.1). A pending NMI reaches the handler before the function returns. */
static inline void nmi_unblock(void)
{
	uint64_t stack;
	__asm__ volatile("mov %%rsp, %0\n\t"
	                 "push %1\n\t"
	                 "push %0\n\t"
	                 "pushfq\n\t"
	                 "push %2\n\t"
	                 "push $1f\n\t"
	                 "iretq\n"
	                 "1:"
	                 : "=&r"(stack)
	                 : "i"(SELECTOR_DATA), "i"(SELECTOR_CODE)
	                 : "memory", "cc");
}
/* Sleeps until an NMI. Returns at once when an NMI was counted already. */
void nmi_halt(void);

/* Ends the blocking that the handler leaves behind in a storm of NMIs. Call it for a count of
 * NMI_STORM or more, when the sources have been silenced. */
void nmi_reopen(void);

/* Returns the count since the last call, and begins a new count. One instruction does both, so no
 * NMI falls between. The caller then checks the sources, and after that calls nmi_looked() with the
 * count. */
static inline uint32_t nmi_take(void)
{
	uint32_t count = 0;
	__asm__ volatile("xchg %0, %1" : "+r"(count), "+m"(nmi_count));
	return count;
}

/* Call it after the check of the sources, with the count of nmi_take(). */
static inline void nmi_looked(uint32_t count)
{
	if (count >= NMI_STORM)
		nmi_reopen();
}

/* Counts an NMI that the processor does not see: the output of a block of the VMM's own
 * software. */
static inline void nmi_note(void)
{
	__asm__ volatile("incl %0" : "+m"(nmi_count) : : "cc");
}

#endif
