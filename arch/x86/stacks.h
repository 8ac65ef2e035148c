/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's stacks.
 *
 * Rule: the page below each is not there. A stack that runs out faults at its end, before anything
 * else is overwritten, and the panic names it. No function's frame is larger than that page (the
 * Makefile's STACK_FRAME).
 */
#ifndef ARCH_X86_STACKS_H
#define ARCH_X86_STACKS_H

#include <stdbool.h>
#include <stdint.h>

enum { STACK_MAIN, STACK_WORK, STACK_NMI, STACK_FATAL, STACKS };

struct stack {
	const char *name;
	char *absent; /* the page below */
	uint64_t bytes;
};

/* A test makes a copy of the image with stacks that are too small. */
extern struct stack stacks[STACKS];

char *stack_bottom(unsigned i);
char *stack_top(unsigned i);
/* Fills what is not in use with a pattern. Call it once. */
void stacks_fill(void);
/* How many bytes of it have been in use at most, as the pattern tells. */
uint64_t stack_deepest(unsigned i);
/* The stack whose page below holds the address, or whose own memory does; NULL: none. */
const struct stack *stack_run_out(uint64_t address);
const struct stack *stack_of(uint64_t address);

#endif
