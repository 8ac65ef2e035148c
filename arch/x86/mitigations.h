/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one VM could learn of another through the processor's predictors, buffers and first-level
 * cache, and what is done against it. Decided once at boot, by what CPUID and
 * IA32_ARCH_CAPABILITIES offer and ask for.
 *
 * Rule: carried out where another VM than the last one is about to run, after the last thing that
 * the VMM does with the last one's state. Where nothing is to be done it costs one branch.
 */
#ifndef ARCH_X86_MITIGATIONS_H
#define ARCH_X86_MITIGATIONS_H

#include <stdbool.h>

/* In the order in which they are carried out. */
enum {
	MITIGATE_IBPB = 1 << 0, /* forget the predicted targets of indirect branches */
	MITIGATE_RSB = 1 << 1,  /* fill the return stack buffer with returns that go nowhere */
	MITIGATE_L1D = 1 << 2,  /* empty the first-level data cache (L1TF) */
	MITIGATE_VERW = 1 << 3, /* overwrite the processor's buffers (MDS and what came after it) */
};

/* What is done at a switch between two VMs. */
extern unsigned mitigations_at_switch;
/* Map no code by pages of 2M: such a page, split under the processor's eyes, can halt the
 * machine. */
extern bool mitigations_small_pages;

/* After the log is there, before a VM is made. off: mitigations=off. */
void mitigations_init(bool off);
/* One line of what was chosen, for the banner. */
const char *mitigations_describe(void);

void mitigations_carry_out(const void *vm);

/* vm is about to run: any pointer that names it. */
static inline void mitigations_switch(const void *vm)
{
	if (__builtin_expect(mitigations_at_switch != 0, 0))
		mitigations_carry_out(vm);
}

/* mitigations.S */
void mitigations_fill_rsb(void);
void mitigations_verw(void);

#endif
