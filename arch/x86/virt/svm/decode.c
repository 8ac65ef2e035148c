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

/* The part behind the opcode. NO: the instruction does not exit, or its exit needs no decoding. */
enum follows {
	NO,
	NOTHING,
	BYTE,
	MODRM,
	REGISTERS /* ModR/M with mod ignored: always registers */,
	ESCAPE
};

static const struct opcode_range one_byte[] = {
	OPCODE(0x0f, ESCAPE),    { 0xe4, 0xe7, BYTE }, /* IN, OUT with the port's number */
	{ 0xec, 0xef, NOTHING },                       /* IN, OUT with DX */
	{ 0x6c, 0x6f, NOTHING },                       /* INS, OUTS */
	OPCODE(0xf4, NOTHING),                         /* HLT */
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

static void read_modrm(struct guest_reading *r, struct svm_instruction *i, bool only_registers,
                       bool long_mode)
{
	uint8_t modrm = guest_next_byte(r);

	i->reg = (uint8_t)((modrm >> 3 & 7) | (r->rex & REX_R ? 8 : 0));
	i->rm = (uint8_t)((modrm & 7) | (r->rex & REX_B ? 8 : 0));
	/* LOCK MOV CR0 is another name of MOV CR8 (APM 3, MOV CRn) */
	if (only_registers && r->lock && i->reg == 0)
		i->reg = 8;
	i->operand.in_memory = !only_registers && modrm >> 6 != 3;
	if (i->operand.in_memory)
		guest_read_address(r, &i->operand.address, modrm, long_mode);
}

struct svm_instruction svm_decode(const struct vcpu *v)
{
	const struct guest_mode m = svm_mode(v);
	const bool long_mode = guest_in_long_mode(&m);
	struct svm_instruction i = { 0 };
	struct guest_reading r = { .at = 0 };

	r.count = guest_fetch(&m, v->vmcb->rip, r.bytes, sizeof(r.bytes));
	i.opcode = guest_read_prefixes(&r, long_mode);
	i.operand.address.segment = r.overrides ? r.segment : SEGMENT_DS; /* of OUTS */
	uint8_t follows = opcode_form(one_byte, i.opcode);
	i.operand.bytes = guest_operand_bytes(&r, long_mode, m.cs_32);
	i.operand.address.bytes = guest_address_bytes(&r, long_mode, m.cs_32);
	if (follows == ESCAPE) {
		i.two_bytes = true;
		i.opcode = guest_next_byte(&r);
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
	__builtin_memcpy(&bytes, at, sizeof(bytes)); /* one instruction */
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
