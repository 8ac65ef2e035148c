/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of a VM that stops, for the console.
 *
 * Rule: nothing here is on the path from an exit to an entry.
 */
#include "arch/x86/log/log.h"
#include "arch/x86/virt/vmx/vmx.h"

void vmx_dump(struct vcpu *v)
{
	const struct vcpu_regs *r = &v->regs;

	log_note("vm %s: rip %lx rsp %lx rflags %lx cr0 %lx cr3 %lx cr4 %lx efer %lx", v->name,
	         vmcs_read(GUEST_RIP), vmcs_read(GUEST_RSP), vmcs_read(GUEST_RFLAGS),
	         vmcs_read(GUEST_CR0), vmcs_read(GUEST_CR3), vmcs_read(GUEST_CR4),
	         vmcs_read(GUEST_EFER));
	log_note("vm %s: rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx rbp %lx", v->name, r->rax,
	         r->rbx, r->rcx, r->rdx, r->rsi, r->rdi, r->rbp);
}
