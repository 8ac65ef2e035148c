/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a guest's instruction byte by byte. See the header for the rule.
 */
#include "arch/x86/virt/guest_reading.h"

#include "arch/x86/virt/guest_operand.h"

enum { REX = 4 << 4 };

uint8_t guest_next_byte(struct guest_reading *r)
{
	unsigned at = r->at++;

	return at < r->count ? r->bytes[at] : 0;
}

/* Returns true when the prefix names a segment for the memory operand. */
static bool read_segment(struct guest_reading *r, uint8_t prefix)
{
	static const uint8_t prefixes[] = {
		[SEGMENT_ES] = 0x26, [SEGMENT_CS] = 0x2e, [SEGMENT_SS] = 0x36,
		[SEGMENT_DS] = 0x3e, [SEGMENT_FS] = 0x64, [SEGMENT_GS] = 0x65,
	};

	for (unsigned i = 0; i < sizeof(prefixes); i++) {
		if (prefixes[i] != prefix)
			continue;
		r->segment = (enum guest_segment)i;
		r->overrides = true;
		return true;
	}
	return false;
}

/* Notes a prefix and returns true; returns false for any other byte. */
static bool take_prefix(struct guest_reading *r, uint8_t byte)
{
	switch (byte) {
	case 0x66:
		r->operand_size = true;
		return true;
	case 0x67:
		r->address_size = true;
		return true;
	case 0xf0:
		r->lock = true;
		return true;
	case 0xf2:
	case 0xf3:
		r->repeat = true;
		return true;
	default:
		return read_segment(r, byte);
	}
}

/* REX counts only as the last prefix, and only in 64-bit code. */
uint8_t guest_read_prefixes(struct guest_reading *r, bool long_mode)
{
	for (;;) {
		uint8_t byte = guest_next_byte(r);
		if (long_mode && (byte & 0xf0) == REX)
			r->rex = byte;
		else if (take_prefix(r, byte))
			r->rex = 0;
		else
			return byte;
	}
}

uint8_t guest_address_bytes(const struct guest_reading *r, bool long_mode, bool code_32)
{
	if (long_mode)
		return r->address_size ? 4 : 8;
	return code_32 != r->address_size ? 4 : 2;
}

uint8_t guest_operand_bytes(const struct guest_reading *r, bool long_mode, bool code_32)
{
	if (r->rex & REX_W)
		return 8;
	return (long_mode || code_32) != r->operand_size ? 4 : 2;
}

/* Returns the displacement of the given length in bytes, sign-extended. */
static int32_t read_displacement(struct guest_reading *r, unsigned bytes)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint32_t)guest_next_byte(r) << 8 * i;
	unsigned above = 32 - 8 * bytes;
	return bytes != 0 ? (int32_t)(value << above) >> above : 0;
}

/* Sets the base and the index that rm names in 16-bit addresses (APM 3 1.4.1). */
static void read_registers_16(struct guest_address *a, unsigned rm)
{
	enum { BX = 3, BP = 5, SI = 6, DI = 7 };
	static const uint8_t bases[] = { BX, BX, BP, BP, SI, DI, BP, BX };
	a->base = bases[rm];
	a->index = rm < 4 ? (rm & 1 ? DI : SI) : ADDRESS_NONE;
}

/* Reads the SIB byte (APM 3 1.4.2):  7:6 scale | 5:3 index | 2:0 base
 * Returns the base without REX. */
static unsigned read_sib(struct guest_reading *r, struct guest_address *a)
{
	const uint8_t sib = guest_next_byte(r);
	const uint8_t index = (uint8_t)((sib >> 3 & 7) | (r->rex & REX_X ? 8 : 0));

	a->index = index == REGISTER_RSP ? ADDRESS_NONE : index;
	a->scale = sib >> 6;
	a->base = (uint8_t)((sib & 7) | (r->rex & REX_B ? 8 : 0));
	return sib & 7;
}

/*
 * The bytes behind the ModR/M byte (APM 3 1.4):  7:6 mod | 5:3 reg | 2:0 rm
 * With 16-bit addresses there is no SIB byte, and mod 2 has two bytes of displacement instead of
 * four.
 */
void guest_read_address(struct guest_reading *r, struct guest_address *a, uint8_t modrm,
                        bool long_mode)
{
	const bool address_16 = a->bytes == 2;
	const unsigned mod = modrm >> 6, rm = modrm & 7;
	unsigned base = rm;

	a->base = (uint8_t)(rm | (r->rex & REX_B ? 8 : 0));
	a->index = ADDRESS_NONE;
	if (address_16)
		read_registers_16(a, rm);
	else if (rm == REGISTER_RSP)
		base = read_sib(r, a);
	const bool absent = mod == 0 && base == (address_16 ? 6 : REGISTER_RBP);
	if (absent)
		a->base = long_mode && rm == REGISTER_RBP ? ADDRESS_RIP : ADDRESS_NONE;
	a->displacement = read_displacement(r, mod == 1             ? 1
	                                       : mod == 2 || absent ? (address_16 ? 2 : 4)
	                                                            : 0);
	bool stack = a->base == REGISTER_RBP || (!address_16 && a->base == REGISTER_RSP);
	a->segment = r->overrides ? r->segment : stack ? SEGMENT_SS : SEGMENT_DS;
}

static uint64_t value_of(const struct vcpu_regs *regs, uint64_t rsp, unsigned number)
{
	return number == REGISTER_RSP ? rsp : (&regs->rax)[number];
}

uint64_t guest_offset(const struct guest_address *a, const struct vcpu_regs *regs, uint64_t rsp,
                      uint64_t next)
{
	uint64_t at = (uint64_t)a->displacement;

	if (a->base == ADDRESS_RIP)
		at += next;
	else if (a->base != ADDRESS_NONE)
		at += value_of(regs, rsp, a->base);
	if (a->index != ADDRESS_NONE)
		at += value_of(regs, rsp, a->index) << a->scale;
	return address_part(at, a->bytes);
}
