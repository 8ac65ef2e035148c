/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work: a second flow of control in the VMM, with its own stack, for long jobs: formatting,
 * printing, commands.
 *
 * Rule: an NMI ends a stretch of work at any instruction, and the run loop goes on as after an exit
 * (work.S). So work may take any time, and no interrupt waits for it. Work changes related data
 * only between work_hold() and work_release(), in few instructions.
 */
#ifndef ARCH_X86_CPU_WORK_H
#define ARCH_X86_CPU_WORK_H

#include "arch/x86/cpu/nmi.h"

#include <stdbool.h>
#include <stdint.h>

/* True: work is executed now and may be left at any instruction. The NMI handler clears the
 * flag. */
extern volatile uint8_t work_open;
/* True: work has the processor, held or not. */
extern bool work_inside;

/* Prepares the work: the first work_run() enters body, which must never return. top: top of the
 * work's stack, a multiple of 16. */
void work_init(void *top, void (*body)(void));
/* Executes work until the work calls work_pause() or an NMI comes. Call it from the run loop, with
 * no VM loaded in the chipset. */
void work_run(void);
/* Goes back to the run loop. Only the work calls the function. It returns at the next
 * work_run(). */
void work_pause(void);

/* Makes the present flow of control keep the processor, in work or not. For a panic. */
static inline void work_end(void)
{
	work_open = 0;
	work_inside = false;
}

/* From here on an NMI is counted, and the work goes on. */
static inline void work_hold(void)
{
	work_open = 0;
}

/* Ends work_hold(). An NMI that came meanwhile ends the stretch now. Outside of work the call has
 * no effect. */
static inline void work_release(void)
{
	if (!work_inside)
		return;
	work_open = 1;
	if (nmi_count != 0)
		work_pause();
}

#endif
