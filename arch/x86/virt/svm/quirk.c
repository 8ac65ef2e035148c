/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deviations of emulated processors from the manual, and the remedies. The callers above need not
 * know of them.
 *
 * Rule: a quirk has a name and a place in docs/emulators.md, and costs no time on processors
 * without the quirk.
 *
 * Lost shadows (QEMU's TCG, seen in 7.2). VMRUN should load the interrupt shadow with the rest of
 * the guest (APM 2 15.21.5). TCG does not load the shadow, so an interrupt may come between STI and
 * the next instruction. When that instruction is a HLT, the HLT then waits for an interrupt that
 * has already come. So a guest that was stopped in the shadow of an STI executes the STI again: RIP
 * points to the STI, and IF is clear as before the STI.
 *
 * Wrong events (QEMU's TCG, seen in 7.2). EXITINTINFO reports the event that an exit interrupted
 * (APM 2 15.7.2). TCG reports an interrupt or an NMI as an exception. VMRUN refuses an exception
 * with a vector of 31 or more, or with vector 2. A virtual interrupt also stays in V_IRQ. The VMM
 * corrects all cases but one: an interrupt of the chip with a vector of 3 to 30 that is not the
 * vector in V_IRQ passes for an exception.
 *
 * Doubled events (QEMU's TCG, seen in 7.2). VMRUN delivers an interrupt in EVENTINJ but leaves the
 * vector behind. When the translator's block of code ends for another reason, as in counted runs,
 * the vector is delivered once more. So interrupts are injected by V_IRQ on every processor. A
 * virtual NMI is injected as an NMI on TCG, and as an interrupt of vector 2 on other processors.
 *
 * Unseen XSETBV (QEMU's TCG, seen in 7.2). The intercept exists but has no effect (APM 2 15.9): a
 * guest changes XCR0 without an exit. So XCR0 is read back before a guest's state is put away. All
 * components of the processor are moved, even those that guests are not offered. Values that one
 * guest leaves in the components are cleared before the next guest runs
 * (arch/x86/virt/guest_state.c).
 *
 * Stale breakpoints (QEMU's TCG, seen in 7.2). VMRUN and an exit change DR7 without the breakpoints
 * themselves, so the breakpoints of a guest stay. A breakpoint on execution hits other guests and
 * the VMM too: both step over the breakpoint (the VMM in arch/x86/cpu/tables.c). QEMU itself ends
 * when another guest changes a slot from data to execution. So the breakpoints are taken away
 * before another guest with breakpoints runs. Guests that take turns with breakpoints each have
 * their own until the turn ends, and again when they next write DR7.
 */
#include "arch/x86/cpu/fpu.h"
#include "arch/x86/virt/svm/svm.h"

enum { RFLAGS_IF = 1 << 9, RFLAGS_IOPL_SHIFT = 12, RFLAGS_RF = 1 << 16, OPCODE_STI = 0xfb };

/*
 * Returns true when the byte before RIP is an STI that the guest may execute. The byte may also be
 * the end of a MOV SS. An STI at that byte does the same to shadow and IF as the MOV SS, because IF
 * was already set. The STI must not fault, so the function returns false when the guest may not
 * execute STI.
 */
static bool behind_sti(const struct vcpu *v)
{
	const struct vmcb *c = v->vmcb;
	uint8_t byte;

	return c->rip != 0 && c->rflags & RFLAGS_IF &&
	       c->cpl <= (c->rflags >> RFLAGS_IOPL_SHIFT & 3) &&
	       svm_fetch(v, c->rip - 1, &byte, 1) == 1 && byte == OPCODE_STI;
}

void quirk_lost_shadow(struct vcpu *v)
{
	struct vmcb *c = v->vmcb;

	if (!(c->interrupt_shadow & INTERRUPT_SHADOW) || c->event_injection & EVENT_VALID ||
	    !behind_sti(v))
		return;
	c->rip--;
	c->rflags &= ~(uint64_t)RFLAGS_IF;
	c->rflags |= RFLAGS_RF; /* a breakpoint on the STI has already been reported */
	c->interrupt_shadow &= ~(uint64_t)INTERRUPT_SHADOW;
}

bool quirk_wrong_event(struct vcpu *v, uint64_t event)
{
	enum { VECTOR_NMI = 2, VECTOR_EXCEPTIONS = 32 };
	struct vmcb *c = v->vmcb;
	const uint8_t vector = (uint8_t)event;
	if ((event & EVENT_TYPE) != EVENT_EXCEPTION)
		return false;
	if (vector == VECTOR_NMI)
		c->event_injection = EVENT_VALID | EVENT_NMI | VECTOR_NMI;
	else if (svm_may_be_overtaken(v) && (uint8_t)c->virtual_vector == vector)
		return true;
	else if (vector >= VECTOR_EXCEPTIONS)
		svm_inject_interrupt(v, vector);
	else
		return false;
	return true;
}

void quirk_unseen_xsetbv(void)
{
	guest_xcr0_unseen = true;
	fpu_take_all();
}

/* The guest whose breakpoints the processor has. */
static struct vcpu *breakpoints_of;

/* TCG takes a slot's breakpoint away by the type in the old DR7, which is execution here, and only
 * when more than the enable bits change. A slot of data gets a breakpoint on execution first: TCG
 * forgets the slot's own, which is never told without its DR7. */
static void take_breakpoints(uint64_t dr7)
{
	enum { SLOTS = 4, DR7_OFF = 0x400, TYPE_SHIFT = 16, SLOT_BITS = 4, LENGTH_2 = 1 << 18 };
	uint64_t data = 0;

	for (unsigned i = 0; i < SLOTS; i++)
		if (dr7 >> (TYPE_SHIFT + SLOT_BITS * i) & 3)
			data |= 1u << 2 * i;
	__asm__ volatile("mov %0, %%dr7; mov %1, %%dr7; mov %2, %%dr7"
	                 :
	                 : "r"(data | DR7_OFF), "r"((uint64_t)DR7_OFF | LENGTH_2),
	                   "r"((uint64_t)DR7_OFF));
}

void quirk_claim_breakpoints(struct vcpu *of, struct vcpu *to)
{
	struct vcpu *old = breakpoints_of;

	if (!svm_caps.stale_breakpoints || old == to || (to == NULL && old != of))
		return;
	if (old != NULL)
		take_breakpoints(old->vmcb->dr7);
	breakpoints_of = to;
}

bool quirk_foreign_breakpoint(struct vcpu *v)
{
	enum { DR6_BS = 1 << 14 };
	struct vmcb *c = v->vmcb;

	if (!svm_caps.stale_breakpoints || v->state.uses_debug || c->dr6 & DR6_BS)
		return false;
	c->rflags |= RFLAGS_RF;
	return true;
}
