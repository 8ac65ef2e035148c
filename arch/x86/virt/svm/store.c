/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stores to absent memory, as a nested page fault reports them.
 *
 * Rule: only a store of the guest's own instruction is stepped over, never the delivery of an event
 * or a walk of the guest's page tables, and none of a guest with a breakpoint.
 */
#include "arch/x86/virt/store.h"
#include "arch/x86/virt/backends.h"
#include "arch/x86/virt/io_break.h"
#include "arch/x86/virt/svm/svm.h"

/* EXITINFO1 of a nested page fault (APM 2 15.25.6): 33 in a walk of the guest's page tables | 1
 * write */
#define NPF_GUEST_TABLE (1ull << 33)

bool svm_step_store(struct vcpu *v, store_device *device)
{
	struct vmcb *c = v->vmcb;

	if ((device == NULL && !(c->exit_info_1 & NPF_WRITE)) || c->exit_info_1 & NPF_GUEST_TABLE ||
	    c->exit_interruption & EVENT_VALID)
		return false;
	if (v->state.uses_debug && c->dr7 & IO_BREAK_ENABLES)
		return false; /* the processor knows its breakpoints best */
	struct store s = {
		.mode = svm_mode(v),
		.regs = &v->regs,
		.rip = c->rip,
		.rsp = c->rsp,
		.rflags = c->rflags,
		.address = c->exit_info_2,
		.device = device,
	};
	for (unsigned i = 0; i < SEGMENTS; i++)
		s.base[i] = (&c->es)[i].base;
	const uint64_t rip = device != NULL ? store_move(&s) : store_drop(&s);
	if (rip == UINT64_MAX)
		return false;
	c->rip = rip;
	c->rflags = s.rflags & ~(uint64_t)RFLAGS_RF;
	c->interrupt_shadow = 0;
	return true;
}
