/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs random bytes as an instruction of ring 3, with single steps. Whatever the bytes are, ring 3
 * executes a single instruction.
 *
 * Rule: ring 3 reaches the scratch memory and the ports, and no other part of the guest.
 */
#include "guests/vandal/campaign.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/selectors.h"
#include "guests/lib/traps.h"
#include "guests/vandal/ring3.h"

#include <string.h>

enum {
	PAGE = 4096,
	CODE_AT = CAMPAIGN_SCRATCH + CAMPAIGN_SCRATCH_BYTES / 2,
	INSTRUCTION_MOST = 15,
	INT3 = 0xcc
};
/* ESCAPE_38 and 3Ah: opcodes of three bytes */
enum { NOP = 0x90, LOCK = 0xf0, ESCAPE = 0x0f, ESCAPE_38 = 0x38 };
enum { DIVIDE = 0xf7, MODRM_REG = 7 << 3 /* 7: IDIV */ };

void campaign_user_begin(void)
{
	ring3_open_page(CAMPAIGN_SCRATCH);
	memset((void *)(uintptr_t)CODE_AT, INT3, PAGE);
}

/* Writes an opcode that exits or faults or is rare, so that chance alone does not decide. */
static unsigned put_likely(uint8_t *code)
{
	static const uint8_t prefixes[] = { 0x66, 0x67, 0xf2, 0xf3, 0xf0,
		                            0x2e, 0x64, 0x48, 0x41, 0x4f };
	static const uint8_t one[] = { 0x6c, 0x6d, 0x6e, 0x6f, 0xe4, 0xe5, 0xe6, 0xe7, 0xec,
		                       0xed, 0xee, 0xef, 0xf4, 0xfa, 0xfb, 0x9d, 0xcf, 0xcb,
		                       0xc3, 0x8e, 0x17, 0xcd, 0xcc, 0xf1, 0xce, 0xff };
	static const uint8_t two[] = { 0x00, 0x01, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0b,
		                       0x20, 0x22, 0x23, 0x30, 0x31, 0x32, 0x33, 0x34,
		                       0x35, 0x37, 0x78, 0x79, 0xa2, 0xaa, 0xae, 0xc7 };
	unsigned at = 0;

	for (unsigned i = campaign_any(3); i > 0; i--)
		code[at++] = prefixes[campaign_any(sizeof(prefixes))];
	if (campaign_any(2)) {
		code[at++] = 0x0f;
		code[at++] = campaign_any(2) ? two[campaign_any(sizeof(two))]
		                             : (uint8_t)campaign_any(256);
	} else {
		code[at++] = one[campaign_any(sizeof(one))];
	}
	return at;
}

/* Instructions that end QEMU (docs/testing.md), without the first byte. */
static bool ends_qemu(uint8_t before, uint8_t byte)
{
	return byte == LOCK || (before == ESCAPE && (byte & ~2) == ESCAPE_38) ||
	       (before == DIVIDE && (byte & MODRM_REG) == MODRM_REG);
}

static void make_code(uint8_t *code)
{
	unsigned at = campaign_any(2) ? put_likely(code) : 0;

	for (; at < INSTRUCTION_MOST; at++)
		code[at] = (uint8_t)campaign_any(256);
	for (at = 0; campaign_gentle && at < INSTRUCTION_MOST; at++)
		if (ends_qemu(at > 0 ? code[at - 1] : 0, code[at]))
			code[at] = NOP;
}

void campaign_user(void)
{
	uint8_t *code = (uint8_t *)(uintptr_t)(CODE_AT + campaign_any(PAGE - INSTRUCTION_MOST));

	make_code(code);
	for (unsigned i = 0; i < RING3_REGISTERS; i++)
		ring3_registers[i] = campaign_value();
	ring3_rsp = CAMPAIGN_SCRATCH + PAGE + (campaign_any(PAGE) & ~7u);
	ring3_rip = (uint64_t)(uintptr_t)code;
	campaign_note((uint64_t)(int64_t)trap_try(ring3_step, NULL));
	/* Ring 3 cannot hold these selectors: the processor has made the selectors null. */
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%ss; fninit" : : "r"(SELECTOR_DATA));
	memset(code, INT3, INSTRUCTION_MOST);
}
