/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The call of the entry of enter.S.
 *
 * Rule: only exit.c includes the header. The host tests have a header of their own in its place
 * (tests/unit/fake).
 */
#ifndef ARCH_X86_VIRT_SVM_ENTER_H
#define ARCH_X86_VIRT_SVM_ENTER_H

#include <stdint.h>

/* Calls the entry of enter.S. Every register except RBP is lost. */
#define RUN(v)                                                                                  \
	({                                                                                      \
		register uint64_t regs_ __asm__("rdi") = (uint64_t) & (v)->regs;                \
		register uint64_t vmcb_ __asm__("rsi") = (uint64_t)(v)->vmcb;                   \
		unsigned result_;                                                               \
		__asm__ volatile("call svm_run"                                                 \
		                 : "=a"(result_), "+r"(regs_), "+r"(vmcb_)                      \
		                 :                                                              \
		                 : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", \
		                   "r14", "r15", "cc", "memory");                               \
		result_;                                                                        \
	})

#endif
