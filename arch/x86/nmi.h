/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NMIs that arrive while the VMM runs (nmi.S): counted by the host's handler, taken by the
 * dispatcher.
 *
 * Rule: nothing sleeps on an NMI that was counted and not taken.
 */
#ifndef ARCH_X86_NMI_H
#define ARCH_X86_NMI_H

#include "arch/x86/platform.h"

#include <stdint.h>

/* From so many NMIs on that nobody has taken, the handler leaves NMIs blocked (nmi.S). */
enum { NMI_STORM = 8 };

extern volatile uint32_t nmi_count; /* taken by the handler, not yet by the dispatcher */
/* of all: those that landed between a last look and an entry or halt */
extern volatile uint32_t nmi_windows;
/* The next NMI is of an exit that has been told: the handler clears this and counts nothing. */
extern volatile uint8_t nmi_expected;

/* Called by the host's handler for each NMI, NMIs blocked: may read devices, must not touch what
 * the VMM's own code is changing. NULL: nothing. */
extern void (*nmi_hook)(void);

/* End the blocking that an NMI exit leaves behind: an IRET is the only thing that does in root
 * mode (SDM 3A 6.7.1). A pending NMI reaches the handler before this returns. */
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
/* Sleep until an NMI; returns at once when one was counted already. */
void nmi_halt(void);

/* Ends the blocking that the handler leaves behind in a storm of NMIs. Call it for a count of
 * NMI_STORM or more, when the sources have been silenced. */
void nmi_reopen(void);

/* Returns the count since the last call, and begins a new one. One instruction, so no NMI falls
 * between reading and clearing. The caller looks at the sources, and then calls nmi_looked()
 * with the count. */
static inline uint32_t nmi_take(void)
{
	uint32_t count = 0;
	__asm__ volatile("xchg %0, %1" : "+r"(count), "+m"(nmi_count));
	return count;
}

/* The sources of the NMIs that nmi_take() has counted were looked at. */
static inline void nmi_looked(uint32_t count)
{
	if (__builtin_expect(count >= NMI_STORM, 0))
		nmi_reopen();
}

/* Count one that the processor does not see: the output of a block that is the VMM's own
 * software. */
static inline void nmi_note(void)
{
	__asm__ volatile("incl %0" : "+m"(nmi_count) : : "cc");
}

#endif
