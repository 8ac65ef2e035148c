/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CR0. The guest's NE is a shadow.
 *
 * The processor's NE is always set: with NE clear an x87 error would raise FERR# and so IRQ13 of
 * the machine, even when another VM owns line 13. The NE of the guest decides which accesses exit:
 *
 *   set     writes that change more than TS and MP
 *   clear   all reads and writes of CR0, SMSW, LMSW and CLTS among them; and #MF
 *
 * Rule: the guest reads back the written value. A write that the processor would refuse raises #GP.
 */
#include "arch/x86/cpu/exception.h"
#include "arch/x86/virt/svm/svm.h"

#include <errno.h>

enum { CR0_PE = 1 << 0, CR0_TS = 1 << 3, CR0_ET = 1 << 4, CR0_NE = 1 << 5, CR0_WP = 1 << 16 };
enum { CR0_NW = 1 << 29, CR0_CD = 1 << 30, CR0_LOW = 15 };
#define CR0_PG (1u << 31)
/* 31 PG | 30 CD | 29 NW | 18 AM | 16 WP | 5 NE | 4 ET | 3 TS | 2 EM | 1 MP | 0 PE (APM 2 3.1.1) */
#define CR0_ALL 0xe005003fu
enum {
	CR4_PAE = 1 << 5,
	CR4_PCIDE = 1 << 17,
	EFER_LME = 1 << 8,
	EFER_LMA = 1 << 10,
	CS_LONG = 1 << 9
};
/* The byte behind 0Fh: */
enum { OPCODE_GROUP = 0x01, OPCODE_CLTS = 0x06, OPCODE_MOV_FROM = 0x20, OPCODE_MOV_TO = 0x22 };
enum { GROUP_SMSW = 4, GROUP_LMSW = 6 };
enum { INTERCEPT_CR0 = 1 << 0 };

static void set_intercepts(struct vmcb *c, bool ne)
{
	const uint16_t cr0 = ne ? 0 : INTERCEPT_CR0;

	c->intercept_cr_read = (uint16_t)((c->intercept_cr_read & ~INTERCEPT_CR0) | cr0);
	c->intercept_cr_write = (uint16_t)((c->intercept_cr_write & ~INTERCEPT_CR0) | cr0);
	c->intercept_exceptions &= ~(1u << VECTOR_MF);
	c->intercept_exceptions |= ne ? 0 : 1u << VECTOR_MF;
}

void svm_cr0_reset(struct vcpu *v)
{
	v->vmcb->cr0 = CR0_PE | CR0_ET | CR0_NE;
	set_intercepts(v->vmcb, false);
}

uint64_t svm_cr0(const struct vcpu *v)
{
	const struct vmcb *c = v->vmcb;

	return c->intercept_cr_read & INTERCEPT_CR0 ? c->cr0 & ~(uint64_t)CR0_NE : c->cr0;
}

static bool is_wide(const struct vmcb *c)
{
	return c->efer & EFER_LMA && c->cs.attributes & CS_LONG;
}

/* Returns whether the processor would accept the change of PG (APM 2 14.6.1, 14.7, 5.5.1). */
static bool paging_fits(const struct vmcb *c, bool paging)
{
	bool long_code = c->cs.attributes & CS_LONG;

	if (paging)
		return !(c->efer & EFER_LME) || (c->cr4 & CR4_PAE && !long_code);
	return !is_wide(c) && !(c->cr4 & CR4_PCIDE);
}

static bool fits(const struct vmcb *c, uint64_t value)
{
	if (value >> 32 || (value & CR0_PG && !(value & CR0_PE)) ||
	    (value & CR0_NW && !(value & CR0_CD)))
		return false;
	return !((value ^ c->cr0) & CR0_PG) || paging_fits(c, value & CR0_PG);
}

/* Lets LMA follow PG when long mode is enabled, and drops the translations of the old mode. */
static void follow(struct vmcb *c, uint64_t changed, uint64_t value)
{
	if (changed & CR0_PG && c->efer & EFER_LME)
		c->efer = value & CR0_PG ? c->efer | EFER_LMA : c->efer & ~(uint64_t)EFER_LMA;
	if (changed & (CR0_PG | CR0_WP | CR0_PE))
		c->tlb_control = TLB_CONTROL_FLUSH_ALL;
}

static int write_cr0(struct vcpu *v, uint64_t value, struct denial *what)
{
	struct vmcb *c = v->vmcb;

	if (c->cpl != 0 || !fits(c, value)) {
		*what = (struct denial){ "CR0 = %lx", { value } };
		return -EPERM;
	}
	follow(c, value ^ c->cr0, value);
	c->cr0 = (value & CR0_ALL) | CR0_ET | CR0_NE;
	set_intercepts(c, value & CR0_NE);
	return 0;
}

/* Stores CR0 in a general register. A 16-bit store keeps the upper bits of the register. */
static void store_word(struct vcpu *v, const struct svm_instruction *i)
{
	uint64_t *to = svm_register(v, i->rm), value = svm_cr0(v);

	*to = i->operand.bytes == 2 ? (*to & ~0xffffull) | (uint16_t)value : value;
}

/* Carries out LMSW. LMSW sets the lowest four bits, but never clears PE. */
static int load_word(struct vcpu *v, uint16_t word, struct denial *what)
{
	uint64_t now = svm_cr0(v);

	return write_cr0(v, (now & ~(uint64_t)CR0_LOW) | (word & CR0_LOW) | (now & CR0_PE), what);
}

/* Carries out SMSW or LMSW. Returns true when an exception for the guest is set up. */
static bool machine_status(struct vcpu *v, const struct svm_instruction *i, int *error,
                           struct denial *what)
{
	uint16_t word = (uint16_t)*svm_register(v, i->rm);

	if (i->reg == GROUP_LMSW) {
		if (i->operand.in_memory && !svm_operand_read(v, i, &word))
			return true;
		*error = load_word(v, word, what);
		return false;
	}
	*error = 0;
	if (i->operand.in_memory)
		return !svm_operand_write(v, i, (uint16_t)svm_cr0(v));
	store_word(v, i);
	return false;
}

/* The quirk *one register* (QEMU's TCG, seen in 10.0): where reads of CR0 exit, reads of the other
 * control registers exit as reads of CR0. CR8 is 0 (control.c). */
static uint64_t read_control(const struct vcpu *v, unsigned number)
{
	const struct vmcb *c = v->vmcb;

	switch (number) {
	case 0:
		return svm_cr0(v);
	case 2:
		return c->cr2;
	case 3:
		return c->cr3;
	case 4:
		return c->cr4;
	default:
		return 0;
	}
}

/* Emulates an access to CR0. The bytes of the instruction may have changed since the exit. The
 * function carries out the present bytes when they are an access to CR0. */
int svm_cr0_emulate(struct vcpu *v, const struct svm_instruction *i, struct denial *what)
{
	uint64_t *reg = svm_register(v, i->rm);
	unsigned opcode = i->two_bytes ? i->opcode : 0;
	int error = -EPERM;

	*what = (struct denial){ .format = "a control register" };
	if (opcode == OPCODE_GROUP && (i->reg == GROUP_SMSW || i->reg == GROUP_LMSW)) {
		if (machine_status(v, i, &error, what))
			return 0;
	} else if (opcode == OPCODE_CLTS) {
		error = write_cr0(v, svm_cr0(v) & ~(uint64_t)CR0_TS, what);
	} else if (opcode == OPCODE_MOV_TO && i->reg == 0) {
		error = write_cr0(v, is_wide(v->vmcb) ? *reg : (uint32_t)*reg, what);
	} else if (opcode == OPCODE_MOV_FROM && v->vmcb->cpl == 0) {
		*reg = read_control(v, i->reg);
		error = 0;
	}
	if (error == 0)
		(void)svm_retire(v, i->length);
	return error;
}
