/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two ends of an instruction that the VMM has carried out for the guest: the instruction
 * retires, or the instruction raises an exception.
 *
 * Rule: all code steps over an instruction by svm_skip() or svm_retire() and raises an exception by
 * svm_raise(). All three leave the guest as the processor would: flags, shadow, traps.
 */
#include "arch/x86/cpu/exception.h"
#include "arch/x86/cpu/hints.h"
#include "arch/x86/virt/svm/svm.h"

enum {
	RFLAGS_TF = 1 << 8,
	RFLAGS_RF = 1 << 16,
	DR6_BREAKPOINTS = 15,
	DR6_BS = 1 << 14,
	DR7_GD = 1 << 13
};
enum { EFER_LMA = 1 << 10, CS_LONG = 1 << 9, CR0_PE = 1 << 0 };

static inline uint32_t load_unaligned(const uint32_t *at)
{
	uint32_t value;

	__builtin_memcpy(&value, at, sizeof(value)); /* one instruction */
	return value;
}

/* Retires an instruction with RF or TF set. RF was meant for this instruction only (APM 2 3.1.6).
 * With TF set the trap comes behind the instruction (APM 2 13.1.4). An injected exception sets no
 * DR6 and clears no DR7.GD (APM 2 15.20), so the function does both. */
static bool retire_rarely(struct vcpu *v)
{
	struct vmcb *c = v->vmcb;
	bool traps = c->rflags & RFLAGS_TF;

	c->rflags &= ~(uint64_t)RFLAGS_RF;
	if (!traps)
		return false;
	c->dr6 = (c->dr6 & ~(uint64_t)DR6_BREAKPOINTS) | DR6_BS;
	c->dr7 &= ~(uint64_t)DR7_GD;
	c->event_injection = EVENT_VALID | EVENT_EXCEPTION | VECTOR_DB;
	return true;
}

static inline bool retire(struct vcpu *v, struct vmcb *c)
{
	c->interrupt_shadow = 0;
	return c->rflags & (RFLAGS_TF | RFLAGS_RF) ? retire_rarely(v) : false;
}

/* Outside of 64-bit code RIP has 32 bits. */
bool svm_retire(struct vcpu *v, unsigned length)
{
	struct vmcb *c = v->vmcb;
	bool wide = c->efer & EFER_LMA && c->cs.attributes & CS_LONG;

	c->rip = wide ? c->rip + length : (uint32_t)(c->rip + length);
	return retire(v, c);
}

/* Steps over an instruction whose length must be decoded. A length of 0 means: the bytes or the
 * page tables changed during the exit, and the present bytes are no such instruction.
 * slow_path: inlined, 15 instructions of a CPUID, and of a switch on irqmux (SVM: 198 and 533). */
static slow_path bool skip_decoded(struct vcpu *v)
{
	unsigned length = svm_instruction_length(v);

	return length == 0 ? svm_raise(v, VECTOR_UD, 0) : svm_retire(v, length);
}

/* Steps over the instruction that exited. A RIP from the processor and a RIP from a known place are
 * already wrapped. Places are never known for I/O, nor on a processor with next RIP. */
bool svm_skip(struct vcpu *v)
{
	struct vmcb *c = v->vmcb;
	const uint64_t rip = c->rip;
	const struct svm_code *known = &v->code[rip % SVM_CODE_PLACES];

	if (known->rip == rip && known->cr3 == c->cr3 && known->base == c->cs.base &&
	    (load_unaligned(known->at) & known->mask) == known->bytes) {
		c->rip = rip + known->length;
		return retire(v, c);
	}
	if ((uint32_t)c->exit_code == EXIT_IOIO)
		c->rip = c->exit_info_2;
	else if (svm_caps.next_rip)
		c->rip = c->next_rip;
	else
		return skip_decoded(v);
	return retire(v, c);
}

/* Returns the vector that results when vector is raised during the interrupted event (EXITINTINFO,
 * APM 2 15.7.2). */
static unsigned combine(uint64_t during, unsigned vector, uint32_t *error)
{
	uint64_t type = during & EVENT_TYPE;

	if (!(during & EVENT_VALID))
		return vector;
	if (type == EVENT_EXCEPTION)
		vector = exception_after(during & 0xff, vector);
	if (vector == VECTOR_DF)
		*error = 0;
	if (exception_names_selector(vector) && type != EVENT_SOFTWARE)
		*error |= ERROR_EXT;
	return vector;
}

/* Raises an exception. In real mode there are no error codes. */
bool svm_raise(struct vcpu *v, unsigned vector, uint32_t error)
{
	struct vmcb *c = v->vmcb;

	vector = combine(c->exit_interruption, vector, &error);
	if (vector == EXCEPTION_SHUTDOWN)
		return false;
	bool has_error = exception_has_error(vector) && c->cr0 & CR0_PE;
	if (exception_is_fault(vector))
		c->rflags |= RFLAGS_RF;
	c->interrupt_shadow = 0;
	c->event_injection = EVENT_VALID | EVENT_EXCEPTION | vector;
	if (has_error)
		c->event_injection |= (uint64_t)error << 32 | EVENT_ERROR;
	return true;
}
