/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slice timer of VMX: the preemption timer (SDM 3C 25.5.1).
 *
 * Rule: the timer counts only while the guest runs. An exit saves the rest of the time.
 */
#include "arch/x86/virt/vmx/vmx.h"

/* Turns the preemption timer on. "Save VMX-preemption timer value" is allowed only while the timer
 * is active (SDM 3C 26.2.1.2), so both controls change together. */
static void turn_timer_on(struct vcpu *v)
{
	v->pin |= PIN_PREEMPTION_TIMER;
	v->exit_controls |= EXIT_SAVE_TIMER;
	vmcs_write(PIN_CONTROLS, v->pin);
	vmcs_write(EXIT_CONTROLS, v->exit_controls);
}

void vmx_set_timer(struct vcpu *v, uint64_t ticks)
{
	if (!(v->pin & PIN_PREEMPTION_TIMER))
		turn_timer_on(v);
	v->timer_rest = 0;
	vmcs_write(PREEMPTION_TIMER, ticks >> vmx_caps.timer_shift); /* 32 bits */
}
