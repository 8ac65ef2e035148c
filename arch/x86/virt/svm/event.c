/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events for the guest, and events that bring the VMM back: injection, windows, the slice timer,
 * HLT.
 *
 * Rule: an entry injects one event, and the hardware clears the field when the event is delivered
 * (APM 2 15.20). An interrupt is injected as a virtual interrupt, V_IRQ with its vector (APM 2
 * 15.21.4): it waits there until the guest takes it. An emulator would deliver an interrupt in the
 * event's field twice (docs/emulators.md).
 */
#include "arch/x86/machine/slice_timer.h"
#include "arch/x86/virt/svm/svm.h"

enum { RFLAGS_IF = 1 << 9, VECTOR_NMI = 2 };
enum { V_INTR_PRIO_HIGHEST = 15 << V_INTR_PRIO_SHIFT };

static void intercept(struct vcpu *v, uint32_t bit, bool on)
{
	v->vmcb->intercept_1 = on ? v->vmcb->intercept_1 | bit : v->vmcb->intercept_1 & ~bit;
}

static bool event_waits(const struct vcpu *v)
{
	return v->vmcb->event_injection & EVENT_VALID;
}

/* Returns true while an injected interrupt waits. A V_IRQ whose delivery is intercepted is a window
 * and no interrupt. */
static bool interrupt_waits(const struct vcpu *v)
{
	const struct vmcb *c = v->vmcb;

	return c->virtual_interrupt & V_IRQ && !(c->intercept_1 & INTERCEPT_VINTR);
}

/* Intercepts IRET to see the end of a handler: the handler of a virtual NMI, or of an injected
 * interrupt while an interrupt window is wanted. */
static void intercept_iret(struct vcpu *v)
{
	intercept(v, INTERCEPT_IRET, (v->nmi_masked && !v->iret_exited) || v->end_wanted);
}

/* Has no work: STGI has already let the NMI of the exit through (enter.S, exit.c), and no IRET is
 * pending, so no NMI is blocked any more. */
void svm_unblock_nmi(void)
{
}

bool svm_interrupts_on(struct vcpu *v)
{
	return v->vmcb->rflags & RFLAGS_IF;
}

bool svm_can_inject(struct vcpu *v)
{
	return svm_interrupts_on(v) && !(v->vmcb->interrupt_shadow & INTERRUPT_SHADOW) &&
	       !event_waits(v) && !interrupt_waits(v);
}

void svm_inject_interrupt(struct vcpu *v, uint8_t vector)
{
	struct vmcb *c = v->vmcb;

	c->virtual_vector = vector;
	c->virtual_interrupt |= V_IRQ | V_INTR_PRIO_HIGHEST;
	intercept(v, INTERCEPT_VINTR, false);
	v->halted = false; /* ends a HLT, also when this entry is given up for another VM's entry */
}

/* Physical interrupts have priority over virtual interrupts (APM 2 15.21.4). An emulator forgets
 * the virtual interrupt when a physical interrupt comes first. */
bool svm_may_be_overtaken(struct vcpu *v)
{
	return interrupt_waits(v);
}

/* Returns false while IDTR has the values of svm_reset(). */
bool svm_has_interrupt_table(struct vcpu *v)
{
	return v->vmcb->idtr.base != 0 || v->vmcb->idtr.limit != 0xffff;
}

/* Ends the slice timer at once. The rest of its time goes on after the exit. */
static void exit_soon(struct vcpu *v)
{
	if (v->ends_soon)
		return;
	v->ends_soon = true;
	v->window_rest = v->timer_due ? v->timer_left : slice_timer_left();
	v->timer_left = 0;
	v->timer_due = true;
	entry_ready = NULL;
}

/* Returns true while the handler of a virtual NMI runs. The IRET that ends the handler exits first.
 * The IRET has been executed when RIP has changed. */
bool svm_nmis_blocked(struct vcpu *v)
{
	if (v->iret_exited && v->vmcb->rip != v->iret_at)
		v->nmi_masked = v->iret_exited = false;
	return v->nmi_masked;
}

/*
 * Injects a virtual NMI. A guest must not get a second NMI before the IRET of the first NMI's
 * handler, so that IRET exits. The processor must not block NMIs meanwhile: a guest that never
 * executes an IRET would hold back all NMIs of the machine, and with them lines and slices. Only an
 * event of type NMI blocks NMIs (APM 2 15.20), so the virtual NMI is injected as an interrupt of
 * vector 2. On an emulator that delivers such an event twice (quirk.c) the type is NMI, and there
 * the type blocks no NMI.
 */
bool svm_inject_nmi(struct vcpu *v)
{
	bool blocked = svm_nmis_blocked(v);

	if (blocked && !v->iret_exited)
		return false; /* the IRET exits */
	if (blocked || event_waits(v) || v->vmcb->interrupt_shadow & INTERRUPT_SHADOW) {
		exit_soon(v);
		return false;
	}
	v->vmcb->event_injection = EVENT_VALID |
	                           (svm_caps.doubled_event ? EVENT_NMI : EVENT_INTERRUPT) |
	                           VECTOR_NMI;
	v->halted = false;
	v->nmi_masked = true;
	intercept_iret(v);
	return true;
}

/* Handles the exit of an IRET, before its execution. When an interrupt window is wanted, the
 * function reports a window: the injected interrupt has been taken. */
enum vm_exit_reason svm_iret_exit(struct vcpu *v)
{
	bool end_wanted = v->end_wanted;

	v->iret_exited = v->nmi_masked;
	v->iret_at = v->vmcb->rip;
	v->end_wanted = false;
	intercept_iret(v);
	return end_wanted ? VM_EXIT_WINDOW : VM_EXIT_WAKE;
}

bool svm_nmi_window(struct vcpu *v)
{
	if (!v->ends_soon)
		return false;
	v->ends_soon = false;
	slice_timer_arm(v->window_rest);
	return true;
}

/*
 * Requests the exit for an interrupt window: V_IRQ with the highest priority, with its delivery
 * intercepted (APM 2 15.21.4). While V_IRQ holds an injected interrupt, the end of the interrupt's
 * handler takes the place of the window: the IRET exits. An IRET that has just exited must not exit
 * again. A handler may end without IRET: for an interrupt that is deliverable during the handler
 * (WINDOW_SOON) the slice timer ends at once.
 */
void svm_want_window(struct vcpu *v, enum window wanted)
{
	struct vmcb *c = v->vmcb;
	bool behind = interrupt_waits(v);

	v->end_wanted = wanted && behind && (uint32_t)c->exit_code != EXIT_IRET;
	intercept_iret(v);
	if (behind && wanted == WINDOW_SOON)
		exit_soon(v);
	if (behind)
		return;
	c->virtual_interrupt &= ~(uint32_t)V_IRQ;
	if (wanted)
		c->virtual_interrupt |= V_IRQ | V_INTR_PRIO_HIGHEST;
	intercept(v, INTERCEPT_VINTR, wanted != WINDOW_NONE);
}

bool svm_can_exit_on_interrupt(void)
{
	return true;
}

/* Sets whether a physical interrupt exits. With V_INTR_MASKING an interrupt exits with any value of
 * the guest's IF (APM 2 15.21.1). The interrupt stays pending until the VMM takes it. */
void svm_exit_on_interrupt(struct vcpu *v, bool exits)
{
	uint32_t masking = exits ? V_INTR_MASKING : 0;

	v->vmcb->virtual_interrupt = (v->vmcb->virtual_interrupt & ~(uint32_t)V_INTR_MASKING) |
	                             masking;
	intercept(v, INTERCEPT_INTR, exits);
}

/* Sets whether HLT exits; returns the setting in force. A HLT that the processor executes leaves no
 * trace (see svm_halted()), and with interrupts off no event of the guest ends the HLT. So HLT also
 * exits when the guest's interrupts are off at the start of the turn. */
bool svm_exit_on_hlt(struct vcpu *v, bool exits)
{
	exits |= !svm_interrupts_on(v);
	intercept(v, INTERCEPT_HLT, exits);
	return exits;
}

void svm_set_timer(struct vcpu *v, uint64_t ticks)
{
	v->timer_left = ticks;
	v->timer_due = true;
	entry_ready = NULL;
	if (v->ends_soon) { /* the early end comes first */
		v->window_rest = ticks;
		v->timer_left = 0;
	}
}

/* Returns whether the guest sleeps after a HLT that exited. A HLT that the processor executed
 * without an exit leaves no trace: RIP is behind the HLT, and the guest runs on
 * (docs/limits.md). */
bool svm_halted(struct vcpu *v)
{
	return v->halted;
}

void svm_set_halted(struct vcpu *v, bool halted)
{
	v->halted = halted;
	entry_ready = NULL; /* a sleeping guest is entered in another way (exit.c) */
}
