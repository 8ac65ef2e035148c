/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prepares the work's stack for the first stretch. See the header for the rule.
 */
#include "arch/x86/cpu/work.h"

enum { SAVED_REGISTERS = 15, RFLAGS_RESERVED = 1 << 1 };

extern uint64_t work_stack; /* work.S */
extern void work_enter(void);

bool work_inside;

/* Builds the stack that work_pause() would leave: registers, RFLAGS, RIP. */
void work_init(void *stack_top, void (*body)(void))
{
	uint64_t *top = stack_top;

	/* The return address of body. body never returns, so the word only aligns the stack as
	 * after a call. */
	*--top = 0;
	*--top = (uint64_t)(uintptr_t)body;
	*--top = RFLAGS_RESERVED;
	for (unsigned i = 0; i < SAVED_REGISTERS; i++)
		*--top = 0;
	work_stack = (uint64_t)top;
}

void work_run(void)
{
	work_inside = true;
	work_enter();
	work_inside = false;
}
