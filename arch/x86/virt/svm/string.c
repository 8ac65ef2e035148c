/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INS, OUTS and breakpoints of accesses that exit: the operand as the VMCB and the instruction's
 * prefixes tell it.
 *
 * Rule: string_io.h says what a piece is.
 */
#include "arch/x86/cpu/exception.h"
#include "arch/x86/virt/io_break.h"
#include "arch/x86/virt/string_io.h"
#include "arch/x86/virt/svm/svm.h"

enum { CR0_AM = 1 << 18, RFLAGS_TF = 1 << 8, RFLAGS_RF = 1 << 16, RFLAGS_AC = 1 << 18 };
enum { DR6_BREAKPOINTS = 15, DR7_GD = 1 << 13 };

static bool may_break(const struct vcpu *v)
{
	return v->state.uses_debug && v->vmcb->dr7 & IO_BREAK_ENABLES;
}

/* Not all processors name the segment, nor QEMU the address size: the instruction's bytes do. No
 * length: the bytes or the page tables changed during the exit. */
bool svm_string_find(struct vcpu *v, struct string_io *s)
{
	const struct vmcb *c = v->vmcb;
	const struct svm_instruction i = svm_decode(v);
	const enum guest_segment segment = s->io->kind & IO_IN ? SEGMENT_ES
	                                                       : i.operand.address.segment;

	s->rflags = c->rflags;
	s->rip = c->rip;
	s->memory = svm_memory(v);
	s->operand = svm_operand_in(v, segment);
	s->stack = segment == SEGMENT_SS;
	s->address = i.operand.address.bytes;
	s->aligned = s->memory.paging.user && c->rflags & RFLAGS_AC && c->cr0 & CR0_AM;
	s->single = c->rflags & RFLAGS_TF || may_break(v);
	return i.length != 0;
}

void svm_string_fault(struct vcpu *v, const struct string_io *s)
{
	if (s->vector == VECTOR_PF)
		v->vmcb->cr2 = s->page_address;
	(void)svm_raise(v, s->vector, s->error);
}

void svm_string_again(struct vcpu *v, const struct string_io *s)
{
	v->vmcb->rip = s->rip;
	v->vmcb->rflags |= RFLAGS_RF;
}

/* Has the next entry begin with the trap of breakpoints. With TF set, a single step's trap is there
 * already. */
static void trap_on_io(struct vmcb *c, uint32_t hits)
{
	if (!(c->event_injection & EVENT_VALID))
		c->dr6 &= ~(uint64_t)DR6_BREAKPOINTS;
	c->dr6 |= hits;
	c->dr7 &= ~(uint64_t)DR7_GD;
	c->event_injection = EVENT_VALID | EVENT_EXCEPTION | VECTOR_DB;
}

void svm_break_on_io(struct vcpu *v, const struct vcpu_io *io, const struct vcpu_string *string)
{
	struct vmcb *c = v->vmcb;
	const uint32_t hits = may_break(v) ? access_break_hits(c->dr7, c->cr4, io, string) : 0;

	if (hits != 0)
		trap_on_io(c, hits);
}
