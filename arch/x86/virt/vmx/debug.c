/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The debug registers of a guest: the first use, and the state behind a #DB.
 *
 * Rule: DR0 to DR3 and DR6 belong to the guest from the first use on. Until then each access exits.
 */
#include "arch/x86/cpu/exception.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/virt/io_break.h"
#include "arch/x86/virt/vmx/vmx.h"

enum { DR7_GD = 1 << 13 };
enum { DR6_TOLD = DR6_BREAKPOINTS | DR6_BD | DR6_BS | DR6_BT };

/* Gives the debug registers to the guest at the first use. The instruction runs again. */
int debug_emulate(struct vcpu *v)
{
	guest_debug_use(&v->state);
	v->lazy_state = true;
	v->primary &= ~(uint32_t)CPU_MOV_DR_EXITING;
	vmcs_write(PRIMARY_CONTROLS, v->primary);
	return 0;
}

void vmx_debug_tell(struct vcpu *v, uint64_t cause)
{
	debug_emulate(v);
	dr6_write((dr6_read() & ~(uint64_t)DR6_BREAKPOINTS) | (cause & DR6_TOLD));
	vmcs_write(GUEST_DR7, vmcs_read(GUEST_DR7) & ~(uint64_t)DR7_GD);
}

void vmx_trap_on_io(struct vcpu *v, uint32_t hits)
{
	if (vmcs_read(ENTRY_INTERRUPTION) & INTERRUPTION_VALID) {
		dr6_write(dr6_read() | hits);
		return;
	}
	vmx_debug_tell(v, hits);
	vmcs_write(ENTRY_INTERRUPTION, INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | VECTOR_DB);
}

void vmx_break_on_io(struct vcpu *v, const struct vcpu_io *io, const struct vcpu_string *string)
{
	if (!v->state.uses_debug)
		return;
	const uint64_t dr7 = vmcs_read(GUEST_DR7);
	if (!(dr7 & IO_BREAK_ENABLES))
		return;
	const uint32_t hits = access_break_hits(dr7, vmcs_read(GUEST_CR4), io, string);
	if (hits != 0)
		vmx_trap_on_io(v, hits);
}
