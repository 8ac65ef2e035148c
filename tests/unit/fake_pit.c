/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmm/core/pit.c where no VM has a PIT of its own.
 *
 * Rule: nothing is due, and nobody asks.
 */
#include "vmm/core/pit.h"

#include <stdlib.h>

uint64_t pit_due = PIT_NEVER;
bool pit_moves, pit_ticks;

void pit_work(uint64_t now)
{
	(void)now;
	abort();
}

void pit_take(struct vm *vm)
{
	(void)vm;
	abort();
}

void pit_put_away(struct vm *vm)
{
	(void)vm;
	abort();
}

void pit_load(struct vm *vm)
{
	(void)vm;
	abort();
}

void pit_load_alarm(void)
{
	abort();
}

void pit_silence_alarm(void)
{
	abort();
}

void pit_forget_alarm(void)
{
	abort();
}
