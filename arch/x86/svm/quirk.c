/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an emulated processor does not do as the manual says, and what is done about it here, where
 * nobody above has to know.
 *
 * Rule: a quirk has a name, a place in docs/emulators.md, and costs nothing where it is not.
 *
 * Lost shadows (QEMU's TCG, seen in 7.2). VMRUN loads the interrupt shadow with the rest of the
 * guest (APM 2 15.21.5). There it does not, so an interrupt may come between STI and the
 * instruction behind it: before a HLT, say, which then waits for what has been. So a guest that was
 * stopped in the shadow of an STI executes that STI again: RIP on it, and IF clear, as it was
 * before.
 *
 * Wrong events (QEMU's TCG, seen in 7.2). EXITINTINFO says what an exit interrupted (APM 2 15.7.2).
 * There an interrupt and an NMI are called exceptions, which no VMRUN takes from 31 on, and not
 * with vector 2. A virtual interrupt stands in V_IRQ still, too. Left as it is said: a vector of 3
 * to 30 that is an interrupt's of the chip and not V_IRQ's.
 *
 * Doubled events (QEMU's TCG, seen in 7.2). An interrupt in EVENTINJ is delivered by VMRUN, which
 * leaves its vector behind: where the block of code ends for another reason, as counted runs have
 * it, it is delivered once more. Interrupts are injected by V_IRQ everywhere; a virtual NMI, an
 * interrupt of vector 2 elsewhere, is an NMI there.
 *
 * Unseen XSETBV (QEMU's TCG, seen in 7.2). The intercept is there and does nothing (APM 2 15.9): a
 * guest changes XCR0 with no exit. So XCR0 is read back before a guest's state is put away, all of
 * the processor's components are moved, offered to guests or not, and what one guest leaves in them
 * is cleared before the next one runs (arch/x86/guest_state.c).
 */
#include "arch/x86/fpu.h"
#include "arch/x86/svm/svm.h"

enum { RFLAGS_IF = 1 << 9, RFLAGS_IOPL_SHIFT = 12, RFLAGS_RF = 1 << 16, OPCODE_STI = 0xfb };

/*
 * The byte before RIP may also be the end of a MOV SS. The STI which that makes does what the MOV
 * SS did to shadow and IF, as IF was set already; it must only not fault, so the guest is left
 * alone where it may not execute STI.
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
	c->rflags |= RFLAGS_RF; /* a breakpoint on the STI has been told */
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
