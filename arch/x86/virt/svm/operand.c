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
#define CR0_PE (1u << 0)
#define CR4_LA57 (1u << 12)
enum { RFLAGS_VM = 1 << 17, RFLAGS_AC = 1 << 18 };
/* Attributes of a segment (vmcb.h): 10 D | 7 P | 3 code | 2 expand-down | 1 writable, or
 * readable */
enum { CS_LONG = 1 << 9, SEGMENT_D = 1 << 10, SEGMENT_P = 1 << 7 };
enum { TYPE_CODE = 1 << 3, TYPE_DOWN = 1 << 2, TYPE_OPEN = 1 << 1 };

static uint64_t offset_of(struct vcpu *v, const struct svm_instruction *i)
{
	const struct svm_operand *o = &i->operand;
	uint64_t at = (uint64_t)(int64_t)o->displacement;

	if (o->base == SVM_RIP)
		at += v->vmcb->rip + i->length;
	else if (o->base != SVM_NONE)
		at += *svm_register(v, o->base);
	if (o->index != SVM_NONE)
		at += *svm_register(v, o->index) << o->scale;
	return o->address_bytes == 8 ? at : at & ((1ull << 8 * o->address_bytes) - 1);
}

/* Checks type and limit, outside of 64-bit code (APM 2 4.8.2, 4.12). */
static bool segment_allows(const struct vmcb *c, const struct vmcb_segment *s, uint64_t offset,
                           bool write)
{
	const uint64_t last = offset + OPERAND_BYTES - 1;
	bool code = s->attributes & TYPE_CODE, open = s->attributes & TYPE_OPEN;

	if (c->cr0 & CR0_PE && !(c->rflags & RFLAGS_VM)) {
		if (!(s->attributes & SEGMENT_P) || (write ? code || !open : code && !open))
			return false;
		if (!code && s->attributes & TYPE_DOWN)
			return offset > s->limit &&
			       last <= (s->attributes & SEGMENT_D ? UINT32_MAX : 0xffff);
	}
	return last <= s->limit;
}

static bool is_canonical(const struct vmcb *c, uint64_t linear)
{
	unsigned above = c->cr4 & CR4_LA57 ? 7 : 16;

	return (uint64_t)((int64_t)(linear << above) >> above) == linear;
}

/* Finds the operand's linear address. Returns false when the segment forbids the access. */
static bool find_linear(struct vcpu *v, const struct svm_instruction *i, bool write,
                        uint64_t *linear)
{
	const struct vmcb *c = v->vmcb;
	const enum svm_segment n = i->operand.segment;
	const struct vmcb_segment *s = &(&c->es)[n];
	const struct guest_mode mode = svm_mode(v);
	const uint64_t offset = offset_of(v, i);

	if (guest_in_long_mode(&mode)) { /* here only FS and GS have a base, and none has a limit */
		*linear = offset + (n == SVM_FS || n == SVM_GS ? s->base : 0);
		return is_canonical(c, *linear) && is_canonical(c, *linear + OPERAND_BYTES - 1);
	}
	*linear = (uint32_t)(s->base + offset);
	return segment_allows(c, s, offset, write);
}

static struct guest_memory memory_of(const struct vcpu *v)
{
	struct guest_memory m = { .paging = svm_mode(v).paging };

	m.paging.user = v->vmcb->cpl == CPL_USER;
	m.paging.ignores_smap = v->vmcb->rflags & RFLAGS_AC;
	return m;
}

static bool segment_fault(struct vcpu *v, const struct svm_instruction *i)
{
	(void)svm_raise(v, i->operand.segment == SVM_SS ? VECTOR_SS : VECTOR_GP, 0);
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
	struct guest_memory m = memory_of(v);
	struct guest_fault fault;
	uint64_t linear;

	if (!find_linear(v, i, false, &linear))
		return segment_fault(v, i);
	return guest_read(&m, linear, value, sizeof(*value), &fault) || page_fault(v, fault);
}

bool svm_operand_write(struct vcpu *v, const struct svm_instruction *i, uint16_t value)
{
	struct guest_memory m = memory_of(v);
	struct guest_fault fault;
	uint64_t linear;

	if (!find_linear(v, i, true, &linear))
		return segment_fault(v, i);
	return guest_write(&m, linear, &value, sizeof(value), &fault) || page_fault(v, fault);
}
