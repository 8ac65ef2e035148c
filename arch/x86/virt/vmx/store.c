/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stores to absent memory, as an EPT violation reports them.
 *
 * Rule: only a store of the guest's own instruction is stepped over, never the delivery of an event
 * or a walk of the guest's page tables, and none of a guest with a breakpoint.
 */
#include "arch/x86/virt/store.h"
#include "arch/x86/virt/backends.h"
#include "arch/x86/virt/io_break.h"
#include "arch/x86/virt/vmx/vmx.h"

/* Exit qualification of an EPT violation (SDM 3C 27.2.1, table 27-7):
 *   12 IRET unblocked NMIs | 8 the access itself, no page walk | 7 there is a linear address |
 *   1 write */
enum { Q_WRITE = 1 << 1, Q_LINEAR = 1 << 7, Q_ACCESS = 1 << 8, Q_IRET = 1 << 12 };
enum { ACCESS_LONG = 1 << 13, ACCESS_32 = 1 << 14 }; /* SDM 3C 24.4.1 */
enum { REASON_EPT_VIOLATION = 48 };

bool vmx_step_store(struct vcpu *v, store_device *device)
{
	const uint64_t q = vmcs_read(EXIT_QUALIFICATION), code = vmcs_read(GUEST_CS_ACCESS);
	const uint64_t wanted = Q_LINEAR | Q_ACCESS | (device == NULL ? Q_WRITE : 0);

	if (vmcs_read(EXIT_REASON) != REASON_EPT_VIOLATION ||
	    vmcs_read(IDT_VECTORING) & INTERRUPTION_VALID || (q & (wanted | Q_IRET)) != wanted)
		return false;
	if (v->state.uses_debug && vmcs_read(GUEST_DR7) & IO_BREAK_ENABLES)
		return false; /* the processor knows its breakpoints best */
	struct store s = {
		.mode = { .paging = { .cr0 = vmcs_read(GUEST_CR0),
		                      .cr3 = vmcs_read(GUEST_CR3),
		                      .cr4 = vmcs_read(GUEST_CR4),
		                      .efer = vmcs_read(GUEST_EFER),
		                      .nested = v->ept },
		          .cs_long = code & ACCESS_LONG,
		          .cs_32 = code & ACCESS_32 },
		.regs = &v->regs,
		.rip = vmcs_read(GUEST_RIP),
		.rsp = vmcs_read(GUEST_RSP),
		.rflags = vmcs_read(GUEST_RFLAGS),
		.address = vmcs_read(GUEST_PHYSICAL_ADDRESS),
		.device = device,
	};
	for (unsigned i = 0; i < SEGMENTS; i++)
		s.base[i] = vmcs_read(GUEST_ES_BASE + 2 * i);
	s.mode.cs_base = s.base[SEGMENT_CS];
	const uint64_t rip = device != NULL ? store_move(&s) : store_drop(&s),
		       shadow = vmcs_read(GUEST_INTERRUPTIBILITY);
	if (rip == UINT64_MAX)
		return false;
	vmcs_write(GUEST_RIP, rip);
	vmcs_write(GUEST_RFLAGS,
	           /* the exit set RF, as a fault does (SDM 3C 27.3.3) */
	           s.rflags & ~(uint64_t)RFLAGS_RF);
	vmcs_write(GUEST_INTERRUPTIBILITY,
	           shadow & ~(uint64_t)(INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS));
	return true;
}
