/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State of a guest that no vendor's control structure holds. See the header for the rule.
 */
#include "arch/x86/virt/guest_state.h"
#include "arch/x86/cpu/fpu.h"
#include "arch/x86/cpu/mitigations.h"

#include <errno.h>
#include <string.h>

enum { DR6_RESET = 0xffff0ff0 };

const void *entry_ready;
bool guest_xcr0_unseen;

/* The floating-point registers of the processor. */
static struct {
	/* the guest whose state is in the registers, or NULL when their content does not matter */
	struct guest_state *owner;
	/* When guests change XCR0 unseen: the components beyond x87 and SSE that may hold another
	 * guest's values. The next guest could open the components before the VMM notices.
	 * Otherwise 0. */
	uint64_t left_behind;
} registers;

int guest_state_create(struct guest_state *s)
{
	s->fpu = fpu_create();
	return s->fpu != NULL ? 0 : -ENOMEM;
}

__attribute__((cold)) void guest_state_reset(struct guest_state *s)
{
	if (registers.owner == s) {
		registers.owner = NULL;
		registers.left_behind = guest_xcr0_unseen ? UINT64_MAX : 0;
	}
	entry_ready = NULL;
	memset(s->debug, 0, sizeof(s->debug));
	s->debug[GUEST_DR6] = DR6_RESET;
	s->uses_debug = false;
	s->xcr0 = 1;
	s->xcr0_widest = fpu_widest_at_reset;
	fpu_reset(s->fpu);
}

static inline void put_away(struct guest_state *owner)
{
	if (guest_xcr0_unseen) {
		owner->xcr0 = fpu_xcr0();
		owner->xcr0_widest |= owner->xcr0;
		registers.left_behind = owner->xcr0_widest;
	}
	fpu_save(owner->fpu, owner->xcr0_widest);
}

/* The next two functions are no part of their callers, because scripts/check_vectors.py finds their
 * instructions by name. */
#define FOUND_BY_NAME __attribute__((noinline))

FOUND_BY_NAME void guest_fpu_release(void)
{
	if (registers.owner != NULL)
		put_away(registers.owner);
	registers.owner = NULL;
	entry_ready = NULL;
}

FOUND_BY_NAME void guest_fpu_load(struct guest_state *s)
{
	if (registers.owner == s)
		return;
	if (registers.owner != NULL)
		put_away(registers.owner);
	fpu_load(s->fpu, s->xcr0_widest | registers.left_behind, s->xcr0);
	registers.owner = s;
	mitigations_switch(s); /* the last work on another VM before s runs */
}

__attribute__((cold)) int guest_set_xcr0(struct guest_state *s, uint32_t number, uint64_t value,
                                         struct denial *what)
{
	guest_fpu_release();
	if (number != 0 || !fpu_allows(value) || fpu_try_xcr0(value) != 0) {
		*what = (struct denial){ "XSETBV %lx = %lx", { number, value } };
		return -EPERM;
	}
	s->xcr0 = value;
	s->xcr0_widest |= value;
	return 0;
}

static void debug_load(const uint64_t *debug)
{
	__asm__ volatile("mov %0, %%dr0; mov %1, %%dr1; mov %2, %%dr2; mov %3, %%dr3; mov %4, %%dr6"
	                 :
	                 : "r"(debug[0]), "r"(debug[1]), "r"(debug[2]), "r"(debug[3]),
	                   "r"(debug[GUEST_DR6]));
}

static void debug_save(uint64_t *debug)
{
	__asm__ volatile("mov %%dr0, %0; mov %%dr1, %1; mov %%dr2, %2; mov %%dr3, %3; mov %%dr6, %4"
	                 : "=r"(debug[0]), "=r"(debug[1]), "=r"(debug[2]), "=r"(debug[3]),
	                   "=r"(debug[GUEST_DR6]));
}

void guest_debug_use(struct guest_state *s)
{
	if (s->uses_debug)
		return;
	s->uses_debug = true;
	debug_load(s->debug);
}

void guest_debug_switch(struct guest_state *from, const struct guest_state *to)
{
	if (from != NULL && from->uses_debug)
		debug_save(from->debug);
	if (to != NULL && to->uses_debug)
		debug_load(to->debug);
}
