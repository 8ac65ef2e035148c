/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State of a guest that no vendor's control structure holds: floating point with XCR0, and the
 * debug registers.
 *
 * Rule: floating-point registers move only when another guest needs them. No other code of the VMM
 * touches these registers (scripts/check_vectors.py searches the image). Debug registers, and the
 * MSRs that a back end keeps by hand, move from a guest's first use on.
 */
#ifndef ARCH_X86_VIRT_GUEST_STATE_H
#define ARCH_X86_VIRT_GUEST_STATE_H

#include "arch/x86/virt/virt.h"

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

/* Returns 0 or -ENOMEM. */
int guest_state_create(struct guest_state *s);
/* Sets the state after the processor's INIT. */
void guest_state_reset(struct guest_state *s);

/* The vcpu that its back end can enter without further work, or NULL, as after each release. */
extern const void *entry_ready;
/* Loads s's floating-point state into the registers, and saves the state of the owner: the guest
 * whose state the registers had. */
void guest_fpu_load(struct guest_state *s);
/* True: XCR0 must be read back from the processor, because guests change XCR0 with no exit. */
extern bool guest_xcr0_unseen;
/* Saves the owner's state. The state is loaded again before the owner runs. */
void guest_fpu_release(void);
/* Handles a guest's XSETBV: XCR0 is value from the next load on. Returns 0, or -EPERM with the
 * reason in what. */
int guest_set_xcr0(struct guest_state *s, uint32_t number, uint64_t value, struct denial *what);

/* Handles the first use of a debug register: the registers belong to the guest from now on and move
 * at each switch. */
void guest_debug_use(struct guest_state *s);
/* Switches the debug registers from one guest to another. Either pointer may be NULL. */
void guest_debug_switch(struct guest_state *from, const struct guest_state *to);

/* Returns true for a canonical address of 48 bits. */
static inline bool address_is_canonical(uint64_t value)
{
	return (uint64_t)((int64_t)(value << 16) >> 16) == value;
}

#endif
