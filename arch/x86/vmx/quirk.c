/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an emulated processor does not do as the manual says, and what is done about it here, where
 * nobody above has to know.
 *
 * Rule: a quirk has a name, a place in docs/emulators.md, and costs nothing where it is not.
 *
 * Deaf entries (Bochs 2.7 and 3.0). With external-interrupt exiting on, an interrupt exits whatever
 * IF says (SDM 3C 25.4.1). There it does not when the guest was entered with IF = 0, until IF
 * changes or an event is delivered: the processor judges by IF before it counts itself in the
 * guest. So an entry with IF = 0 ends after at most DEAF_US, by the preemption timer, and the VMM
 * looks at the door (exit reason POLL). What the timer was to measure goes on afterwards.
 */
#include "arch/x86/platform.h"
#include "arch/x86/vmx/vmx.h"

enum { DEAF_US = 1000, RFLAGS_IF = 1 << 9, REASON_TIMER = 52 };

static uint64_t deaf_ticks; /* of the timer */

void quirk_deaf_entries(struct vcpu *v, bool on)
{
	v->deaf_entries = on && platform.bochs;
	v->timer_rest = 0;
	if (!v->deaf_entries)
		return;
	deaf_ticks = tsc_from_us(DEAF_US) >> vmx_caps.timer_shift;
	vmx_plain_reasons = REASON_TIMER;
	guest_settled = NULL;
}

/* The timer holds what was left at the exit; timer_rest is what the quirk had taken from it. */
void quirk_before_entry(struct vcpu *v)
{
	bool deaf = !(vmcs_read(GUEST_RFLAGS) & RFLAGS_IF) &&
	            !(vmcs_read(ENTRY_INTERRUPTION) & INTERRUPTION_VALID);
	if (!deaf && v->timer_rest == 0)
		return;
	if (!(v->pin & PIN_PREEMPTION_TIMER)) /* nothing was to be measured: as long as it can */
		vmx_set_timer(v, (uint64_t)UINT32_MAX << vmx_caps.timer_shift);
	uint64_t left = vmcs_read(PREEMPTION_TIMER) + v->timer_rest;
	uint64_t now = deaf && left > deaf_ticks ? deaf_ticks : left;
	v->timer_rest = left - now;
	vmcs_write(PREEMPTION_TIMER, now);
}

bool quirk_timer(struct vcpu *v)
{
	return v->timer_rest != 0;
}
