/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack that counts NMIs for a number of seconds: the NMIs that the VMM passes on.
 *
 * Rule: the processor takes no further NMI until an IRET (SDM 3A 6.7.1), so an IRET follows each
 * NMI. The attack is prepared for an NMI at every point.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/cpu.h"
#include "guests/lib/selectors.h"
#include "guests/lib/traps.h"
#include "guests/vandal/vandal.h"

enum { VECTOR_NMI = 2 };

static const char *nmi_time;
static uint64_t nmi_start;

static void unblock_nmi(void)
{
	__asm__ volatile("movq %%rsp, %%rax\n\t"
	                 "pushq %0\n\t"
	                 "pushq %%rax\n\t"
	                 "pushfq\n\t"
	                 "pushq %1\n\t"
	                 "pushq $1f\n\t"
	                 "iretq\n"
	                 "1:"
	                 :
	                 : "i"(SELECTOR_DATA), "i"(SELECTOR_CODE)
	                 : "rax", "memory", "cc");
}

/* The next NMI may come with the IRET. The first NMI may come with the line that announces NMIs. */
static void wait_for_nmi(void *came)
{
	if (*(const uint32_t *)came == 0)
		vandal_goes("waits for NMIs from now on");
	unblock_nmi();
	while (!vandal_time_over(nmi_start, nmi_time))
		cpu_pause();
}

void vandal_nmi(const char *argument)
{
	uint32_t came = 0, others = 0;
	int vector;

	nmi_time = argument;
	nmi_start = cpu_tsc();
	while ((vector = trap_try(wait_for_nmi, &came)) >= 0) {
		came += vector == VECTOR_NMI;
		others += vector != VECTOR_NMI;
	}
	vandal_says(others == 0, "%u NMIs came, and %u other vectors", (unsigned)came,
	            (unsigned)others);
}
