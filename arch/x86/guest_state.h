/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State of a guest that no vendor's control structure carries: floating point with XCR0, and the
 * debug registers.
 *
 * Rule: floating-point registers move when another guest needs them and not before. Nothing else in
 * the VMM touches these registers (scripts/check_vectors.py looks through the image). Debug
 * registers, and the MSRs that a back end keeps by hand, from a guest's first use of them on.
 */
#ifndef ARCH_X86_GUEST_STATE_H
#define ARCH_X86_GUEST_STATE_H

#include "arch/x86/virt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GUEST_DR6 = 4, GUEST_DEBUG_REGISTERS = 5 };

struct guest_state {
	void *fpu;
	uint64_t xcr0, xcr0_widest;
	uint64_t debug[GUEST_DEBUG_REGISTERS]; /* DR0-DR3, DR6 */
	bool uses_debug;
};

/* 0 or -ENOMEM. */
int guest_state_create(struct guest_state *s);
/* As after the processor's INIT. */
void guest_state_reset(struct guest_state *s);

/* Whose floating-point state is in the processor's registers; NULL: nobody's that matters. */
extern struct guest_state *guest_fpu_owner;
/* The vcpu that can be entered with nothing to do before, as its back end has found; NULL: nobody,
 * as after each release. */
extern const void *guest_settled;
/* Bring s's floating-point state into the registers, the owner's away. */
void guest_fpu_load(struct guest_state *s);
/* XCR0 is to be read back from the processor: its guests change it with no exit. */
extern bool guest_xcr0_unseen;
/* Put the owner's state away; it is loaded again before the owner runs. */
void guest_fpu_release(void);
/* XSETBV by the guest: XCR0 is value from the next load on. 0, or -EPERM with what saying why. */
int guest_set_xcr0(struct guest_state *s, uint32_t number, uint64_t value, struct denial *what);

/* First use of a debug register: from now on they are the guest's and move at each switch. */
void guest_debug_use(struct guest_state *s);
/* Either may be NULL. */
void guest_debug_switch(struct guest_state *from, const struct guest_state *to);

/* A canonical address of 48 bits. */
static inline bool address_is_canonical(uint64_t value)
{
	return (uint64_t)((int64_t)(value << 16) >> 16) == value;
}

#endif
