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
