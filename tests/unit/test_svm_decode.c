/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instruction that exited: its length in each mode, and its bytes by each way of paging,
 * whatever the guest has written there.
 *
 * Rule: each instruction lies right before memory that is not mapped, so a byte too much or too few
 * is seen.
 */
#include "tests/unit/check.h"
#include "tests/unit/svm_kit.h"

#include <stdio.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum { CODE_END = KIT_RAM, CODE_END_64 = 2 << 20, MOST = 15, OPCODE_CPUID = 0xa2 };

static const uint8_t cpuid[] = { 0x0f, OPCODE_CPUID };

struct svm_capabilities svm_caps;

static int begin(void **state)
{
	(void)state;
	kit_begin();
	return 0;
}

static uint8_t length(void)
{
	return svm_decode(&kit_vcpu).length;
}

/* ---- Instructions ---- */

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static const struct {
	const char *text;
	enum kit_mode mode;
	const uint8_t *bytes;
	size_t length;
	unsigned opcode; /* those of two bytes from 0F00h on */
	unsigned reg, rm;
} instructions[] = {
	{ "cpuid", KIT_CODE_16, BYTES(0x0f, 0xa2), 0xfa2, 0, 0 },
	{ "cpuid", KIT_CODE_32, BYTES(0x0f, 0xa2), 0xfa2, 0, 0 },
	{ "cpuid", KIT_CODE_64, BYTES(0x0f, 0xa2), 0xfa2, 0, 0 },
	{ "rex.w cpuid", KIT_CODE_64, BYTES(0x48, 0x0f, 0xa2), 0xfa2, 0, 0 },
	{ "hlt", KIT_CODE_16, BYTES(0xf4), 0xf4, 0, 0 },
	{ "hlt", KIT_CODE_32, BYTES(0xf4), 0xf4, 0, 0 },
	{ "hlt", KIT_CODE_64, BYTES(0xf4), 0xf4, 0, 0 },
	{ "rdmsr", KIT_CODE_32, BYTES(0x0f, 0x32), 0xf32, 0, 0 },
	{ "wrmsr", KIT_CODE_64, BYTES(0x0f, 0x30), 0xf30, 0, 0 },
	{ "rdpmc", KIT_CODE_32, BYTES(0x0f, 0x33), 0xf33, 0, 0 },
	{ "invd", KIT_CODE_32, BYTES(0x0f, 0x08), 0xf08, 0, 0 },
	{ "wbinvd", KIT_CODE_64, BYTES(0x0f, 0x09), 0xf09, 0, 0 },
	{ "wbnoinvd", KIT_CODE_64, BYTES(0xf3, 0x0f, 0x09), 0xf09, 0, 0 },
	{ "rsm", KIT_CODE_32, BYTES(0x0f, 0xaa), 0xfaa, 0, 0 },
	{ "clts", KIT_CODE_32, BYTES(0x0f, 0x06), 0xf06, 0, 0 },
	/* The group of 0F 01: registers, the VMM's instructions among them */
	{ "vmmcall", KIT_CODE_16, BYTES(0x0f, 0x01, 0xd9), 0xf01, 3, 1 },
	{ "vmmcall", KIT_CODE_32, BYTES(0x0f, 0x01, 0xd9), 0xf01, 3, 1 },
	{ "vmmcall", KIT_CODE_64, BYTES(0x0f, 0x01, 0xd9), 0xf01, 3, 1 },
	{ "vmrun", KIT_CODE_32, BYTES(0x0f, 0x01, 0xd8), 0xf01, 3, 0 },
	{ "addr16 vmrun", KIT_CODE_32, BYTES(0x67, 0x0f, 0x01, 0xd8), 0xf01, 3, 0 },
	{ "vmload", KIT_CODE_64, BYTES(0x0f, 0x01, 0xda), 0xf01, 3, 2 },
	{ "vmsave", KIT_CODE_64, BYTES(0x0f, 0x01, 0xdb), 0xf01, 3, 3 },
	{ "stgi", KIT_CODE_32, BYTES(0x0f, 0x01, 0xdc), 0xf01, 3, 4 },
	{ "clgi", KIT_CODE_32, BYTES(0x0f, 0x01, 0xdd), 0xf01, 3, 5 },
	{ "skinit", KIT_CODE_32, BYTES(0x0f, 0x01, 0xde), 0xf01, 3, 6 },
	{ "invlpga", KIT_CODE_32, BYTES(0x0f, 0x01, 0xdf), 0xf01, 3, 7 },
	{ "monitor", KIT_CODE_32, BYTES(0x0f, 0x01, 0xc8), 0xf01, 1, 0 },
	{ "mwait", KIT_CODE_64, BYTES(0x0f, 0x01, 0xc9), 0xf01, 1, 1 },
	{ "xsetbv", KIT_CODE_32, BYTES(0x0f, 0x01, 0xd1), 0xf01, 2, 1 },
	{ "xsetbv", KIT_CODE_64, BYTES(0x0f, 0x01, 0xd1), 0xf01, 2, 1 },
	{ "lmsw ax", KIT_CODE_16, BYTES(0x0f, 0x01, 0xf0), 0xf01, 6, 0 },
	/* ... and memory, by each form of an address */
	{ "lmsw [bx+si]", KIT_CODE_16, BYTES(0x0f, 0x01, 0x30), 0xf01, 6, 0 },
	{ "lmsw [1234h]", KIT_CODE_16, BYTES(0x0f, 0x01, 0x36, 0x34, 0x12), 0xf01, 6, 6 },
	{ "lmsw [si+12h]", KIT_CODE_16, BYTES(0x0f, 0x01, 0x74, 0x12), 0xf01, 6, 4 },
	{ "lmsw [di+1234h]", KIT_CODE_16, BYTES(0x0f, 0x01, 0xb5, 0x34, 0x12), 0xf01, 6, 5 },
	{ "lmsw [esp]", KIT_CODE_16, BYTES(0x67, 0x0f, 0x01, 0x34, 0x24), 0xf01, 6, 4 },
	{ "lmsw [ecx]", KIT_CODE_32, BYTES(0x0f, 0x01, 0x31), 0xf01, 6, 1 },
	{ "lmsw [12345678h]", KIT_CODE_32, BYTES(0x0f, 0x01, 0x35, 0x78, 0x56, 0x34, 0x12), 0xf01,
	  6, 5 },
	{ "lmsw [ebp+12h]", KIT_CODE_32, BYTES(0x0f, 0x01, 0x75, 0x12), 0xf01, 6, 5 },
	{ "lmsw [ebx+12345678h]", KIT_CODE_32, BYTES(0x0f, 0x01, 0xb3, 0x78, 0x56, 0x34, 0x12),
	  0xf01, 6, 3 },
	{ "lmsw [esp]", KIT_CODE_32, BYTES(0x0f, 0x01, 0x34, 0x24), 0xf01, 6, 4 },
	{ "lmsw [esp+12h]", KIT_CODE_32, BYTES(0x0f, 0x01, 0x74, 0x24, 0x12), 0xf01, 6, 4 },
	{ "lmsw [4*ecx+12345678h]", KIT_CODE_32,
	  BYTES(0x0f, 0x01, 0x34, 0x8d, 0x78, 0x56, 0x34, 0x12), 0xf01, 6, 4 },
	{ "lmsw [ebp+4*ecx+12h]", KIT_CODE_32, BYTES(0x0f, 0x01, 0x74, 0x8d, 0x12), 0xf01, 6, 4 },
	{ "lmsw [bx+si]", KIT_CODE_32, BYTES(0x67, 0x0f, 0x01, 0x30), 0xf01, 6, 0 },
	{ "lmsw [1234h]", KIT_CODE_32, BYTES(0x67, 0x0f, 0x01, 0x36, 0x34, 0x12), 0xf01, 6, 6 },
	{ "lmsw [rip+12345678h]", KIT_CODE_64, BYTES(0x0f, 0x01, 0x35, 0x78, 0x56, 0x34, 0x12),
	  0xf01, 6, 5 },
	{ "lmsw [eip+12345678h]", KIT_CODE_64,
	  BYTES(0x67, 0x0f, 0x01, 0x35, 0x78, 0x56, 0x34, 0x12), 0xf01, 6, 5 },
	{ "lmsw [r12]", KIT_CODE_64, BYTES(0x41, 0x0f, 0x01, 0x34, 0x24), 0xf01, 6, 12 },
	{ "lmsw [r13+0]", KIT_CODE_64, BYTES(0x41, 0x0f, 0x01, 0x75, 0x00), 0xf01, 6, 13 },
	/* Control and debug registers: mod counts for nothing */
	{ "mov eax, cr8 (lock cr0)", KIT_CODE_32, BYTES(0xf0, 0x0f, 0x20, 0xc0), 0xf20, 8, 0 },
	{ "mov cr8, ebx (lock cr0)", KIT_CODE_32, BYTES(0xf0, 0x0f, 0x22, 0xc3), 0xf22, 8, 3 },
	{ "mov cr8, cx (lock cr0)", KIT_CODE_16, BYTES(0xf0, 0x0f, 0x22, 0xc1), 0xf22, 8, 1 },
	{ "mov rax, cr8", KIT_CODE_64, BYTES(0x44, 0x0f, 0x20, 0xc0), 0xf20, 8, 0 },
	{ "mov cr8, rsp", KIT_CODE_64, BYTES(0x44, 0x0f, 0x22, 0xc4), 0xf22, 8, 4 },
	{ "mov r15, cr8", KIT_CODE_64, BYTES(0x45, 0x0f, 0x20, 0xc7), 0xf20, 8, 15 },
	{ "mov cr8, r9", KIT_CODE_64, BYTES(0x45, 0x0f, 0x22, 0xc1), 0xf22, 8, 9 },
	{ "mov r8, cr8 (lock cr0)", KIT_CODE_64, BYTES(0xf0, 0x41, 0x0f, 0x20, 0xc0), 0xf20, 8, 8 },
	{ "mov eax, cr0", KIT_CODE_32, BYTES(0x0f, 0x20, 0xc0), 0xf20, 0, 0 },
	{ "mov cr0, esi", KIT_CODE_32, BYTES(0x0f, 0x22, 0xc6), 0xf22, 0, 6 },
	{ "mov cr4, eax", KIT_CODE_32, BYTES(0x0f, 0x22, 0xe0), 0xf22, 4, 0 },
	{ "mov dr7, eax", KIT_CODE_32, BYTES(0x0f, 0x23, 0xf8), 0xf23, 7, 0 },
	{ "mov ebp, dr6", KIT_CODE_32, BYTES(0x0f, 0x21, 0xf5), 0xf21, 6, 5 },
	{ "mov r10, dr6", KIT_CODE_64, BYTES(0x41, 0x0f, 0x21, 0xf2), 0xf21, 6, 10 },
	{ "mov esp, cr3 by mod 0", KIT_CODE_32, BYTES(0x0f, 0x20, 0x1c), 0xf20, 3, 4 },
	{ "mov ebp, dr3 by mod 2", KIT_CODE_32, BYTES(0x0f, 0x21, 0x9d), 0xf21, 3, 5 },
	/* Ports */
	{ "in al, 71h", KIT_CODE_32, BYTES(0xe4, 0x71), 0xe4, 0, 0 },
	{ "in eax, 71h", KIT_CODE_64, BYTES(0xe5, 0x71), 0xe5, 0, 0 },
	{ "out 20h, al", KIT_CODE_16, BYTES(0xe6, 0x20), 0xe6, 0, 0 },
	{ "out 20h, ax", KIT_CODE_32, BYTES(0x66, 0xe7, 0x20), 0xe7, 0, 0 },
	{ "in al, dx", KIT_CODE_32, BYTES(0xec), 0xec, 0, 0 },
	{ "in ax, dx", KIT_CODE_32, BYTES(0x66, 0xed), 0xed, 0, 0 },
	{ "out dx, al", KIT_CODE_64, BYTES(0xee), 0xee, 0, 0 },
	{ "out dx, eax", KIT_CODE_16, BYTES(0x66, 0xef), 0xef, 0, 0 },
	{ "rep insb", KIT_CODE_32, BYTES(0xf3, 0x6c), 0x6c, 0, 0 },
	{ "rep insw, addr16", KIT_CODE_32, BYTES(0x67, 0xf3, 0x66, 0x6d), 0x6d, 0, 0 },
	{ "rep outsb fs:", KIT_CODE_32, BYTES(0xf3, 0x64, 0x6e), 0x6e, 0, 0 },
	{ "repne outsw gs:", KIT_CODE_16, BYTES(0xf2, 0x65, 0x6f), 0x6f, 0, 0 },
	/* Prefixes: all, some twice, and a REX that another one makes worthless */
	{ "segments", KIT_CODE_32, BYTES(0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x0f, 0xa2), 0xfa2, 0,
	  0 },
	{ "rex, then 66", KIT_CODE_64, BYTES(0x45, 0x66, 0x0f, 0x20, 0xc1), 0xf20, 0, 1 },
	{ "rex twice", KIT_CODE_64, BYTES(0x44, 0x41, 0x0f, 0x20, 0xc1), 0xf20, 0, 9 },
	{ "15 bytes", KIT_CODE_16,
	  BYTES(0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e,
	        0xf4),
	  0xf4, 0, 0 },
};

static void place(enum kit_mode mode, const uint8_t *bytes, size_t count)
{
	uint64_t end = mode == KIT_CODE_64 ? CODE_END_64 : CODE_END;

	kit_mode(mode);
	kit_vmcb.rip = end - count;
	memcpy(kit_ram(end - count), bytes, count);
}

static void each_instruction_has_its_length_and_registers(void **state)
{
	(void)state;
	for (size_t n = 0; n < LENGTH(instructions); n++) {
		place(instructions[n].mode, instructions[n].bytes, instructions[n].length);
		struct svm_instruction i = svm_decode(&kit_vcpu);

		if (i.length != instructions[n].length ||
		    i.opcode != (instructions[n].opcode & 0xff) ||
		    i.two_bytes != (instructions[n].opcode > 0xff) ||
		    i.reg != instructions[n].reg || i.rm != instructions[n].rm)
			fail_msg("%s: %u bytes, opcode %x, reg %u, rm %u", instructions[n].text,
			         i.length, i.opcode, i.reg, i.rm);
	}
}

static void an_instruction_that_is_cut_off_has_no_length(void **state)
{
	(void)state;
	for (size_t n = 0; n < LENGTH(instructions); n++)
		for (size_t count = 0; count < instructions[n].length; count++) {
			place(instructions[n].mode, instructions[n].bytes, count);
			if (length() != 0)
				fail_msg("%s: %zu bytes of %zu are enough", instructions[n].text,
				         count, instructions[n].length);
		}
}

static void what_does_not_exit_has_no_length(void **state)
{
	static const struct {
		enum kit_mode mode;
		uint8_t bytes[MOST + 1];
	} others[] = {
		{ KIT_CODE_32, { 0x90 } },             /* NOP */
		{ KIT_CODE_32, { 0x00 } },             /* ADD */
		{ KIT_CODE_32, { 0x0f, 0xaf, 0xc0 } }, /* IMUL */
		{ KIT_CODE_32, { 0x0f, 0x0f, 0xa2 } }, /* 3DNow! */
		/* DEC EAX, which is REX in 64-bit code only */
		{ KIT_CODE_32, { 0x48, 0x0f, 0xa2 } },
		{ KIT_CODE_16, { 0x40, 0xf4 } },         /* INC AX */
		{ KIT_CODE_32, { 0x0f, 0x24, 0xc0 } },   /* MOV TR, of the 386 */
		{ KIT_CODE_64, { 0xc4, 0xe2, 0x79, 0 } } /* VEX */
	};

	(void)state;
	for (size_t n = 0; n < LENGTH(others); n++) {
		place(others[n].mode, others[n].bytes, sizeof(others[n].bytes));
		assert_int_equal(length(), 0);
	}
}

static void more_than_15_bytes_are_no_instruction(void **state)
{
	static const uint8_t prefixes[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
		                            0x66, 0x67, 0xf0, 0xf2, 0xf3 };
	uint8_t bytes[MOST + 1];

	(void)state;
	for (size_t n = 0; n < LENGTH(prefixes); n++) {
		memset(bytes, prefixes[n], MOST);
		bytes[MOST] = 0xf4;
		place(KIT_CODE_32, bytes, MOST + 1);
		assert_int_equal(length(), 0);
		kit_vmcb.rip++;
		assert_int_equal(length(), MOST);
	}
	/* only the last byte of the operand is too much: RIP is not where it ends */
	memset(bytes, 0x67, MOST);
	memcpy(bytes + MOST - 6, (const uint8_t[]){ 0x67, 0x0f, 0x01, 0x36, 0x34, 0x12 }, 6);
	place(KIT_CODE_32, bytes, MOST);
	assert_int_equal(length(), MOST);
	memset(bytes, 0x67, MOST + 1);
	memcpy(bytes + MOST - 5, (const uint8_t[]){ 0x67, 0x0f, 0x01, 0x36, 0x34, 0x12 }, 6);
	place(KIT_CODE_32, bytes, MOST + 1);
	assert_int_equal(length(), 0);
}

/* ---- Ways of paging ---- */

enum { TABLES = 0x100000, CODE = 0x201000 }; /* guest-physical */
enum {
	TABLE_1 = TABLES,
	TABLE_2 = TABLES + 0x1000,
	TABLE_3 = TABLES + 0x2000,
	TABLE_4 = TABLES + 0x3000
};
enum { TABLE_5 = TABLES + 0x4000 };

static void paging(uint64_t cr4, uint64_t efer, uint64_t cr3)
{
	kit_vmcb.cr0 |= KIT_PG;
	kit_vmcb.cr4 = cr4;
	kit_vmcb.efer = KIT_SVME | efer;
	kit_vmcb.cr3 = cr3;
}

static void expect_cpuid(uint64_t rip)
{
	kit_vmcb.rip = rip;
	assert_int_equal(length(), sizeof(cpuid));
	kit_vmcb.rip = rip + 1; /* no other instruction there */
	assert_int_equal(length(), 0);
}

static void expect_nothing(uint64_t rip)
{
	uint8_t byte;

	assert_int_equal(svm_fetch(&kit_vcpu, rip, &byte, 1), 0);
	kit_vmcb.rip = rip;
	assert_int_equal(length(), 0);
}

static void code_begins_at_the_base_of_cs(void **state)
{
	(void)state;
	memcpy(kit_ram(0x12345), cpuid, sizeof(cpuid));
	kit_mode(KIT_CODE_16);
	kit_vmcb.cr0 = 0;
	kit_vmcb.cs.base = 0x12340;
	expect_cpuid(5);
	kit_mode(KIT_CODE_32);
	kit_vmcb.cs.base = 0xfffff000; /* addresses have 32 bits */
	expect_cpuid(0x13345);
	kit_mode(KIT_CODE_64); /* no bases there */
	kit_vmcb.cs.base = 0x1000;
	expect_cpuid(0x12345);
}

static void tables_of_two_levels(void **state)
{
	const uint32_t rip = 0x80403456;

	(void)state;
	memcpy(kit_ram(CODE + 0x456), cpuid, sizeof(cpuid));
	/* without CR4.PSE it has no meaning */
	kit_entry(TABLE_1, rip >> 22, 4, TABLE_2 | KIT_P | KIT_LARGE);
	kit_entry(TABLE_2, 3, 4, CODE | KIT_P);
	paging(0, 0, TABLE_1 | 0x18);
	expect_cpuid(rip);
	expect_cpuid((uint64_t)1 << 32 | rip);
	kit_vmcb.cs.base = 0x456;
	expect_cpuid(rip - 0x456);
	kit_vmcb.cs.base = 0;
	expect_nothing(rip + KIT_PAGE);
	expect_nothing(rip + (4 << 20));
	expect_nothing(rip - (4 << 20));
}

static void large_pages_of_two_levels(void **state)
{
	const uint32_t rip = 0xc0201456;

	(void)state;
	memcpy(kit_ram(CODE + 0x456), cpuid, sizeof(cpuid));
	kit_entry(TABLE_1, rip >> 22, 4, KIT_P | KIT_LARGE);
	paging(KIT_PSE, 0, TABLE_1);
	expect_cpuid(rip);
	/* beyond 4 GiB: bits 39:32 in 20:13 */
	kit_entry(TABLE_1, rip >> 22, 4, KIT_P | KIT_LARGE | 0x81 << 13);
	expect_nothing(rip);
	assert_int_equal(
		npt_map(kit_vcpu.npt, 0x81ull << 32, (uint64_t)kit_ram(0), 4 << 20, true, true), 0);
	expect_cpuid(rip);
}

static void tables_of_pae(void **state)
{
	const uint32_t rip = 0xc0a03456;

	(void)state;
	memcpy(kit_ram(CODE + 0x456), cpuid, sizeof(cpuid));
	kit_entry(TABLE_1 + 0xfe0, 3, 8, TABLE_2 | 1); /* in the last 32 bytes of a page */
	kit_entry(TABLE_2, 5, 8, TABLE_3 | KIT_P);
	kit_entry(TABLE_3, 3, 8, CODE | KIT_P | 1ull << 63);
	kit_entry(TABLE_2, 6, 8, KIT_LARGE | KIT_P | 2 << 20);
	paging(KIT_PAE | KIT_PSE, 0, TABLE_1 | 0xfe0 | 0x1f);
	expect_cpuid(rip);
	expect_cpuid(0xc0c01456); /* by a page of 2M */
	expect_nothing(rip + KIT_PAGE);
	expect_nothing(0xc0e01456);
	expect_nothing(0x80a03456);
	/* no page of 1G here: a reserved bit, no size */
	kit_entry(TABLE_1 + 0xfe0, 3, 8, TABLE_2 | KIT_LARGE | 1);
	expect_cpuid(rip);
}

static void tables_of_long_mode(void **state)
{
	const uint64_t rip = 0xffffff8040403456;

	(void)state;
	kit_mode(KIT_CODE_64);
	memcpy(kit_ram(CODE + 0x456), cpuid, sizeof(cpuid));
	kit_entry(TABLE_1, 511, 8, TABLE_2 | KIT_P);
	kit_entry(TABLE_2, 1, 8, TABLE_3 | KIT_P);
	kit_entry(TABLE_3, 2, 8, TABLE_4 | KIT_P);
	kit_entry(TABLE_4, 3, 8, CODE | KIT_P | 0x5aull << 52);
	/* PAT's bit is none of the address */
	kit_entry(TABLE_3, 4, 8, KIT_LARGE | KIT_P | 2 << 20 | 1 << 12);
	kit_entry(TABLE_2, 2, 8, KIT_LARGE | KIT_P);
	paging(KIT_PAE, KIT_LME | KIT_LMA, TABLE_1 | 0x18);
	expect_cpuid(rip);
	expect_cpuid(0xffffff8040801456); /* by a page of 2M */
	expect_cpuid(0xffffff8080201456); /* by one of 1G */
	expect_nothing(rip + KIT_PAGE);
	expect_nothing(0xffffff80c0201456);
	expect_nothing(0x40403456);
	kit_entry(TABLE_5, 511, 8, TABLE_1 | KIT_P);
	paging(KIT_PAE | KIT_LA57, KIT_LME | KIT_LMA, TABLE_5);
	expect_cpuid(rip);
	expect_nothing(rip - (1ull << 48));
}

static void compatibility_mode_pages_as_long_mode_does(void **state)
{
	(void)state;
	kit_mode(KIT_CODE_64);
	kit_vmcb.cs = (struct vmcb_segment){ 8, KIT_CODE | KIT_D, UINT32_MAX, 0x1000 };
	memcpy(kit_ram(0x3456), cpuid, sizeof(cpuid));
	expect_cpuid(0x2456);
	kit_ram(0x3455)[0] = 0x48; /* DEC EAX: no REX here */
	kit_vmcb.rip = 0x2455;
	assert_int_equal(length(), 0);
}

static void an_instruction_can_lie_on_two_pages(void **state)
{
	(void)state;
	kit_mode(KIT_CODE_64);
	kit_entry(TABLE_1, 0, 8, TABLE_2 | KIT_P);
	kit_entry(TABLE_2, 0, 8, TABLE_3 | KIT_P);
	kit_entry(TABLE_3, 0, 8, TABLE_4 | KIT_P);
	/* the second page lies before the first */
	kit_entry(TABLE_4, 0, 8, (CODE + KIT_PAGE) | KIT_P);
	kit_entry(TABLE_4, 1, 8, CODE | KIT_P);
	kit_vmcb.cr3 = TABLE_1;
	kit_ram(CODE + KIT_PAGE + 0xfff)[0] = cpuid[0];
	kit_ram(CODE)[0] = cpuid[1];
	kit_vmcb.rip = 0xfff;
	assert_int_equal(length(), 2);
	kit_entry(TABLE_4, 1, 8, 0);
	assert_int_equal(length(), 0);
	kit_ram(CODE + KIT_PAGE + 0xfff)[0] = 0xf4; /* HLT needs nothing of the second */
	assert_int_equal(length(), 1);
}

/* ---- Guests that mean harm ---- */

static void tables_outside_memory_map_nothing(void **state)
{
	static const uint64_t places[] = { KIT_RAM, 0xfee00000, 1ull << 40, 0x000ffffffffff000 };

	(void)state;
	for (size_t n = 0; n < LENGTH(places); n++) {
		kit_mode(KIT_CODE_64);
		kit_vmcb.cr3 = places[n];
		expect_nothing(0);
		kit_entry(TABLE_1, 0, 8, places[n] | KIT_P);
		kit_vmcb.cr3 = TABLE_1;
		expect_nothing(0);
		kit_entry(TABLE_1, 0, 8, TABLE_2 | KIT_P);
		kit_entry(TABLE_2, 0, 8, places[n] | KIT_LARGE | KIT_P);
		expect_nothing(KIT_RAM);
	}
	kit_mode(KIT_CODE_32);
	paging(0, 0, 0xfffff000);
	expect_nothing(0);
	paging(KIT_PAE, 0, 0xffffffff);
	expect_nothing(0);
}

static void a_table_that_is_its_own_entry_ends(void **state)
{
	(void)state;
	kit_mode(KIT_CODE_64);
	for (unsigned i = 0; i < 512; i++)
		kit_entry(TABLE_1, i, 8, TABLE_1 | KIT_P);
	kit_vmcb.cr3 = TABLE_1;
	uint8_t first[8], entry[8];

	memcpy(entry, kit_ram(TABLE_1), sizeof(entry));
	assert_int_equal(svm_fetch(&kit_vcpu, 0x7ffffffff000, first, sizeof(first)), sizeof(first));
	assert_memory_equal(first, entry, sizeof(entry));
	paging(KIT_PAE | KIT_LA57, KIT_LME | KIT_LMA, TABLE_1);
	assert_int_equal(svm_fetch(&kit_vcpu, 0, first, sizeof(first)), sizeof(first));
}

static void addresses_go_round(void **state)
{
	uint8_t bytes[4];

	(void)state;
	kit_ram(0)[0] = 0xa2;
	/* nothing below 4 GiB's end */
	assert_int_equal(svm_fetch(&kit_vcpu, 0xffffffff, bytes, 4), 0);
	kit_vmcb.cs.base = 0xfffffffe;
	assert_int_equal(svm_fetch(&kit_vcpu, 2, bytes, 4), 4);
	assert_int_equal(bytes[0], 0xa2);
	kit_mode(KIT_CODE_64);
	assert_int_equal(svm_fetch(&kit_vcpu, UINT64_MAX, bytes, 4), 0);
}

/* Tables of which every other entry is a table or page that exists, the rest random; and pages of
 * what instructions begin with. */
static void random_memory(uint64_t *seed)
{
	static const uint8_t telling[] = { 0x0f, 0x01, 0x20, 0x22, 0x30, 0x44, 0x48,
		                           0x66, 0x67, 0xa2, 0xe4, 0xec, 0xf0, 0xf4 };

	kit_begin();
	for (unsigned at = 0; at < 16 * KIT_PAGE; at += 8) {
		uint64_t value = random_next(seed);
		uint64_t inside = (value & (31 * KIT_PAGE | KIT_LARGE)) | KIT_P;

		kit_entry(at, 0, 8, random_below(seed, 2) ? inside : value);
	}
	for (unsigned at = 16 * KIT_PAGE; at < 32 * KIT_PAGE; at++)
		*kit_ram(at) = telling[random_below(seed, LENGTH(telling))];
}

static void random_tables_and_bytes_break_nothing(void **state)
{
	enum { ROUNDS = 100, TRIES = 500 };
	uint64_t seed = 20030917, decoded = 0, fetched = 0;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		random_memory(&seed);
		for (unsigned n = 0; n < TRIES; n++) {
			uint8_t bytes[MOST];

			kit_mode(random_below(&seed, 2) ? KIT_CODE_32 : KIT_CODE_16);
			kit_vmcb.cs.attributes ^= (uint16_t)(random_below(&seed, 2) ? KIT_L : 0);
			kit_vmcb.cs.base = random_below(&seed, 2) ? random_next(&seed) : 0;
			paging(random_next(&seed), random_next(&seed),
			       random_next(&seed) & 15 * KIT_PAGE);
			kit_vmcb.cr0 = random_next(&seed);
			kit_vmcb.rip = random_next(&seed) >>
			               (random_below(&seed, 2) ? 47 : random_below(&seed, 64));
			fetched += svm_fetch(&kit_vcpu, kit_vmcb.rip, bytes, sizeof(bytes));
			struct svm_instruction i = svm_decode(&kit_vcpu);

			assert_in_range(i.length, 0, MOST);
			assert_true(i.reg < 16 && i.rm < 16);
			decoded += i.length != 0;
		}
	}
	assert_true(fetched > ROUNDS * TRIES / 4); /* else nothing was tried */
	assert_true(decoded > ROUNDS * TRIES / 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, begin)
		CASE(each_instruction_has_its_length_and_registers),
		CASE(an_instruction_that_is_cut_off_has_no_length),
		CASE(what_does_not_exit_has_no_length),
		CASE(more_than_15_bytes_are_no_instruction),
		CASE(code_begins_at_the_base_of_cs),
		CASE(tables_of_two_levels),
		CASE(large_pages_of_two_levels),
		CASE(tables_of_pae),
		CASE(tables_of_long_mode),
		CASE(compatibility_mode_pages_as_long_mode_does),
		CASE(an_instruction_can_lie_on_two_pages),
		CASE(tables_outside_memory_map_nothing),
		CASE(a_table_that_is_its_own_entry_ends),
		CASE(addresses_go_round),
		CASE(random_tables_and_bytes_break_nothing),
	};

	return cmocka_run_group_tests_name("svm_decode", tests, NULL, NULL);
}
