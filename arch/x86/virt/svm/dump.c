/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of a VM that stops, for the console.
 *
 * Rule: nothing here is on the path from an exit to an entry.
 */
#include "arch/x86/log/log.h"
#include "arch/x86/virt/svm/svm.h"

void svm_dump(struct vcpu *v)
{
	const struct vcpu_regs *r = &v->regs;
	const struct vmcb *c = v->vmcb;

	log_note("vm %s: rip %lx rsp %lx rflags %lx cr0 %lx cr3 %lx cr4 %lx efer %lx", v->name,
	         c->rip, c->rsp, c->rflags, svm_cr0(v), c->cr3, c->cr4, c->efer);
	log_note("vm %s: rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx rbp %lx", v->name, r->rax,
	         r->rbx, r->rcx, r->rdx, r->rsi, r->rdi, r->rbp);
}
