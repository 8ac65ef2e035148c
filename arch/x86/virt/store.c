/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's store without effect. See the header for the rule.
 */
#include "arch/x86/virt/store.h"

#include "arch/x86/virt/guest_operand.h"
#include "arch/x86/virt/nested_map.h"
#include "arch/x86/virt/opcode_map.h"
#include "arch/x86/virt/rmw.h"

enum { INSTRUCTION_MAX = 15, PAGE_BYTES = 4096 };
enum { RFLAGS_TF = 1 << 8, RFLAGS_DF = 1 << 10 };
enum { REX = 0x40, REX_R = 1 << 2, REX_W = 1 << 3 };

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

struct reading {
	uint8_t bytes[INSTRUCTION_MAX];
	unsigned count, at;
	uint8_t rex, opcode;
	bool repeat, operand_size, address_size, lock, two;
};

/* Returns the next byte, or 0 behind the last byte. r->at is then larger than r->count. */
static uint8_t next(struct reading *r)
{
	unsigned at = r->at++;

	return at < r->count ? r->bytes[at] : 0;
}

/* Notes a prefix and returns true; returns false for any other byte. REX counts only as the last
 * prefix. */
static bool take_prefix(struct reading *r, uint8_t byte, bool long_mode)
{
	if (long_mode && (byte & 0xf0) == REX) {
		r->rex = byte;
		return true;
	}
	switch (byte) {
	case 0x26: /* ES, CS, SS, DS, FS, GS */
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
		break;
	case 0x66:
		r->operand_size = true;
		break;
	case 0x67:
		r->address_size = true;
		break;
	case 0xf0:
		r->lock = true;
		break;
	case 0xf2:
	case 0xf3:
		r->repeat = true;
		break;
	default:
		return false;
	}
	r->rex = 0;
	return true;
}

static enum form read_opcode(struct reading *r, bool long_mode)
{
	uint8_t byte = next(r);

	while (r->at < INSTRUCTION_MAX && take_prefix(r, byte, long_mode))
		byte = next(r);
	r->opcode = byte;
	if (byte != 0x0f)
		return opcode_form(one_byte, byte);
	r->two = true;
	r->opcode = next(r);
	return opcode_form(two_bytes, r->opcode);
}

/* Skips ModR/M and the bytes that belong to it (APM 3 1.4). address: the address size in bytes.
 * Returns reg, or 8 for a register as operand. */
static unsigned skip_modrm(struct reading *r, unsigned address)
{
	const uint8_t modrm = next(r);
	const unsigned mod = modrm >> 6, rm = modrm & 7;

	if (mod == 3)
		return 8;
	unsigned base = address != 2 && rm == 4 ? next(r) & 7 : rm; /* base of the SIB byte */
	if (mod == 1)
		r->at += 1;
	if (mod == 2 || (mod == 0 && base == (address == 2 ? 6 : 5)))
		r->at += address == 2 ? 2 : 4;
	return modrm >> 3 & 7;
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
static bool drop_string(const struct store *s, const struct reading *r, bool moves,
                        unsigned address, unsigned size)
{
	const bool down = s->rflags & RFLAGS_DF;
	struct vcpu_regs *regs = s->regs;
	uint64_t n = 1, left = address_part(regs->rcx, address);

	if (r->repeat) {
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
	return !r->repeat || n == left;
}

/* Returns the immediate value of so many bytes, extended by its sign. */
static uint64_t immediate(struct reading *r, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)next(r) << 8 * i;
	const uint64_t sign = 1ull << (8 * bytes - 1);
	return (value ^ sign) - sign;
}

/* Carries out an instruction that reads and writes. Returns false, and changes nothing, when the
 * bytes are another instruction. */
static bool drop_rmw(struct store *s, struct reading *r, enum form form, unsigned address,
                     unsigned wide)
{
	const unsigned reg = skip_modrm(r, address);
	struct rmw rmw = { .two = r->two,
		           .lock = r->lock,
		           .rex = r->rex != 0,
		           .opcode = r->opcode,
		           .reg = (uint8_t)(reg | (r->rex & REX_R ? 8 : 0)),
		           .wide = wide,
		           .has_immediate = form != RMW,
		           .regs = s->regs,
		           .flags = s->rflags };

	if (rmw.has_immediate)
		rmw.immediate = immediate(r, form == RMW_8 ? 1 : wide == 2 ? 2 : 4);
	if (reg == 8 || r->at > r->count || !rmw_run(&rmw))
		return false;
	s->rflags = rmw.flags;
	return true;
}

/* Returns true where the access goes on in memory of the guest's, whose part must be written: the
 * processor does such a store. The size may be too large by some bytes. */
static bool reaches_memory(const struct store *s, unsigned size)
{
	const uint64_t last = s->address + size - 1;

	return (last ^ s->address) >= PAGE_BYTES &&
	       nested_translate_to_write(s->mode.paging.nested, last) != NULL;
}

uint64_t store_drop(struct store *s)
{
	const bool long_mode = guest_in_long_mode(&s->mode), code_32 = long_mode || s->mode.cs_32;
	struct reading r = { .at = 0 };

	if (s->rflags & RFLAGS_TF) /* the processor does single steps best */
		return UINT64_MAX;
	r.count = guest_fetch(&s->mode, s->rip, r.bytes, sizeof(r.bytes));
	const enum form form = read_opcode(&r, long_mode);
	const unsigned address = long_mode                   ? (r.address_size ? 4 : 8)
	                         : code_32 != r.address_size ? 4
	                                                     : 2;
	const unsigned wide = r.rex & REX_W ? 8 : code_32 != r.operand_size ? 4 : 2;
	const unsigned size = r.opcode & 1 ? wide : 1;
	unsigned reg = 0;
	if (reaches_memory(s, r.two ? wide : size))
		return UINT64_MAX;
	if (form >= RMW) {
		if (!drop_rmw(s, &r, form, address, wide))
			return UINT64_MAX;
		return long_mode ? s->rip + r.at : (uint32_t)(s->rip + r.at);
	}
	if (form == MODRM || form == MODRM_0_8 || form == MODRM_0_Z)
		reg = skip_modrm(&r, address);
	if (reg == 8 || r.lock || (reg != 0 && form != MODRM))
		return UINT64_MAX;
	if (form == MODRM_0_8)
		r.at += 1;
	if (form == MODRM_0_Z)
		r.at += wide == 2 ? 2 : 4;
	if (form == MOFFS)
		r.at += address;
	if (form == NO || r.at > r.count)
		return UINT64_MAX;
	if ((form == STOS || form == MOVS) && !drop_string(s, &r, form == MOVS, address, size))
		return s->rip;
	return long_mode ? s->rip + r.at : (uint32_t)(s->rip + r.at);
}
