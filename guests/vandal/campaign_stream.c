/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams of random instructions in ring 3. An instruction that faults is stepped over by the
 * guest's own handler, so most instructions cost no exit and no switch of rings.
 *
 * Rule: a length is known when the bytes are written: the tables have no jump, no call, no return,
 * and no opcode whose length is a matter of the processor's model. Memory operands are relative to
 * RIP, and lie in the scratch memory below the code.
 */
#include "guests/vandal/campaign_stream.h"

#include "guests/lib/selectors.h"
#include "guests/vandal/campaign.h"
#include "guests/vandal/ring3.h"

#include <string.h>

enum { PAGE = 4096, PAGES = 128, LONGEST = 20, INSTRUCTIONS = 64, TIMES = 8 };
enum { CODE_AT = CAMPAIGN_SCRATCH + CAMPAIGN_SCRATCH_BYTES / 2, DATA_BYTES = 0x40000 };
enum { HLT = 0xf4, ESCAPE = 0x0f, VEX = 0xc5, LOCK = 0xf0, GATES = 256, VECTOR_NMI = 2 };

/* What follows an opcode. NO: the opcode is left out. */
enum {
	NO = 0,
	BARE = 1 << 0,   /* nothing */
	MODRM = 1 << 1,  /* ModR/M */
	ONLY_3 = 1 << 2, /* ModR/M that names a register */
	BYTE = 1 << 3,   /* an immediate byte */
	WIDE = 1 << 4,   /* an immediate of the operand's size, 4 bytes at most */
	FULL = 1 << 5,   /* the same, 8 bytes at most */
	FAR = 1 << 6,    /* an address of 8 bytes */
	STRING = 1 << 7, /* no prefix: a count could be 2^64 */
};
/* The members of groups: values of reg. */
enum { ANY = 0xff };

/* Opcode maps of SDM 2, appendix A. */
#define ARITHMETIC(n)                                                                           \
	[n] = MODRM, [(n) + 1] = MODRM, [(n) + 2] = MODRM, [(n) + 3] = MODRM, [(n) + 4] = BYTE, \
	[(n) + 5] = WIDE
static const uint8_t one_byte[256] = {
	ARITHMETIC(0x00),
	ARITHMETIC(0x08),
	ARITHMETIC(0x10),
	ARITHMETIC(0x18),
	ARITHMETIC(0x20),
	ARITHMETIC(0x28),
	ARITHMETIC(0x30),
	ARITHMETIC(0x38),
	[0x06] = BARE,
	[0x07] = BARE,
	[0x0e] = BARE,
	[0x16] = BARE,
	[0x17] = BARE,
	[0x27] = BARE,
	[0x50 ... 0x5f] = BARE,
	[0x63] = MODRM,
	[0x68] = WIDE,
	[0x69] = MODRM | WIDE,
	[0x6a] = BYTE,
	[0x6b] = MODRM | BYTE,
	[0x6c ... 0x6f] = STRING,
	[0x80] = MODRM | BYTE,
	[0x81] = MODRM | WIDE,
	[0x83] = MODRM | BYTE,
	[0x84 ... 0x8e] = MODRM,
	[0x90 ... 0x99] = BARE,
	[0x9b ... 0x9f] = BARE,
	[0xa0 ... 0xa3] = FAR,
	[0xa4 ... 0xa7] = STRING,
	[0xa8] = BYTE,
	[0xa9] = WIDE,
	[0xaa ... 0xaf] = STRING,
	[0xb0 ... 0xb7] = BYTE,
	[0xb8 ... 0xbf] = FULL,
	[0xc0] = MODRM | BYTE,
	[0xc1] = MODRM | BYTE,
	[0xc6] = MODRM | BYTE,
	[0xc7] = MODRM | WIDE,
	[0xc9] = BARE,
	[0xcc] = BARE,
	[0xcd] = BYTE,
	[0xce] = BARE,
	[0xd0 ... 0xd3] = MODRM,
	[0xd7] = BARE,
	[0xd8 ... 0xdf] = MODRM,
	[0xe4 ... 0xe7] = BYTE,
	[0xec ... 0xef] = BARE,
	[0xf1] = BARE,
	[0xf4] = BARE,
	[0xf5] = BARE,
	[0xf6] = MODRM,
	[0xf7] = MODRM,
	[0xf8 ... 0xfd] = BARE,
	[0xfe] = MODRM,
	[0xff] = MODRM,
};
static const uint8_t two_bytes[256] = {
	[0x00 ... 0x03] = MODRM, [0x05 ... 0x09] = BARE,
	[0x0b] = BARE,           [0x0d] = MODRM,
	[0x10 ... 0x1f] = MODRM, [0x20 ... 0x23] = ONLY_3,
	[0x28 ... 0x2f] = MODRM, [0x30 ... 0x35] = BARE,
	[0x37] = BARE,           [0x40 ... 0x6f] = MODRM,
	[0x70] = MODRM | BYTE,   [0x71 ... 0x73] = ONLY_3 | BYTE,
	[0x74 ... 0x76] = MODRM, [0x77] = BARE,
	[0x7c ... 0x7f] = MODRM, [0x90 ... 0x9f] = MODRM,
	[0xa0 ... 0xa2] = BARE,  [0xa3] = ONLY_3,
	[0xa4] = MODRM | BYTE,   [0xa5] = MODRM,
	[0xa8 ... 0xaa] = BARE,  [0xab] = ONLY_3,
	[0xac] = MODRM | BYTE,   [0xad ... 0xb2] = MODRM,
	[0xb3] = ONLY_3,         [0xb4 ... 0xb9] = MODRM,
	[0xba] = MODRM | BYTE,   [0xbb] = ONLY_3,
	[0xbc ... 0xc1] = MODRM, [0xc2] = MODRM | BYTE,
	[0xc3] = MODRM,          [0xc4 ... 0xc6] = MODRM | BYTE,
	[0xc7] = MODRM,          [0xc8 ... 0xcf] = BARE,
	[0xd0 ... 0xfe] = MODRM,
};

/* The members of a group that are instructions of a known length and do not jump. */
static uint8_t members(bool two, uint8_t opcode)
{
	if (two)
		return opcode == 0xc7 ? 0x02 : ANY; /* RDRAND does not repeat */
	switch (opcode) {
	case 0xc6:
	case 0xc7:
		return 0x01;
	case 0xf6:
		return 0xfc;
	case 0xf7: /* gentle: without IDIV, by which QEMU ends (docs/testing.md) */
		return campaign_gentle ? 0x7c : 0xfc;
	case 0xfe:
		return 0x03;
	case 0xff:
		return 0x43;
	default:
		return ANY;
	}
}

/* The instruction under way. */
static struct {
	uint8_t *at;
	bool operand_size, wide; /* 66h, REX.W */
	bool rex;
} w;

static void put(uint64_t value, unsigned bytes)
{
	memcpy(w.at, &value, sizeof(value)); /* what is too much is written over */
	w.at += bytes;
}

static void put_prefixes(void)
{
	static const uint8_t prefixes[] = { 0x66, 0x66, 0xf2, 0xf3, 0xf2,
		                            0xf3, 0x2e, 0x64, 0x65, LOCK };
	const uint32_t any = campaign_any(1u << 16);

	if ((any & 3) == 0) {
		uint8_t prefix = prefixes[(any >> 2) % sizeof(prefixes)];

		if (prefix == LOCK && campaign_gentle)
			prefix = 0x66;
		w.operand_size = prefix == 0x66;
		put(prefix, 1);
	}
	w.rex = any >> 8 & 1;
	w.wide = w.rex && (any >> 12 & 8);
	if (w.rex)
		put(0x40 | (any >> 12 & 15), 1);
}

/* A register, or memory relative to RIP. */
static void put_modrm(unsigned form, uint8_t allowed, unsigned behind)
{
	const uint32_t any = campaign_any(1u << 31);
	unsigned reg = any >> 3 & 7;

	while (!(allowed >> reg & 1))
		reg = (reg + 1) & 7;
	if (form & ONLY_3 || any >> 6 & 1) {
		put(0xc0 | reg << 3 | (any & 7), 1);
		return;
	}
	put(reg << 3 | 5, 1);
	put(CAMPAIGN_SCRATCH + ((any >> 7) & (DATA_BYTES - 1)) -
	            (uint64_t)(uintptr_t)(w.at + 4 + behind),
	    4);
}

static unsigned immediate_bytes(unsigned form)
{
	if (form & BYTE)
		return 1;
	if (form & FAR)
		return 8;
	if (form & WIDE)
		return w.operand_size && !w.wide ? 2 : 4;
	if (form & FULL)
		return w.wide ? 8 : w.operand_size ? 2 : 4;
	return 0;
}

static void put_operands(unsigned form, uint8_t allowed)
{
	const unsigned bytes = immediate_bytes(form);

	if (form & (MODRM | ONLY_3))
		put_modrm(form, allowed, bytes);
	if (bytes != 0)
		put(campaign_value(), bytes);
}

static uint8_t pick_opcode(const uint8_t table[256])
{
	uint8_t opcode = (uint8_t)campaign_any(256);

	while (table[opcode] == NO)
		opcode++;
	return opcode;
}

/* Opcodes of three bytes, and opcodes of two bytes with a VEX prefix. */
static void put_long(void)
{
	if (campaign_any(2) && !campaign_gentle) {
		const bool with_byte = campaign_any(2); /* 3Ah */

		put_prefixes();
		put(ESCAPE, 1);
		put(with_byte ? 0x3a : 0x38, 1);
		put(campaign_any(256), 1);
		put_operands(MODRM | (with_byte ? BYTE : 0), ANY);
		return;
	}
	uint8_t opcode = pick_opcode(two_bytes);

	put(VEX, 1);
	put(campaign_any(256), 1);
	put(opcode, 1);
	put_operands(two_bytes[opcode], members(true, opcode));
}

static void put_instruction(void)
{
	const unsigned kind = campaign_any(16);

	w.operand_size = w.wide = w.rex = false;
	if (kind == 0) {
		put_long();
		return;
	}
	const bool two = kind > 8;
	const uint8_t *table = two ? two_bytes : one_byte, opcode = pick_opcode(table);

	if (!(table[opcode] & (STRING | FAR)))
		put_prefixes();
	if (two)
		put(ESCAPE, 1);
	put(opcode, 1);
	put_operands(table[opcode], members(two, opcode));
}

static void write_stream(void)
{
	uint8_t *start = (uint8_t *)(uintptr_t)(CODE_AT + PAGE * (1 + campaign_any(PAGES)));

	w.at = start;
	for (unsigned i = 0; i < INSTRUCTIONS; i++) {
		uint8_t *from = w.at;

		put_instruction();
		for (; from < w.at; from++)
			stream_next[from - start] = (uint16_t)(w.at - start);
	}
	*w.at = HLT;
	stream_at = (uint64_t)(uintptr_t)start;
	stream_end = (uint64_t)(w.at - start);
}

/* ---- The interrupt table of a stream ---- */

struct pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

static struct gate gates[GATES];

/* The guest's own table, with the stream's handlers for all exceptions but the NMI. */
static void make_table(const struct pointer *own)
{
	memcpy(gates, (const void *)(uintptr_t)own->base, sizeof(gates));
	for (unsigned vector = 0; vector < STREAM_VECTORS; vector++) {
		uint64_t entry = (uint64_t)(uintptr_t)stream_entries + vector * STREAM_ENTRY_BYTES;

		if (vector == VECTOR_NMI)
			continue;
		gates[vector].offset_low = (uint16_t)entry;
		gates[vector].offset_middle = (uint16_t)(entry >> 16);
		gates[vector].offset_high = (uint32_t)(entry >> 32);
	}
}

static int run_once(void)
{
	for (unsigned i = 0; i < RING3_REGISTERS; i++)
		ring3_registers[i] = campaign_value();
	stream_rsp = CAMPAIGN_SCRATCH + DATA_BYTES;
	return stream_run();
}

uint32_t campaign_stream(void)
{
	struct pointer own, streams = { sizeof(gates) - 1, (uint64_t)(uintptr_t)gates };
	int left = 0;

	__asm__ volatile("sidt %0" : "=m"(own));
	if (gates[0].selector == 0)
		make_table(&own);
	write_stream();
	stream_exceptions = 0;
	__asm__ volatile("lidt %0" : : "m"(streams));
	for (unsigned i = 0; i < TIMES; i++)
		left |= run_once();
	__asm__ volatile("lidt %0" : : "m"(own));
	/* Ring 3 cannot hold these selectors: the processor has made the selectors null. */
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%ss; fninit" : : "r"(SELECTOR_DATA));
	campaign_note_stream(stream_digest + (uint32_t)left, stream_exceptions);
	return INSTRUCTIONS * TIMES;
}
