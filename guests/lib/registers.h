/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests whether registers keep their values. Interrupts and exits meanwhile must leave no trace in
 * registers.
 *
 * Rule: during the wait there is a pattern in every general register except the stack pointer, in
 * XMM0-15 and on the x87 stack.
 */
#ifndef GUESTS_LIB_REGISTERS_H
#define GUESTS_LIB_REGISTERS_H

#include <stdint.h>

/* Loads patterns made of seed, spins so many rounds, and compares. Returns how many registers had
 * changed. */
unsigned registers_hold(uint64_t seed, uint64_t rounds);
/* Like registers_hold(), with a VMCALL (SB_CALL_YIELD) in each round instead: RAX is left out. */
unsigned registers_hold_yielding(uint64_t seed, uint64_t rounds);

#endif
