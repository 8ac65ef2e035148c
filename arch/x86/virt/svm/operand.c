/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two bytes in memory that LMSW reads and SMSW writes: finds their address and checks whether
 * the guest may access them.
 *
 * Rule: segments and pages are checked as the processor does. A failed check raises the exception
 * in the guest. The guest may write any value to address, tables and memory.
 */
#include "arch/x86/cpu/exception.h"
#include "arch/x86/virt/svm/svm.h"

enum { OPERAND_BYTES = 2, CPL_USER = 3 };
enum { CR0_PE = 1 << 0, CR4_LA57 = 1 << 12 };
enum { RFLAGS_VM = 1 << 17, RFLAGS_AC = 1 << 18 };

struct guest_memory svm_memory(const struct vcpu *v)
{
	const struct guest_mode mode = svm_mode(v);
	struct guest_memory m = { .paging = mode.paging };

	m.paging.narrow = !guest_in_long_mode(&mode);
	m.paging.user = v->vmcb->cpl == CPL_USER;
	m.paging.ignores_smap = v->vmcb->rflags & RFLAGS_AC;
	return m;
}

/* In 64-bit code only FS and GS have a base, and no segment has a limit. */
struct guest_operand svm_operand_in(const struct vcpu *v, enum guest_segment segment)
{
	const struct vmcb *c = v->vmcb;
	const struct vmcb_segment *s = &(&c->es)[segment];
	const struct guest_mode mode = svm_mode(v);
	const bool wide = guest_in_long_mode(&mode);

	return (struct guest_operand){
		.base = !wide || segment == SEGMENT_FS || segment == SEGMENT_GS ? s->base : 0,
		.limit = s->limit,
		.attributes = s->attributes,
		.wide = wide,
		.typed = c->cr0 & CR0_PE && !(c->rflags & RFLAGS_VM),
		.la57 = c->cr4 & CR4_LA57,
	};
}

/* Finds the operand's linear address. Returns false when the segment forbids the access. */
static bool find_linear(struct vcpu *v, const struct svm_instruction *i, bool write,
                        uint64_t *linear)
{
	const struct guest_address *a = &i->operand.address;
	const struct guest_operand o = svm_operand_in(v, a->segment);
	const uint64_t offset = guest_offset(a, &v->regs, v->vmcb->rsp, v->vmcb->rip + i->length);

	return guest_operand_linear(&o, offset, OPERAND_BYTES, write, linear);
}

static bool segment_fault(struct vcpu *v, const struct svm_instruction *i)
{
	(void)svm_raise(v, i->operand.address.segment == SEGMENT_SS ? VECTOR_SS : VECTOR_GP, 0);
	return false;
}

static bool page_fault(struct vcpu *v, struct guest_fault fault)
{
	v->vmcb->cr2 = fault.address;
	(void)svm_raise(v, VECTOR_PF, fault.error);
	return false;
}

bool svm_operand_read(struct vcpu *v, const struct svm_instruction *i, uint16_t *value)
{
	struct guest_memory m = svm_memory(v);
	struct guest_fault fault;
	uint64_t linear;

	if (!find_linear(v, i, false, &linear))
		return segment_fault(v, i);
	return guest_read(&m, linear, value, sizeof(*value), &fault) || page_fault(v, fault);
}

bool svm_operand_write(struct vcpu *v, const struct svm_instruction *i, uint16_t value)
{
	struct guest_memory m = svm_memory(v);
	struct guest_fault fault;
	uint64_t linear;

	if (!find_linear(v, i, true, &linear))
		return segment_fault(v, i);
	return guest_write(&m, linear, &value, sizeof(value), &fault) || page_fault(v, fault);
}
