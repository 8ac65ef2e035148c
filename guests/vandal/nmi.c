/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack that counts NMIs for a number of seconds: the NMIs that the VMM passes on. A second
 * attack sleeps with interrupts off until NMIs come. Its own timer (irq=0 io=0x40-0x43) goes on.
 *
 * Rule: the processor takes no further NMI until an IRET (SDM 3A 6.7.1), so an IRET follows each
 * NMI. The attack is prepared for an NMI at every point.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/cpu.h"
#include "guests/lib/pic.h"
#include "guests/lib/pit.h"
#include "guests/lib/selectors.h"
#include "guests/lib/traps.h"
#include "guests/vandal/vandal.h"

#include <stddef.h>

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

static volatile uint32_t ticks;

static void count_tick(uint64_t tsc)
{
	(void)tsc;
	ticks++;
}

/* With interrupts off an NMI alone ends a HLT. */
static void sleep_until_nmi(void *unused)
{
	(void)unused;
	unblock_nmi();
	__asm__ volatile("hlt" : : : "memory");
}

/* The handler of an NMI ends by no IRET here, so the processor takes no NMI any more. The VMM stops
 * this VM. */
void vandal_nmidead(const char *argument)
{
	(void)argument;
	cpu_interrupts_off();
	while (trap_try(sleep_until_nmi, NULL) != VECTOR_NMI)
		;
	vandal_goes("halts in the handler of an NMI");
	for (;;)
		__asm__ volatile("hlt" : : : "memory");
}

/* A HLT may end with no event: a VMM's exit ends the HLT in some emulators (docs/emulators.md). */
void vandal_nmihlt(const char *argument)
{
	enum { TICK_COUNTS = 20000 };
	const uint32_t wanted = (uint32_t)vandal_number(argument, "nmis", 2);
	uint32_t came = 0, others = 0, empty = 0;

	irq_install(PIT_LINE, count_tick);
	pit_start(TICK_COUNTS);
	pic_unmask(PIT_LINE);
	vandal_goes("sleeps with interrupts off until NMIs come");
	cpu_interrupts_off();
	for (const uint32_t before = ticks; came < wanted && others == 0;) {
		const int vector = trap_try(sleep_until_nmi, NULL);
		came += vector == VECTOR_NMI;
		empty += vector < 0;
		others += (vector >= 0 && vector != VECTOR_NMI) || ticks != before;
	}
	cpu_interrupts_on();
	pic_mask(PIT_LINE);
	vandal_says(others == 0,
	            "%u NMIs ended a HLT with interrupts off, %u other events, and no event %s",
	            (unsigned)came, (unsigned)others, empty == 0 ? "never" : "at times");
}
