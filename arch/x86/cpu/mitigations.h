/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Protection between VMs: a VM could learn secrets of another VM through the processor's
 * predictors, buffers and first-level cache. The mitigations are chosen once at boot, by CPUID and
 * IA32_ARCH_CAPABILITIES.
 *
 * Rule: the mitigations are carried out before another VM runs than the last VM, and after the
 * VMM's last work on the last VM's state. A processor without need pays one branch.
 */
#ifndef ARCH_X86_CPU_MITIGATIONS_H
#define ARCH_X86_CPU_MITIGATIONS_H

#include <stdbool.h>
#include <stdint.h>

/* In the order of their execution. */
enum {
	MITIGATE_IBPB = 1 << 0, /* forget the predicted targets of indirect branches */
	MITIGATE_RSB = 1 << 1,  /* fill the return stack buffer with returns that go nowhere */
	MITIGATE_L1D = 1 << 2,  /* empty the first-level data cache (L1TF) */
	MITIGATE_VERW = 1 << 3, /* overwrite the processor's buffers (MDS and later attacks) */
};

extern struct mitigations {
	unsigned at_switch; /* the mitigations at a switch between two VMs */
	unsigned missing;   /* needed but not offered */
	/* true: map code by 4K pages only. A 2M page that is split while in use can halt the
	 * machine. */
	bool small_pages;
	bool off;
	uint64_t ticks;   /* TSC ticks of a switch */
	const void *last; /* the last VM */
} mitigations;

/* Chooses the mitigations. Call it when the log works and before a VM is made. off:
 * mitigations=off. */
void mitigations_init(bool off);
/* Returns one line about the choice, for the banner. */
const char *mitigations_describe(void);

void mitigations_carry_out(const void *vm);

/* Call it before a VM runs. vm: any pointer that identifies the VM. */
static inline void mitigations_switch(const void *vm)
{
	if (mitigations.at_switch != 0)
		mitigations_carry_out(vm);
}

/* mitigations.S */
void mitigations_fill_rsb(void);
void mitigations_verw(void);

#endif
