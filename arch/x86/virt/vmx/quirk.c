/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deviations of emulated processors from the manual, and the remedies. The callers above need not
 * know of them.
 *
 * Rule: a quirk has a name and a place in docs/emulators.md, and costs no time on processors
 * without the quirk.
 *
 * Entry with IF clear (Bochs 2.7 and 3.0). With external-interrupt exiting on, an interrupt exits
 * with any value of IF (SDM 3C 25.4.1). Bochs takes no such exit when the guest was entered with IF
 * = 0, until IF changes or an event is delivered: the emulated processor tests IF before it counts
 * itself in the guest. So the preemption timer ends an entry with IF = 0 after at most IF_CLEAR_US,
 * and the VMM looks for a waiting interrupt (exit reason POLL). The time that the timer had to
 * measure goes on afterwards.
 */
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/vmx/vmx.h"

enum { IF_CLEAR_US = 1000, RFLAGS_IF = 1 << 9 };

static uint64_t if_clear_ticks; /* in ticks of the preemption timer */

void quirk_entry_with_if_clear(struct vcpu *v, bool on)
{
	v->entry_with_if_clear = on && platform.bochs;
	v->timer_rest = 0;
	if (!v->entry_with_if_clear)
		return;
	v->entry_is_slow = true;
	if_clear_ticks = tsc_from_us(IF_CLEAR_US) >> vmx_caps.timer_shift;
	entry_ready = NULL;
}

/* At an exit the timer holds the rest of the time. timer_rest has the ticks that the quirk has
 * taken off the timer. */
void quirk_before_entry(struct vcpu *v)
{
	bool if_clear = !(vmcs_read(GUEST_RFLAGS) & RFLAGS_IF) &&
	                !(vmcs_read(ENTRY_INTERRUPTION) & INTERRUPTION_VALID);

	if (!if_clear && v->timer_rest == 0)
		return;
	if (!(v->pin & PIN_PREEMPTION_TIMER)) /* no time to measure: use the longest time */
		vmx_set_timer(v, (uint64_t)UINT32_MAX << vmx_caps.timer_shift);
	uint64_t left = vmcs_read(PREEMPTION_TIMER) + v->timer_rest;
	uint64_t now = if_clear && left > if_clear_ticks ? if_clear_ticks : left;
	v->timer_rest = left - now;
	vmcs_write(PREEMPTION_TIMER, now);
}

bool quirk_timer(struct vcpu *v)
{
	return v->timer_rest != 0;
}
