/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decodes the instruction that exited, for processors whose exits do not report the next RIP. Reads
 * the bytes through the guest's page tables and finds the length.
 *
 * Rule: the guest may write any value to its bytes and tables. A walk has as many steps as there
 * are levels, and reads only memory that is mapped for the guest. An instruction that cannot be
 * read or is not in the tables below has length 0.
 */
#include "arch/x86/virt/opcode_map.h"
#include "arch/x86/virt/svm/svm.h"

#include <string.h>

enum { CS_LONG = 1 << 9, CS_DEFAULT_32 = 1 << 10 }; /* attributes (vmcb.h) */
enum { PAGE_SHIFT = 12 };

struct guest_mode svm_mode(const struct vcpu *v)
{
	const struct vmcb *c = v->vmcb;

	return (struct guest_mode){ .paging = { .cr0 = c->cr0,
		                                .cr3 = c->cr3,
		                                .cr4 = c->cr4,
		                                .efer = c->efer,
		                                .nested = v->npt },
		                    .cs_base = c->cs.base,
		                    .cs_long = c->cs.attributes & CS_LONG,
		                    .cs_32 = c->cs.attributes & CS_DEFAULT_32 };
}

unsigned svm_fetch(const struct vcpu *v, uint64_t rip, uint8_t *bytes, unsigned count)
{
	const struct guest_mode m = svm_mode(v);

	return guest_fetch(&m, rip, bytes, count);
}

/* ---- The form of instructions ---- */

enum { INSTRUCTION_MAX = 15 }; /* bytes; a longer instruction raises #GP (APM 3 1.1) */
enum {
	REX_B = 1 << 0,
	REX_X = 1 << 1,
	REX_R = 1 << 2,
	REX_W = 1 << 3,
	REX = 4 << 4,
	PREFIX_LOCK = 0xf0
};
enum { PREFIX_OPERAND_SIZE = 0x66, PREFIX_ADDRESS_SIZE = 0x67 };

/* The part behind the opcode. NO: the instruction does not exit, or its exit needs no decoding. */
enum follows {
	NO,
	NOTHING,
	BYTE,
	MODRM,
	REGISTERS /* ModR/M with mod ignored: always registers */,
	PREFIX,
	ESCAPE
};

/* The prefixes come first: an instruction has up to 14. */
static const struct opcode_range one_byte[] = {
	{ 0x64, 0x67, PREFIX }, /* FS, GS, operand size, address size */
	{ 0xf2, 0xf3, PREFIX }, /* REPNE, REP */
	OPCODE(0xf0, PREFIX),   /* LOCK */
	/* ES, CS, SS, DS */
	OPCODE(0x26, PREFIX),
	OPCODE(0x2e, PREFIX),
	OPCODE(0x36, PREFIX),
	OPCODE(0x3e, PREFIX),
	OPCODE(0x0f, ESCAPE),
	{ 0xe4, 0xe7, BYTE },    /* IN, OUT with the port's number */
	{ 0xec, 0xef, NOTHING }, /* IN, OUT with DX */
	{ 0x6c, 0x6f, NOTHING }, /* INS, OUTS */
	OPCODE(0xf4, NOTHING),   /* HLT */
	OPCODE_REST(NO),
};

static const struct opcode_range two_bytes[] = {
	/* VMRUN, VMMCALL, VMLOAD, VMSAVE, STGI, CLGI, SKINIT, INVLPGA, MONITOR, MWAIT, XSETBV
	 * ... */
	OPCODE(0x01, MODRM),
	{ 0x20, 0x23, REGISTERS }, /* MOV from and to control and debug registers */
	OPCODE(0x30, NOTHING),     /* WRMSR */
	{ 0x32, 0x33, NOTHING },   /* RDMSR, RDPMC */
	OPCODE(0xa2, NOTHING),     /* CPUID */
	OPCODE(0x06, NOTHING),     /* CLTS */
	{ 0x08, 0x09, NOTHING },   /* INVD, WBINVD */
	OPCODE(0xaa, NOTHING),     /* RSM */
	OPCODE_REST(NO),
};

/* The bytes of an instruction as far as they could be read, and the effects of the prefixes. */
struct reading {
	uint8_t bytes[INSTRUCTION_MAX];
	unsigned count, at;
	uint8_t rex;
	enum svm_segment segment;
	bool overrides, lock, operand_size, address_size;
};

/* Returns the next byte, or 0 behind the last byte. r->at is then larger than r->count. */
static uint8_t next(struct reading *r)
{
	unsigned at = r->at++;

	return at < r->count ? r->bytes[at] : 0;
}

/* Returns true when the prefix names a segment for the memory operand. */
static bool read_segment(struct reading *r, uint8_t prefix)
{
	static const uint8_t prefixes[] = {
		[SVM_ES] = 0x26, [SVM_CS] = 0x2e, [SVM_SS] = 0x36,
		[SVM_DS] = 0x3e, [SVM_FS] = 0x64, [SVM_GS] = 0x65,
	};

	for (unsigned i = 0; i < sizeof(prefixes); i++) {
		if (prefixes[i] != prefix)
			continue;
		r->segment = (enum svm_segment)i;
		return true;
	}
	return false;
}

/* Reads the prefixes, in any order. REX counts only as the last prefix, and only in 64-bit code.
 * Returns the opcode's first byte. */
static uint8_t read_prefixes(struct reading *r, bool long_mode)
{
	for (;;) {
		uint8_t byte = next(r);
		if (long_mode && (byte & 0xf0) == REX) {
			r->rex = byte;
			continue;
		}
		if (opcode_form(one_byte, byte) != PREFIX)
			return byte;
		r->rex = 0;
		r->overrides |= read_segment(r, byte);
		r->lock |= byte == PREFIX_LOCK;
		r->operand_size |= byte == PREFIX_OPERAND_SIZE;
		r->address_size |= byte == PREFIX_ADDRESS_SIZE;
	}
}

/* Returns the displacement of the given length in bytes, sign-extended. */
static int32_t read_displacement(struct reading *r, unsigned bytes)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint32_t)next(r) << 8 * i;
	unsigned above = 32 - 8 * bytes;
	return bytes != 0 ? (int32_t)(value << above) >> above : 0;
}

/* Sets the base and the index that rm names in 16-bit addresses (APM 3 1.4.1). */
static void read_registers_16(struct svm_operand *o, unsigned rm)
{
	enum { BX = 3, BP = 5, SI = 6, DI = 7 };
	static const uint8_t bases[] = { BX, BX, BP, BP, SI, DI, BP, BX };
	o->base = bases[rm];
	o->index = rm < 4 ? (rm & 1 ? DI : SI) : SVM_NONE;
}

/* Reads the SIB byte (APM 3 1.4.2):  7:6 scale | 5:3 index | 2:0 base
 * Returns the base without REX. */
static unsigned read_sib(struct reading *r, struct svm_operand *o)
{
	const uint8_t sib = next(r);
	const uint8_t index = (uint8_t)((sib >> 3 & 7) | (r->rex & REX_X ? 8 : 0));

	o->index = index == REGISTER_RSP ? SVM_NONE : index;
	o->scale = sib >> 6;
	o->base = (uint8_t)((sib & 7) | (r->rex & REX_B ? 8 : 0));
	return sib & 7;
}

/*
 * Reads the bytes behind the ModR/M byte (APM 3 1.4):  7:6 mod | 5:3 reg | 2:0 rm
 * With 16-bit addresses there is no SIB byte, and mod 2 has two bytes of displacement instead of
 * four.
 */
static void read_address(struct reading *r, struct svm_operand *o, uint8_t modrm, bool long_mode)
{
	const bool address_16 = o->address_bytes == 2;
	const unsigned mod = modrm >> 6, rm = modrm & 7;
	unsigned base = rm;

	o->base = (uint8_t)(rm | (r->rex & REX_B ? 8 : 0));
	o->index = SVM_NONE;
	if (address_16)
		read_registers_16(o, rm);
	else if (rm == REGISTER_RSP)
		base = read_sib(r, o);
	const bool absent = mod == 0 && base == (address_16 ? 6 : REGISTER_RBP);
	if (absent)
		o->base = long_mode && rm == REGISTER_RBP ? SVM_RIP : SVM_NONE;
	o->displacement = read_displacement(r, mod == 1             ? 1
	                                       : mod == 2 || absent ? (address_16 ? 2 : 4)
	                                                            : 0);
	bool stack = o->base == REGISTER_RBP || (!address_16 && o->base == REGISTER_RSP);
	o->segment = r->overrides ? r->segment : stack ? SVM_SS : SVM_DS;
}

static void read_modrm(struct reading *r, struct svm_instruction *i, bool only_registers,
                       bool long_mode)
{
	uint8_t modrm = next(r);

	i->reg = (uint8_t)((modrm >> 3 & 7) | (r->rex & REX_R ? 8 : 0));
	i->rm = (uint8_t)((modrm & 7) | (r->rex & REX_B ? 8 : 0));
	/* LOCK MOV CR0 is another name of MOV CR8 (APM 3, MOV CRn) */
	if (only_registers && r->lock && i->reg == 0)
		i->reg = 8;
	i->operand.in_memory = !only_registers && modrm >> 6 != 3;
	if (i->operand.in_memory)
		read_address(r, &i->operand, modrm, long_mode);
}

struct svm_instruction svm_decode(const struct vcpu *v)
{
	const struct guest_mode m = svm_mode(v);
	const bool long_mode = guest_in_long_mode(&m), code_16 = !long_mode && !m.cs_32;
	struct svm_instruction i = { 0 };
	struct reading r = { .at = 0 };

	r.count = svm_fetch(v, v->vmcb->rip, r.bytes, sizeof(r.bytes));
	i.opcode = read_prefixes(&r, long_mode);
	i.operand.segment = r.overrides ? r.segment : SVM_DS; /* of OUTS */
	uint8_t follows = opcode_form(one_byte, i.opcode);
	i.operand.bytes = r.rex & REX_W ? 8 : code_16 != r.operand_size ? 2 : 4;
	i.operand.address_bytes = long_mode                   ? (r.address_size ? 4 : 8)
	                          : code_16 != r.address_size ? 2
	                                                      : 4;
	if (follows == ESCAPE) {
		i.two_bytes = true;
		i.opcode = next(&r);
		follows = opcode_form(two_bytes, i.opcode);
	}
	if (follows == BYTE)
		r.at++;
	if (follows == MODRM || follows == REGISTERS)
		read_modrm(&r, &i, follows == REGISTERS, long_mode);
	if (follows == NO || r.at > r.count)
		return (struct svm_instruction){ 0 };
	i.length = (uint8_t)r.at;
	return i;
}

/* ---- Places that exit often ---- */

/* Instructions without operands in the code, by exit code: the bytes that count (mask), lowest
 * first, and the instruction's length. RDMSR and WRMSR differ in a bit. */
static const struct plain {
	uint32_t bytes, mask;
	uint8_t exit_code, length;
} plain[] = {
	{ 0xa20f, 0xffff, EXIT_CPUID, 2 },
	{ 0xf4, 0xff, EXIT_HLT, 1 },
	{ 0x300f, 0xfdff, EXIT_MSR, 2 },
	{ 0xd9010f, 0xffffff, EXIT_VMMCALL, 3 },
};
enum { PLAIN = sizeof(plain) / sizeof(plain[0]) };

static const struct plain *find_plain(uint64_t exit_code)
{
	for (unsigned i = 0; i < PLAIN; i++)
		if (plain[i].exit_code == exit_code)
			return &plain[i];
	return NULL;
}

void svm_forget_code(struct vcpu *v)
{
	static const uint32_t nothing;

	for (unsigned i = 0; i < SVM_CODE_PLACES; i++)
		v->code[i] = (struct svm_code){ .at = &nothing, .bytes = 1 }; /* equals no code */
}

/* Notes the place of the instruction, so that the next svm_skip() there needs no walk. The
 * instruction must be in the table above, without prefixes, and its bytes must not lie at the end
 * of a page. Returns the instruction's length, or 0 where the instruction must be decoded. A walk
 * of four levels takes 600 instructions of the VMM, and decoding takes a second walk. */
static unsigned note_code(struct vcpu *v)
{
	const struct vmcb *c = v->vmcb;
	const struct plain *p = find_plain(c->exit_code);
	const struct guest_mode m = svm_mode(v);
	const uint64_t linear = guest_in_long_mode(&m) ? c->rip : (uint32_t)(c->cs.base + c->rip);
	const uint64_t page = 1ull << PAGE_SHIFT;
	uint32_t bytes;

	if (p == NULL || (linear & (page - 1)) > page - sizeof(bytes))
		return 0;
	const void *at = npt_translate(v->npt, guest_translate(&m.paging, linear));
	if (at == NULL)
		return 0;
	memcpy(&bytes, at, sizeof(bytes));
	if ((bytes & p->mask) != p->bytes)
		return 0;
	v->code[c->rip % SVM_CODE_PLACES] = (struct svm_code){
		.rip = c->rip,
		.cr3 = c->cr3,
		.base = c->cs.base,
		.at = at,
		.mask = p->mask,
		.bytes = p->bytes,
		.length = p->length,
	};
	return p->length;
}

unsigned svm_instruction_length(struct vcpu *v)
{
	unsigned length = note_code(v);

	return length != 0 ? length : svm_decode(v).length;
}
