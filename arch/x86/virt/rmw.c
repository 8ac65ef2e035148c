/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions that read, change and write absent memory. See the header for the rule.
 */
#include "arch/x86/virt/rmw.h"

#include "arch/x86/virt/opcode_map.h"

enum { CF = 1 << 0, ZF = 1 << 6, OF = 1 << 11, ARITHMETIC_LOW = 0xd5 };
enum { RSP = 4 };
enum { ADD = 0, CMP = 7, SHIFTS = 8 }; /* as in bits 3-5 and in reg (APM 3, table A-6) */
enum { INC = 16, DEC, NEG, SHLD, SHRD };
enum { OPCODE_SHRD = 0xac, GROUP_BIT = 4 }; /* reg of BT, the member that does not write */

/* How an opcode names the operation and the second operand. reg is the field of ModR/M. */
enum form {
	ALU,          /* operation in bits 3-5 of the opcode; a register */
	ALU_GROUP,    /* operation in reg; an immediate */
	INC_DEC,      /* reg 0 and 1 */
	NOT_NEG,      /* reg 2 and 3 */
	SHIFT_GROUP,  /* operation in reg; a count */
	SHIFT_DOUBLE, /* SHLD, SHRD: a register and a count */
	XCHG,
	XADD,
	CMPXCHG,
	CMPXCHG8B, /* reg 1; 16 bytes with REX.W */
	BIT,       /* BTS, BTR, BTC */
	BIT_GROUP, /* the same: reg 5 to 7 */
};

struct operands {
	uint64_t a, b; /* first and second */
	uint64_t count;
};

/* rmw_operate.S. number: four for each operation, one for each size. ax: OF, and FLAGS in AH. */
unsigned rmw_operate(unsigned number, uint64_t b, uint64_t a, uint64_t count, unsigned ax);

/* Returns RFLAGS after the operation. */
static uint64_t flags_after(unsigned operation, unsigned size, const struct operands *o,
                            uint64_t flags)
{
	unsigned ax = (unsigned)(flags & ARITHMETIC_LOW) << 8 | (flags & OF ? 1 : 0);

	ax = rmw_operate(4 * operation + (unsigned)__builtin_ctz(size), o->b, o->a, o->count, ax);
	flags &= ~(uint64_t)(ARITHMETIC_LOW | OF);
	return flags | (ax >> 8 & ARITHMETIC_LOW) | (ax & 1 ? OF : 0);
}

/* An instruction under way. */
struct work {
	struct rmw *of;
	enum form form;
	unsigned size;  /* bytes of the operand; of a half for CMPXCHG8B */
	unsigned count; /* of a shift */
};

static enum form form_of(const struct rmw *r)
{
	static const struct opcode_range two[] = {
		OPCODE(0xab, BIT),       OPCODE(0xb3, BIT),         OPCODE(0xbb, BIT),
		OPCODE(0xba, BIT_GROUP), { 0xb0, 0xb1, CMPXCHG },   { 0xc0, 0xc1, XADD },
		OPCODE(0xc7, CMPXCHG8B), OPCODE_REST(SHIFT_DOUBLE),
	};

	if (r->two)
		return opcode_form(two, r->opcode);
	switch (r->opcode & 0xfe) {
	case 0x80:
	case 0x82: /* 83h */
		return ALU_GROUP;
	case 0x86:
		return XCHG;
	case 0xf6:
		return NOT_NEG;
	case 0xfe:
		return INC_DEC;
	default:
		return r->opcode < 0x40 ? ALU : SHIFT_GROUP;
	}
}

static unsigned size_of(const struct rmw *r, enum form form)
{
	if (form == CMPXCHG8B)
		return r->wide == 8 ? 8 : 4;
	if (form == BIT || form == BIT_GROUP || form == SHIFT_DOUBLE)
		return r->wide; /* these have no form for a byte */
	return r->opcode & 1 ? r->wide : 1;
}

/* Returns the count of a shift: an immediate value, 1, or CL. */
static unsigned count_of(const struct rmw *r, unsigned size)
{
	enum { BY_CL = 0xd2 };
	uint64_t count = r->regs->rcx;
	if (r->has_immediate)
		count = r->immediate;
	else if (!r->two && r->opcode < BY_CL)
		count = 1;
	return count & (size == 8 ? 63 : 31);
}

/* Returns the register's part, or NULL for RSP. shift: 8 for AH, CH, DH and BH. */
static uint64_t *part_of(const struct work *r, unsigned number, unsigned *shift)
{
	bool high = r->size == 1 && !r->of->rex && number >= RSP;

	*shift = high ? 8 : 0;
	if (high)
		return &r->of->regs->rax + number - RSP;
	return number == RSP ? NULL : &r->of->regs->rax + number;
}

static uint64_t ones(unsigned size)
{
	return size == 8 ? UINT64_MAX : (1ull << 8 * size) - 1;
}

static uint64_t get(const uint64_t *part, unsigned shift, unsigned size)
{
	return *part >> shift & ones(size);
}

/* 32 bits clear the upper half (APM 3 1.2.3). */
static void set(uint64_t *part, unsigned shift, unsigned size, uint64_t value)
{
	if (size == 4)
		*part = value;
	else
		*part = (*part & ~(ones(size) << shift)) | value << shift;
}

static bool run(struct work *r, unsigned operation, uint64_t source, uint64_t count)
{
	const struct operands o = { .a = ones(r->size), .b = source, .count = count };

	r->of->flags = flags_after(operation, r->size, &o, r->of->flags);
	return true;
}

/* A count of 0 leaves the flags. A locked shift is no instruction. */
static bool shift(struct work *r, unsigned operation, uint64_t source)
{
	return !r->of->lock && (r->count == 0 || run(r, operation, source, r->count));
}

/* Compares the accumulator with the ones (APM 3, CMPXCHG). */
static bool compare(struct work *r)
{
	const struct operands o = { .a = get(&r->of->regs->rax, 0, r->size), .b = ones(r->size) };

	r->of->flags = flags_after(CMP, r->size, &o, r->of->flags);
	if (!(r->of->flags & ZF))
		set(&r->of->regs->rax, 0, r->size, ones(r->size));
	return true;
}

static bool compare_pair(struct work *r)
{
	const unsigned half = r->size;
	const uint64_t all = ones(half);

	r->of->flags &= ~(uint64_t)ZF;
	if (get(&r->of->regs->rax, 0, half) == all && get(&r->of->regs->rdx, 0, half) == all)
		r->of->flags |= ZF;
	else
		r->of->regs->rax = r->of->regs->rdx = all;
	return true;
}

/* Every bit of the operand is set. */
static bool test_bit(struct work *r)
{
	r->of->flags |= CF;
	return true;
}

/* Carries out an instruction with a register as its second operand. */
static bool run_with_register(struct work *r)
{
	unsigned shift_of = 0;
	uint64_t *part = part_of(r, r->of->reg, &shift_of);

	if (part == NULL)
		return false;
	uint64_t value = get(part, shift_of, r->size);
	switch (r->form) {
	case ALU:
		return run(r, r->of->opcode >> 3 & 7, value, 0);
	case SHIFT_DOUBLE:
		return shift(r, r->of->opcode >= OPCODE_SHRD ? SHRD : SHLD, value);
	case CMPXCHG:
		return compare(r);
	case BIT:
		return test_bit(r);
	case XADD:
		run(r, ADD, value, 0);
		break;
	default: /* XCHG */
		break;
	}
	set(part, shift_of, r->size, ones(r->size));
	return true;
}

static bool run_form(struct work *r)
{
	const unsigned member = r->of->reg & 7;

	switch (r->form) {
	case ALU_GROUP:
		return member != CMP && run(r, member, r->of->immediate, 0);
	case INC_DEC:
		return member <= 1 && run(r, INC + member, 0, 0);
	case NOT_NEG:
		return member == 2 || (member == 3 && run(r, NEG, 0, 0));
	case SHIFT_GROUP:
		return shift(r, SHIFTS + member, 0);
	case CMPXCHG8B:
		return member == 1 && compare_pair(r);
	case BIT_GROUP:
		return member > GROUP_BIT && test_bit(r);
	default:
		return run_with_register(r);
	}
}

bool rmw_run(struct rmw *r)
{
	struct work work = { .of = r, .form = form_of(r) };

	work.size = size_of(r, work.form);
	work.count = count_of(r, work.size);
	return run_form(&work);
}
