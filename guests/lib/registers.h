/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Do registers keep their values? Whatever interrupts or exits happen meanwhile must leave no trace
 * in them.
 *
 * Rule: while it waits it holds a pattern in every general register but the stack pointer, in
 * XMM0-15 and on the x87 stack.
 */
#ifndef GUESTS_LIB_REGISTERS_H
#define GUESTS_LIB_REGISTERS_H

#include <stdint.h>

/* Load patterns made of seed, spin so many rounds, compare: how many registers had changed. */
unsigned registers_hold(uint64_t seed, uint64_t rounds);
/* The same with a VMCALL (SB_CALL_YIELD) in each round instead: RAX is left out. */
unsigned registers_hold_yielding(uint64_t seed, uint64_t rounds);

#endif
