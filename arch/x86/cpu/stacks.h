/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's stacks.
 *
 * Rule: the page below each stack is not mapped. A stack overflow faults at the stack's end, before
 * other memory is overwritten, and the panic names the stack. No function's frame is larger than a
 * page (STACK_FRAME in the Makefile).
 */
#ifndef ARCH_X86_CPU_STACKS_H
#define ARCH_X86_CPU_STACKS_H

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
/* Fills the unused part of each stack with a pattern. Call it once. */
void stacks_fill(void);
/* Returns the largest number of bytes that the stack has used so far, by the pattern. */
uint64_t stack_deepest(unsigned i);
/* stack_run_out() returns the stack with the address in the page below. stack_of() returns the
 * stack with the address in its memory. Both return NULL when there is no such stack. */
const struct stack *stack_run_out(uint64_t address);
const struct stack *stack_of(uint64_t address);

#endif
