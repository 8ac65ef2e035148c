/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events for the guest, and events that bring the VMM back: injection, windows, interrupts, HLT.
 *
 * Rule: a control is written only when its value changes.
 */
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/virt/vmx/vmx.h"

enum { RFLAGS_IF = 1 << 9, VECTOR_NMI = 2 };

static void primary_set(struct vcpu *v, uint32_t bit, bool on)
{
	uint32_t wanted = on ? v->primary | bit : v->primary & ~bit;

	if (wanted == v->primary)
		return;
	v->primary = wanted;
	vmcs_write(PRIMARY_CONTROLS, wanted);
}

void vmx_unblock_nmi(void)
{
	nmi_unblock();
}

bool vmx_interrupts_on(struct vcpu *v)
{
	(void)v;
	return vmcs_read(GUEST_RFLAGS) & RFLAGS_IF;
}

bool vmx_can_inject(struct vcpu *v)
{
	if (!vmx_interrupts_on(v))
		return false;
	if (vmcs_read(GUEST_INTERRUPTIBILITY) & (INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS))
		return false;
	return !(vmcs_read(ENTRY_INTERRUPTION) & INTERRUPTION_VALID);
}

void vmx_inject_interrupt(struct vcpu *v, uint8_t vector)
{
	(void)v;
	vmcs_write(ENTRY_INTERRUPTION, INTERRUPTION_VALID | INTERRUPTION_EXTERNAL | vector);
	vmcs_write(GUEST_ACTIVITY,
	           /* the event ends a HLT, also when this entry is given up for another VM's
	            * entry */
	           ACTIVITY_ACTIVE);
}

/* The processor delivers an injected event before all other events (SDM 3C 26.6). */
bool vmx_may_be_overtaken(struct vcpu *v)
{
	(void)v;
	return false;
}

/* Blocks NMIs again when an EPT violation interrupted an IRET. That IRET has already unblocked NMIs
 * (bit 12 of the qualification, SDM 3C 27.2.3) and will run a second time. */
static void block_nmi_again(void)
{
	enum { REASON_EPT_VIOLATION = 48, NMI_WAS_UNBLOCKED = 1 << 12 };
	if (vmcs_read(EXIT_REASON) == REASON_EPT_VIOLATION &&
	    vmcs_read(EXIT_QUALIFICATION) & NMI_WAS_UNBLOCKED)
		vmcs_write(GUEST_INTERRUPTIBILITY,
		           vmcs_read(GUEST_INTERRUPTIBILITY) | INTERRUPTIBILITY_NMI);
}

/* Injects again the event that the exit interrupted. The IDT-vectoring information has the format
 * of the entry's field, but bit 12 has no meaning in the information (SDM 3C 24.9.3). An event that
 * an instruction raised returns behind the instruction, so the entry needs the instruction's length
 * as well. An NMI must not be blocked by its own first try (26.3.1.5). */
void vmx_requeue_event(struct vcpu *v)
{
	(void)v;
	uint64_t event = vmcs_read(IDT_VECTORING);
	if (!(event & INTERRUPTION_VALID)) {
		block_nmi_again();
		return;
	}
	if ((event & INTERRUPTION_TYPE) == INTERRUPTION_NMI)
		vmcs_write(GUEST_INTERRUPTIBILITY,
		           vmcs_read(GUEST_INTERRUPTIBILITY) & ~(uint64_t)INTERRUPTIBILITY_NMI);
	vmcs_write(ENTRY_INTERRUPTION, event & ~(1ull << 12));
	vmcs_write(ENTRY_ERROR_CODE, vmcs_read(IDT_VECTORING_ERROR));
	vmcs_write(ENTRY_INSTRUCTION_LENGTH, vmcs_read(EXIT_INSTRUCTION_LENGTH));
}

/* Returns false while IDTR has the values of vmx_reset(). */
bool vmx_has_interrupt_table(struct vcpu *v)
{
	(void)v;
	return vmcs_read(GUEST_IDTR_BASE) != 0 || vmcs_read(GUEST_IDTR_LIMIT) != 0xffff;
}

bool vmx_inject_nmi(struct vcpu *v)
{
	bool busy = vmcs_read(ENTRY_INTERRUPTION) & INTERRUPTION_VALID;

	/* when NMI, STI or MOV SS blocks: wait for the NMI window */
	bool able = !busy && !vmcs_read(GUEST_INTERRUPTIBILITY);
	primary_set(v, CPU_NMI_WINDOW, !able);
	if (able)
		vmcs_write(ENTRY_INTERRUPTION, INTERRUPTION_VALID | INTERRUPTION_NMI | VECTOR_NMI);
	return able;
}

bool vmx_nmis_blocked(struct vcpu *v)
{
	(void)v;
	return vmcs_read(GUEST_INTERRUPTIBILITY) & INTERRUPTIBILITY_NMI;
}

void vmx_want_window(struct vcpu *v, enum window wanted)
{
	primary_set(v, CPU_INTERRUPT_WINDOW, wanted != WINDOW_NONE);
}

bool vmx_can_exit_on_interrupt(void)
{
	return vmx_caps.pin >> 32 & PIN_INTERRUPT_EXITING;
}

/* Sets whether an external interrupt exits. The control "acknowledge interrupt on exit" (SDM 3C
 * 24.7.1) stays off, so an interrupt waits in the controller until the VMM sets IF. */
void vmx_exit_on_interrupt(struct vcpu *v, bool exits)
{
	uint32_t wanted = exits ? v->pin | PIN_INTERRUPT_EXITING
	                        : v->pin & ~(uint32_t)PIN_INTERRUPT_EXITING;

	quirk_entry_with_if_clear(v, exits);
	if (wanted == v->pin)
		return;
	v->pin = wanted;
	vmcs_write(PIN_CONTROLS, wanted);
}

bool vmx_exit_on_hlt(struct vcpu *v, bool exits)
{
	primary_set(v, CPU_HLT_EXITING, exits);
	return exits;
}

bool vmx_halted(struct vcpu *v)
{
	(void)v;
	return vmcs_read(GUEST_ACTIVITY) == ACTIVITY_HLT;
}

void vmx_set_halted(struct vcpu *v, bool halted)
{
	(void)v;
	vmcs_write(GUEST_ACTIVITY, halted ? ACTIVITY_HLT : ACTIVITY_ACTIVE);
}
