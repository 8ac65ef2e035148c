/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's store without effect. See the header for the rule.
 */
#include "arch/x86/virt/store.h"

#include "arch/x86/virt/guest_operand.h"
#include "arch/x86/virt/nested_map.h"
#include "arch/x86/virt/opcode_map.h"
#include "arch/x86/virt/rmw.h"

enum { PAGE_BYTES = 4096 };
enum { RFLAGS_TF = 1 << 8, RFLAGS_DF = 1 << 10 };

/* The operand that an opcode stores to, and the bytes behind its ModR/M byte. NO: no store, or
 * other effects. */
enum form {
	NO,
	MODRM,     /* MOV r/m, r and the like */
	MODRM_0_8, /* ModR/M with reg = 0, then an immediate byte */
	MODRM_0_Z, /* the same with an immediate of the operand's size, 4 bytes at most */
	MOFFS,     /* an address */
	STOS,
	MOVS,
	RMW,   /* reads and writes: drop_rmw() */
	RMW_8, /* the same with an immediate byte */
	RMW_Z, /* the same with an immediate of the operand's size, 4 bytes at most */
};

/* Opcode maps of APM 3, tables. */
static const struct opcode_range one_byte[] = {
	/* MOV */
	{ 0x88, 0x89, MODRM },
	OPCODE(0x8c, MODRM),
	{ 0xa2, 0xa3, MOFFS },
	OPCODE(0xc6, MODRM_0_8),
	OPCODE(0xc7, MODRM_0_Z),
	{ 0xa4, 0xa5, MOVS },
	{ 0xaa, 0xab, STOS },
	/* ADD, OR, ADC, SBB, AND, SUB, XOR */
	{ 0x00, 0x01, RMW },
	{ 0x08, 0x09, RMW },
	{ 0x10, 0x11, RMW },
	{ 0x18, 0x19, RMW },
	{ 0x20, 0x21, RMW },
	{ 0x28, 0x29, RMW },
	{ 0x30, 0x31, RMW },
	OPCODE(0x80, RMW_8),
	OPCODE(0x81, RMW_Z),
	OPCODE(0x83, RMW_8),
	{ 0x86, 0x87, RMW },   /* XCHG */
	{ 0xc0, 0xc1, RMW_8 }, /* shifts */
	{ 0xd0, 0xd3, RMW },
	{ 0xf6, 0xf7, RMW }, /* NOT, NEG */
	{ 0xfe, 0xff, RMW }, /* INC, DEC */
	OPCODE_REST(NO),
};

static const struct opcode_range two_bytes[] = {
	/* MOVUPS, MOVLPS, MOVHPS ... */
	OPCODE(0x11, MODRM),
	OPCODE(0x13, MODRM),
	OPCODE(0x17, MODRM),
	OPCODE(0x29, MODRM),
	OPCODE(0x2b, MODRM),
	/* MOVQ, MOVDQA, MOVNTQ ... */
	OPCODE(0x7f, MODRM),
	OPCODE(0xe7, MODRM),
	OPCODE(0xc3, MODRM),   /* MOVNTI */
	{ 0x90, 0x9f, MODRM }, /* SETcc */
	/* SHLD, SHRD */
	OPCODE(0xa4, RMW_8),
	OPCODE(0xa5, RMW),
	OPCODE(0xac, RMW_8),
	OPCODE(0xad, RMW),
	/* BTS, BTR, BTC */
	OPCODE(0xab, RMW),
	OPCODE(0xb3, RMW),
	OPCODE(0xba, RMW_8),
	OPCODE(0xbb, RMW),
	{ 0xb0, 0xb1, RMW }, /* CMPXCHG */
	{ 0xc0, 0xc1, RMW }, /* XADD */
	OPCODE(0xc7, RMW),   /* CMPXCHG8B, CMPXCHG16B */
	OPCODE_REST(NO),
};

/* An instruction under way. */
struct work {
	struct guest_reading read;
	struct guest_address to; /* the operand's address */
	uint8_t opcode;          /* the opcode's last byte */
	uint8_t reg;             /* of ModR/M, with REX.R */
	bool two;                /* the opcode is two bytes: 0Fh and the next */
	bool long_mode;
	enum form form;
	unsigned wide;      /* bytes of a larger operand than a byte: 2, 4 or 8 */
	uint64_t immediate; /* extended by its sign; of MOFFS: the address */
};

static void read_opcode(struct work *w)
{
	w->opcode = guest_read_prefixes(&w->read, w->long_mode);
	w->two = w->opcode == 0x0f;
	if (w->two)
		w->opcode = guest_next_byte(&w->read);
	w->form = opcode_form(w->two ? two_bytes : one_byte, w->opcode);
}

/* Reads the ModR/M byte and the bytes that belong to it. Returns false for a register as
 * operand. */
static bool read_modrm(struct work *w)
{
	const uint8_t modrm = guest_next_byte(&w->read);

	w->reg = (uint8_t)((modrm >> 3 & 7) | (w->read.rex & REX_R ? 8 : 0));
	if (modrm >> 6 == 3)
		return false;
	guest_read_address(&w->read, &w->to, modrm, w->long_mode);
	return true;
}

/* Returns the bytes of the immediate value, or of the address of MOFFS. */
static unsigned immediate_bytes(const struct work *w)
{
	switch (w->form) {
	case MODRM_0_8:
	case RMW_8:
		return 1;
	case MODRM_0_Z:
	case RMW_Z:
		return w->wide == 2 ? 2 : 4;
	case MOFFS:
		return w->to.bytes;
	default:
		return 0;
	}
}

/* Reads the immediate value, extended by its sign. */
static uint64_t read_immediate(struct work *w)
{
	const unsigned bytes = immediate_bytes(w), above = 64 - 8 * bytes;
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)guest_next_byte(&w->read) << 8 * i;
	return bytes != 0 ? (uint64_t)((int64_t)(value << above) >> above) : 0;
}

/* Reads the rest of the instruction. Returns false where the bytes are no store. */
static bool read_operands(struct work *w)
{
	enum { RDI = 7 };

	w->to.base = w->to.index = ADDRESS_NONE;
	w->to.segment = w->read.overrides ? w->read.segment : SEGMENT_DS;
	if (w->form == STOS || w->form == MOVS) {
		w->to.base = RDI;
		w->to.segment = SEGMENT_ES;
	} else if (w->form != MOFFS && !read_modrm(w))
		return false;
	w->immediate = read_immediate(w);
	if (w->form == MOFFS)
		w->to.displacement = (int64_t)w->immediate;
	return w->read.at <= w->read.count;
}

/* Returns the number of elements of `size` bytes from this element to the end of its page, in the
 * direction of travel. */
static uint64_t elements(uint64_t address, unsigned size, bool down)
{
	const uint64_t offset = address & (PAGE_BYTES - 1),
		       n = down ? offset / size + 1 : (PAGE_BYTES - offset) / size;

	return n > 0 ? n : 1;
}

/* Carries out a string store. Returns true when the instruction is done, and false when elements
 * are left. */
static bool drop_string(const struct store *s, const struct work *w, unsigned size)
{
	const bool down = s->rflags & RFLAGS_DF, moves = w->form == MOVS;
	const unsigned address = w->to.bytes;
	struct vcpu_regs *regs = s->regs;
	uint64_t n = 1, left = address_part(regs->rcx, address);

	if (w->read.repeat) {
		n = elements(s->address, size, down);
		/* the source's next page may be absent */
		if (moves && elements(regs->rsi, size, down) < n)
			n = elements(regs->rsi, size, down);
		n = n < left ? n : left;
		address_advance(&regs->rcx, 0 - n, address);
	}
	const uint64_t by = down ? 0 - n * size : n * size;
	address_advance(&regs->rdi, by, address);
	if (moves)
		address_advance(&regs->rsi, by, address);
	return !w->read.repeat || n == left;
}

/* Carries out an instruction that reads and writes. Returns false, and changes nothing, when the
 * bytes are another instruction. */
static bool drop_rmw(struct store *s, const struct work *w)
{
	struct rmw rmw = { .two = w->two,
		           .lock = w->read.lock,
		           .rex = w->read.rex != 0,
		           .opcode = w->opcode,
		           .reg = w->reg,
		           .wide = w->wide,
		           .has_immediate = w->form != RMW,
		           .immediate = w->immediate,
		           .regs = s->regs,
		           .flags = s->rflags };

	if (!rmw_run(&rmw))
		return false;
	s->rflags = rmw.flags;
	return true;
}

/* Returns the bytes of the store, or some more. */
static unsigned size_of(const struct work *w)
{
	enum { MOVNTI = 0xc3, CMPXCHG8B = 0xc7, SSE_BYTES = 16 };

	if (w->two && w->opcode == CMPXCHG8B)
		return 2 * w->wide;
	if (w->two && w->form == MODRM && w->opcode != MOVNTI)
		return SSE_BYTES;
	return w->two || w->opcode & 1 ? w->wide : 1;
}

/* Returns the operand's linear address. */
static uint64_t linear_of(const struct store *s, const struct work *w)
{
	const uint64_t at = guest_offset(&w->to, s->regs, s->rsp, s->rip + w->read.at),
		       base = s->base[w->to.segment];

	if (!w->long_mode)
		return (uint32_t)(at + base);
	return w->to.segment >= SEGMENT_FS ? at + base : at;
}

/* Returns true where one end of the operand cannot be written, and the other end is memory of the
 * guest's. The operand of a bit instruction may lie far from the address. */
static bool writes_memory(const struct store *s, const struct work *w)
{
	const struct guest_paging *paging = &s->mode.paging;
	uint64_t first = linear_of(s, w), last = first + size_of(w) - 1, other = UINT64_MAX;

	if ((first ^ last) < PAGE_BYTES)
		return false;
	first = guest_translate(paging, first);
	last = guest_translate(paging, w->long_mode ? last : (uint32_t)last);
	if ((first ^ s->address) < PAGE_BYTES)
		other = last;
	else if ((last ^ s->address) < PAGE_BYTES)
		other = first;
	return nested_translate_to_write(paging->nested, other) != NULL;
}

/* Returns true where the instruction does nothing but the store. */
static bool only_stores(const struct work *w)
{
	return !w->read.lock && (w->form == MODRM || w->form >= MOFFS || (w->reg & 7) == 0);
}

uint64_t store_drop(struct store *s)
{
	struct work w = { .long_mode = guest_in_long_mode(&s->mode) };

	if (s->rflags & RFLAGS_TF) /* the processor does single steps best */
		return UINT64_MAX;
	w.read.count = guest_fetch(&s->mode, s->rip, w.read.bytes, sizeof(w.read.bytes));
	read_opcode(&w);
	w.to.bytes = guest_address_bytes(&w.read, w.long_mode, s->mode.cs_32);
	w.wide = guest_operand_bytes(&w.read, w.long_mode, s->mode.cs_32);
	if (w.form == NO || !read_operands(&w) || writes_memory(s, &w))
		return UINT64_MAX;
	if (w.form >= RMW ? !drop_rmw(s, &w) : !only_stores(&w))
		return UINT64_MAX;
	if ((w.form == STOS || w.form == MOVS) && !drop_string(s, &w, size_of(&w)))
		return s->rip;
	return w.long_mode ? s->rip + w.read.at : (uint32_t)(s->rip + w.read.at);
}

/* Opcodes of MOV (APM 3, MOV). */
enum { MOV_TO = 0x89, MOV_FROM = 0x8b, MOV_EAX_FROM = 0xa1, MOV_TO_EAX = 0xa3, MOV_VALUE = 0xc7 };

/* Finds the operands of a MOV. Returns false for another instruction. */
static bool read_mov(struct work *w)
{
	switch (w->opcode) {
	case MOV_FROM:
		w->form = MODRM;
		break;
	case MOV_EAX_FROM:
		w->form = MOFFS;
		break;
	case MOV_TO:
	case MOV_TO_EAX:
	case MOV_VALUE:
		break;
	default:
		return false;
	}
	return !w->two && w->wide == sizeof(uint32_t) && read_operands(w) && only_stores(w) &&
	       w->reg != REGISTER_RSP;
}

uint64_t store_move(struct store *s)
{
	struct work w = { .long_mode = guest_in_long_mode(&s->mode) };

	w.read.count = guest_fetch(&s->mode, s->rip, w.read.bytes, sizeof(w.read.bytes));
	read_opcode(&w);
	w.to.bytes = guest_address_bytes(&w.read, w.long_mode, s->mode.cs_32);
	w.wide = guest_operand_bytes(&w.read, w.long_mode, s->mode.cs_32);
	if (!read_mov(&w))
		return UINT64_MAX;
	uint64_t *reg = &(&s->regs->rax)[w.reg];
	bool from = w.opcode == MOV_FROM || w.opcode == MOV_EAX_FROM;
	uint32_t value = s->device(s->address, !from,
	                           (uint32_t)(w.opcode == MOV_VALUE ? w.immediate : *reg));

	if (from)
		*reg = value;
	return w.long_mode ? s->rip + w.read.at : (uint32_t)(s->rip + w.read.at);
}
