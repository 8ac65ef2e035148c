/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's instruction, read byte by byte: its prefixes, and the memory operand that its ModR/M
 * byte names.
 *
 * Rule: the bytes may have any value. No byte behind the last byte is read.
 */
#ifndef ARCH_X86_VIRT_GUEST_READING_H
#define ARCH_X86_VIRT_GUEST_READING_H

#include "arch/x86/virt/virt.h"

enum { INSTRUCTION_MAX = 15 }; /* bytes; a longer instruction raises #GP (APM 3 1.1) */
enum { REX_B = 1 << 0, REX_X = 1 << 1, REX_R = 1 << 2, REX_W = 1 << 3 };
/* Segments in the order of their selectors' numbers (APM 3 1.4). */
enum guest_segment {
	SEGMENT_ES,
	SEGMENT_CS,
	SEGMENT_SS,
	SEGMENT_DS,
	SEGMENT_FS,
	SEGMENT_GS,
	SEGMENTS
};
/* The general register RSP, whose value is not in vcpu_regs, and RBP, which also addresses the
 * stack. */
enum { REGISTER_RSP = 4, REGISTER_RBP = 5 };

/* The bytes of an instruction as far as they could be read, and the effects of the prefixes. */
struct guest_reading {
	uint8_t bytes[INSTRUCTION_MAX];
	unsigned count, at; /* at is larger than count where a byte was missing */
	uint8_t rex;
	enum guest_segment segment;
	bool overrides, lock, repeat, operand_size, address_size;
};

/* An address: base + (index << scale) + displacement, in a segment. */
enum { ADDRESS_RIP = 16, ADDRESS_NONE = 17 }; /* base: the next instruction's RIP; no register */
struct guest_address {
	uint8_t base, index, scale;
	uint8_t bytes; /* the address size: 2, 4, 8 */
	enum guest_segment segment;
	int64_t displacement;
};

/* Returns the next byte, or 0 behind the last byte. */
uint8_t guest_next_byte(struct guest_reading *r);
/* Reads the prefixes, in any order. Returns the opcode's first byte. */
uint8_t guest_read_prefixes(struct guest_reading *r, bool long_mode);
/* Returns the bytes of an address: 2, 4, 8. code_32: CS.D is set. */
uint8_t guest_address_bytes(const struct guest_reading *r, bool long_mode, bool code_32);
/* Returns the bytes of an operand that is no byte: 2, 4, 8. */
uint8_t guest_operand_bytes(const struct guest_reading *r, bool long_mode, bool code_32);
/* Reads the bytes that follow a ModR/M byte with an operand in memory. a->bytes is set. */
void guest_read_address(struct guest_reading *r, struct guest_address *a, uint8_t modrm,
                        bool long_mode);
/* Returns the offset of the address in its segment. next: the next instruction's RIP. */
uint64_t guest_offset(const struct guest_address *a, const struct vcpu_regs *regs, uint64_t rsp,
                      uint64_t next);

#endif
