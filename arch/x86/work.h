/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work: a second flow of control in the VMM, with a stack of its own, for what takes long:
 * formatting, printing, commands.
 *
 * Rule: an NMI ends a stretch of work at any instruction, and the run loop goes on as after an exit
 * (work.S). So work may be as long as it likes, and no interrupt waits for it. What work changes
 * together it changes between work_hold() and work_release(), in few instructions.
 */
#ifndef ARCH_X86_WORK_H
#define ARCH_X86_WORK_H

#include "arch/x86/nmi.h"

#include <stdbool.h>
#include <stdint.h>

/* Work is executed now and may be left at any instruction. The NMI handler clears it. */
extern volatile uint8_t work_open;
/* Work has the processor, held or not. */
extern bool work_inside;

/* Prepares the work: the first work_run() enters body, which never returns. top: of its stack, a
 * multiple of 16. */
void work_init(void *top, void (*body)(void));
/* Executes work until it calls work_pause() or an NMI comes. Call it from the run loop, with no
 * VM loaded in the chipset. */
void work_run(void);
/* Called by the work itself: back to the run loop. Returns at the next work_run(). */
void work_pause(void);

/* Whoever has the processor keeps it, work or not: for a panic. */
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

/* Ends work_hold(); an NMI that came in between ends the stretch now. Outside of work this
 * changes nothing. */
static inline void work_release(void)
{
	if (!work_inside)
		return;
	work_open = 1;
	if (nmi_count != 0)
		work_pause();
}

#endif
