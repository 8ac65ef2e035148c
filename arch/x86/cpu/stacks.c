/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's stacks. See the header for the rule.
 */
#include "arch/x86/cpu/stacks.h"

#include "arch/x86/cpu/bytes.h"
#include "arch/x86/machine/platform.h"

enum { MAIN_BYTES = 16384, WORK_BYTES = 16384, NMI_BYTES = 4096, FATAL_BYTES = 8192 };

/* A value unlike any pointer, count or text. */
#define UNUSED 0x5ec0de5a5ec0de5aull

extern char boot_stack_absent[]; /* boot/entry.S */

#define MEMORY(name, bytes) static _Alignas(PAGE) char name[PAGE + (bytes)]
MEMORY(work, WORK_BYTES);
MEMORY(nmi, NMI_BYTES);
MEMORY(fatal, FATAL_BYTES);

__attribute__((used)) struct stack stacks[STACKS] = {
	[STACK_MAIN] = { "main", boot_stack_absent, MAIN_BYTES },
	[STACK_WORK] = { "work", work, WORK_BYTES },
	[STACK_NMI] = { "nmi", nmi, NMI_BYTES },
	[STACK_FATAL] = { "fatal", fatal, FATAL_BYTES },
};

char *stack_bottom(unsigned i)
{
	return stacks[i].absent + PAGE;
}

char *stack_top(unsigned i)
{
	return stack_bottom(i) + stacks[i].bytes;
}

void stacks_fill(void)
{
	enum { OWN = 256 }; /* limit of this function's pushes */
	const char *here;
	__asm__ volatile("mov %%rsp, %0" : "=r"(here));
	for (unsigned i = 0; i < STACKS; i++) {
		const char *end = stack_of((uint64_t)here) == &stacks[i] ? here - OWN
		                                                         : stack_top(i);
		bytes_fill(stack_bottom(i), UNUSED,
		           (uint64_t)(end - stack_bottom(i)) / sizeof(uint64_t));
	}
}

uint64_t stack_deepest(unsigned i)
{
	const uint64_t *at = (const uint64_t *)stack_bottom(i);
	uint64_t unused = 0;

	while (unused < stacks[i].bytes && *at++ == UNUSED)
		unused += sizeof(*at);
	return stacks[i].bytes - unused;
}

const struct stack *stack_run_out(uint64_t address)
{
	for (unsigned i = 0; i < STACKS; i++)
		if (address - (uint64_t)stacks[i].absent < PAGE)
			return &stacks[i];
	return NULL;
}

const struct stack *stack_of(uint64_t address)
{
	for (unsigned i = 0; i < STACKS; i++)
		if (address - (uint64_t)stack_bottom(i) < stacks[i].bytes)
			return &stacks[i];
	return NULL;
}
