/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hints for the compiler.
 *
 * Rule: a hint stands where a measured figure needs the hint, and its comment has the figure. The
 * figures are medians in instructions, in Bochs on VMX unless the comment says SVM.
 */
#ifndef ARCH_X86_CPU_HINTS_H
#define ARCH_X86_CPU_HINTS_H

#define unlikely(condition) __builtin_expect(!!(condition), 0)
/* For a function: not inlined, so that the caller saves no register for the function's work. */
#define slow_path __attribute__((noinline))
/* For a function: inlined into each caller, so that the caller is a single path. */
#define one_path inline __attribute__((always_inline))

#endif
