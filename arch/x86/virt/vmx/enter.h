/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The call of an entry of enter.S.
 *
 * Rule: only exit.c includes the header. The host tests have a header of their own in its place
 * (tests/unit/fake).
 */
#ifndef ARCH_X86_VIRT_VMX_ENTER_H
#define ARCH_X86_VIRT_VMX_ENTER_H

#include <stdbool.h>
#include <stdint.h>

/* Calls an entry of enter.S. Every register except RBP is lost. ZF mirrors the result, so the
 * caller can branch by ZF. */
#define ENTER(entry, v, result)                                                                 \
	({                                                                                      \
		register uint64_t regs_ __asm__("rdi") = (uint64_t) & (v)->regs;                \
		bool failed_;                                                                   \
		__asm__ volatile("call " #entry                                                 \
		                 : "=@ccnz"(failed_), "=a"(result), "+r"(regs_)                 \
		                 :                                                              \
		                 : "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", \
		                   "r13", "r14", "r15", "memory");                              \
		failed_;                                                                        \
	})

#endif
