/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events for the guest, and the events that bring the VMM back: injection, windows, the slice
 * timer, HLT.
 *
 * Rule: one event is injected an entry; hardware clears the field when it has taken it (APM 2
 * 15.20). An interrupt is a virtual one, V_IRQ with its vector (APM 2 15.21.4): it waits there
 * until the guest has taken it. Delivered through the event's field it comes twice on an emulator
 * (docs/emulators.md).
 */
#include "arch/x86/slice_timer.h"
#include "arch/x86/svm/svm.h"

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

/* V_IRQ whose delivery is intercepted is no interrupt, but a window. */
static bool interrupt_waits(const struct vcpu *v)
{
	const struct vmcb *c = v->vmcb;
	return c->virtual_interrupt & V_IRQ && !(c->intercept_1 & INTERCEPT_VINTR);
}

/* The end of a handler exits for a virtual NMI, and where somebody waits for what an injected
 * interrupt leads to. */
static void intercept_iret(struct vcpu *v)
{
	intercept(v, INTERCEPT_IRET, (v->nmi_masked && !v->iret_exited) || v->end_wanted);
}

/* STGI has let the NMI of the exit through already (enter.S, exit.c), and no IRET is owed: nothing
 * is blocked any more. */
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
	v->halted = false; /* it ends a HLT, also where this entry is given up for another VM's */
}

/* Physical interrupts have priority over virtual ones (APM 2 15.21.4); an emulator forgets the
 * virtual one over that. */
bool svm_may_be_overtaken(struct vcpu *v)
{
	return interrupt_waits(v);
}

/*
 * The format is the injection's own (APM 2 15.7.2). What an instruction raised, INT n, INT3 or
 * INTO, it raises again by itself: RIP is still the instruction's.
 */
void svm_requeue_event(struct vcpu *v)
{
	enum { VECTOR_BP = 3, VECTOR_OF = 4 };
	const uint64_t event = v->vmcb->exit_interruption;
	const unsigned vector = event & 0xff, type = event & EVENT_TYPE;
	if (!(event & EVENT_VALID) || type == EVENT_SOFTWARE)
		return;
	if (type == EVENT_EXCEPTION && (vector == VECTOR_BP || vector == VECTOR_OF))
		return;
	if (svm_caps.wrong_event && quirk_wrong_event(v, event))
		return;
	v->vmcb->event_injection = event;
}

/* As svm_reset() left it? */
bool svm_has_interrupt_table(struct vcpu *v)
{
	return v->vmcb->idtr.base != 0 || v->vmcb->idtr.limit != 0xffff;
}

/* The slice timer ends at once, and what it was to measure goes on behind that. */
static void exit_soon(struct vcpu *v)
{
	if (v->ends_soon)
		return;
	v->ends_soon = true;
	v->window_rest = v->timer_due ? v->timer_left : slice_timer_left();
	v->timer_left = 0;
	v->timer_due = true;
	guest_settled = NULL;
}

/* The IRET that ends its handler has exited; it has been executed when RIP is another one. */
static bool nmi_blocked(struct vcpu *v)
{
	if (v->iret_exited && v->vmcb->rip != v->iret_at)
		v->nmi_masked = v->iret_exited = false;
	return v->nmi_masked;
}

/*
 * A guest that handles one must not get another before its IRET is done; that exits. The processor
 * is to block nothing meanwhile: a guest that never executes an IRET would hold back everybody's
 * NMIs, lines and slices among them. Of the types of events only an NMI blocks NMIs (APM 2 15.20),
 * so it is injected as an interrupt of vector 2. Where such an event comes twice (quirk.c) it is an
 * NMI, which blocks nothing there.
 */
bool svm_inject_nmi(struct vcpu *v)
{
	bool blocked = nmi_blocked(v);
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

/* It has not been executed yet. Whoever waited for the end of a handler can ask for a window
 * now: the injected interrupt has been taken. */
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
 * A virtual interrupt of the highest priority is asked for and its delivery intercepted (APM 2
 * 15.21.4). While V_IRQ is an interrupt's own, the end of its handler has to do: the IRET exits.
 * One that has just exited must not do so again. A handler may be left by no IRET: one that is
 * deliverable beside it has the slice timer end at once.
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

/* With V_INTR_MASKING an interrupt exits whatever the guest's IF says (APM 2 15.21.1); it stays at
 * the door until then. */
void svm_exit_on_interrupt(struct vcpu *v, bool exits)
{
	uint32_t masking = exits ? V_INTR_MASKING : 0;
	v->vmcb->virtual_interrupt = (v->vmcb->virtual_interrupt & ~(uint32_t)V_INTR_MASKING) |
	                             masking;
	intercept(v, INTERCEPT_INTR, exits);
}

/* A HLT that the processor executes leaves no trace (see svm_halted()), and with interrupts off
 * nothing of the guest's ends it: where they are off as the turn begins it exits, and is seen. */
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
	guest_settled = NULL;
	if (__builtin_expect(v->ends_soon, 0)) { /* for that first */
		v->window_rest = ticks;
		v->timer_left = 0;
	}
}

/* A HLT that the processor executed with no exit leaves no trace: RIP is behind it, and the guest
 * runs on (docs/limits.md). */
bool svm_halted(struct vcpu *v)
{
	return v->halted;
}

void svm_set_halted(struct vcpu *v, bool halted)
{
	v->halted = halted;
	guest_settled = NULL; /* a sleeper is entered another way (exit.c) */
}
