/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where LMSW and SMSW find their operand in memory, and the segments and pages that keep them away.
 *
 * Rule: the back end's own decode.c, cr0.c, operand.c and retire.c; the guest's instruction is
 * bytes in its RAM.
 */
#include "tests/unit/check.h"
#include "tests/unit/svm_kit.h"

#include "arch/x86/cpu/exception.h"

#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum { PE = 1, MP = 2, ET = 0x10, NE = 0x20, WP = 1 << 16 };
enum { CODE = 0x1000, DATA = 0x3000, FILL = 0xa5, MF = 1 << 16, USER = 4 };
enum { FLAGS_AC = 1 << 18, FLAGS_VM = 1 << 17 };
#define CR4_SMAP (1ull << 21)

struct svm_capabilities svm_caps;

/* NE is clear as the guest reads it. */
static void mode(enum kit_mode wanted)
{
	static const struct vmcb_segment data = { 16, KIT_DATA | KIT_D, 0xffff, 0 };

	kit_mode(wanted);
	kit_vmcb.cr0 |= ET | NE;
	kit_vmcb.intercept_cr_read = kit_vmcb.intercept_cr_write = 1;
	kit_vmcb.intercept_exceptions = MF;
	kit_vmcb.es = kit_vmcb.ss = kit_vmcb.ds = kit_vmcb.fs = kit_vmcb.gs = data;
	kit_vmcb.event_injection = kit_vmcb.exit_interruption = 0;
	kit_vmcb.rflags = 2;
	kit_vmcb.cpl = 0;
	kit_vmcb.cr2 = 0;
	memset(kit_ram(DATA), FILL, KIT_PAGE);
}

static int begin(void **state)
{
	(void)state;
	kit_begin();
	mode(KIT_CODE_32);
	return 0;
}

static void executes(const uint8_t *bytes, size_t size)
{
	struct denial denied;

	memcpy(kit_ram(CODE), bytes, size);
	kit_vmcb.rip = CODE;
	const struct svm_instruction i = svm_decode(&kit_vcpu);

	assert_int_equal(svm_cr0_emulate(&kit_vcpu, &i, &denied), 0);
}

#define EXECUTES(...) \
	executes((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void done(unsigned length)
{
	assert_int_equal(kit_vmcb.rip, CODE + length);
	assert_int_equal(kit_vmcb.event_injection, 0);
}

static void raised(unsigned vector, uint32_t error)
{
	assert_int_equal(kit_vmcb.rip, CODE);
	assert_int_equal(kit_vmcb.event_injection & ~EVENT_ERROR,
	                 (uint64_t)error << 32 | EVENT_VALID | EVENT_EXCEPTION | vector);
}

/* ---- Operands in memory ---- */

#define SMSW(...)                       \
	{                               \
		0x0f, 0x01, __VA_ARGS__ \
	}
#define PREFIXED(prefix, ...)                   \
	{                                       \
		prefix, 0x0f, 0x01, __VA_ARGS__ \
	}

static const struct form {
	enum kit_mode mode;
	uint8_t bytes[9];
	unsigned length;
	uint64_t at; /* by the registers of set_registers() */
} forms[] = {
	{ KIT_CODE_16, SMSW(0x20), 3, 0x3010 + 0x20 },                       /* [bx+si] */
	{ KIT_CODE_16, SMSW(0x21), 3, 0x3010 + 0x40 },                       /* [bx+di] */
	{ KIT_CODE_16, SMSW(0x62, 0x04), 4, 0x3100 + 0x20 + 4 },             /* [bp+si+4] */
	{ KIT_CODE_16, SMSW(0x63, 0xfc), 4, 0x3100 + 0x40 - 4 },             /* [bp+di-4] */
	{ KIT_CODE_16, SMSW(0xa4, 0x00, 0x30), 5, 0x3000 + 0x20 },           /* [si+3000h] */
	{ KIT_CODE_16, SMSW(0xa5, 0x00, 0x30), 5, 0x3000 + 0x40 },           /* [di+3000h] */
	{ KIT_CODE_16, SMSW(0x26, 0x34, 0x32), 5, 0x3234 },                  /* [3234h] */
	{ KIT_CODE_16, SMSW(0x66, 0x00), 4, 0x3100 },                        /* [bp] */
	{ KIT_CODE_16, SMSW(0x27), 3, 0x3010 },                              /* [bx] */
	{ KIT_CODE_16, PREFIXED(0x67, 0x23), 4, 0x3010 },                    /* [ebx] */
	{ KIT_CODE_32, PREFIXED(0x67, 0x27), 4, 0x3010 },                    /* [bx] */
	{ KIT_CODE_32, SMSW(0x20), 3, 0x3200 },                              /* [eax] */
	{ KIT_CODE_32, SMSW(0x24, 0x24), 4, 0x3300 },                        /* [esp] */
	{ KIT_CODE_32, SMSW(0x24, 0x88), 4, 0x3200 + 4 * 8 },                /* [eax+4*ecx] */
	{ KIT_CODE_32, SMSW(0x64, 0xcd, 0x10), 5, 0x3100 + 8 * 8 + 0x10 },   /* [ebp+8*ecx+10h] */
	{ KIT_CODE_32, SMSW(0x24, 0x4d, 0x00, 0x32, 0, 0), 8, 0x3200 + 16 }, /* [2*ecx+3200h] */
	{ KIT_CODE_32, SMSW(0x25, 0x20, 0x31, 0, 0), 7, 0x3120 },            /* [3120h] */
	{ KIT_CODE_32, SMSW(0xa0, 0xf0, 0xff, 0xff, 0xff), 7, 0x31f0 },      /* [eax-10h] */
	{ KIT_CODE_64, SMSW(0x20), 3, 0x3200 },
	{ KIT_CODE_64, SMSW(0x25, 0x00, 0x20, 0, 0), 7, CODE + 7 + 0x2000 }, /* [rip+2000h] */
	{ KIT_CODE_64, SMSW(0x24, 0x25, 0x40, 0x33, 0, 0), 8, 0x3340 },      /* [3340h] */
	{ KIT_CODE_64, PREFIXED(0x41, 0x24, 0x24), 5, 0x3400 },              /* [r12] */
	{ KIT_CODE_64, PREFIXED(0x41, 0x65, 0x02), 5, 0x3502 },              /* [r13+2] */
	/* [rax+r12], r12 as below */
	{ KIT_CODE_64, PREFIXED(0x42, 0x24, 0x20), 5, 0x3200 + 0x3400 - 0x3400 },
	/* [eax], what is above ignored */
	{ KIT_CODE_64, PREFIXED(0x67, 0x20), 4, 0x3200 },
};

static void set_registers(const struct form *f)
{
	kit_vcpu.regs.rax = f->mode == KIT_CODE_64 && f->bytes[0] == 0x67 ? 0x7700003200 : 0x3200;
	kit_vcpu.regs.rbx = 0x3010;
	kit_vcpu.regs.rcx = 8;
	kit_vcpu.regs.rbp = 0x3100;
	kit_vcpu.regs.rsi = 0x20;
	kit_vcpu.regs.rdi = 0x40;
	kit_vcpu.regs.r12 = f->bytes[0] == 0x42 ? 0 : 0x3400;
	kit_vcpu.regs.r13 = 0x3500;
	kit_vmcb.rsp = 0x3300;
}

static void expect_stored_at_only(uint64_t at)
{
	static uint8_t wanted[KIT_PAGE];
	const uint16_t word = (uint16_t)(kit_vmcb.cr0 & ~(uint64_t)NE);

	memset(wanted, FILL, sizeof(wanted));
	memcpy(wanted + at - DATA, &word, sizeof(word));
	assert_memory_equal(kit_ram(DATA), wanted, sizeof(wanted));
}

static void smsw_stores_where_its_address_says(void **state)
{
	(void)state;
	for (size_t n = 0; n < LENGTH(forms); n++) {
		mode(forms[n].mode);
		set_registers(&forms[n]);
		executes(forms[n].bytes, sizeof(forms[n].bytes));
		if (kit_vmcb.rip != CODE + forms[n].length)
			fail_msg("form %zu: RIP %lx, vector %lx", n, (unsigned long)kit_vmcb.rip,
			         (unsigned long)kit_vmcb.event_injection);
		expect_stored_at_only(forms[n].at);
	}
}

static void lmsw_loads_from_where_its_address_says(void **state)
{
	(void)state;
	mode(KIT_CODE_32);
	kit_vcpu.regs.rbx = DATA;
	*kit_ram(DATA) = PE | MP;
	*kit_ram(DATA + 1) = 0xff;
	EXECUTES(0x0f, 0x01, 0x33);
	done(3);
	assert_int_equal(svm_cr0(&kit_vcpu), PE | MP | ET);
}

static void each_segment_has_its_base(void **state)
{
	static const struct {
		uint8_t bytes[8];
		enum guest_segment segment;
	} cases[] = {
		{ { 0x0f, 0x01, 0x27 }, SEGMENT_DS },
		{ { 0x26, 0x0f, 0x01, 0x27 }, SEGMENT_ES },
		{ { 0x36, 0x0f, 0x01, 0x27 }, SEGMENT_SS },
		{ { 0x64, 0x0f, 0x01, 0x27 }, SEGMENT_FS },
		{ { 0x65, 0x0f, 0x01, 0x27 }, SEGMENT_GS },
		{ { 0x0f, 0x01, 0x66, 0x10 }, SEGMENT_SS },
		{ { 0x3e, 0x0f, 0x01, 0x66, 0x10 }, SEGMENT_DS },
	};

	(void)state;
	for (size_t n = 0; n < LENGTH(cases); n++) {
		mode(KIT_CODE_16);
		(&kit_vmcb.es)[cases[n].segment].base = 0x3000;
		kit_vcpu.regs.rbx = 0x20;
		kit_vcpu.regs.rbp = 0x10;
		executes(cases[n].bytes, sizeof(cases[n].bytes));
		expect_stored_at_only(0x3020);
	}
	mode(KIT_CODE_64); /* of them all only FS and GS have one there */
	kit_vmcb.ds.base = kit_vmcb.fs.base = 0x3000;
	kit_vcpu.regs.rbx = 0x20;
	EXECUTES(0x64, 0x0f, 0x01, 0x23);
	expect_stored_at_only(0x3020);
	kit_vcpu.regs.rbx = 0x3020;
	EXECUTES(0x3e, 0x0f, 0x01, 0x23);
	expect_stored_at_only(0x3020);
}

/* ---- What an operand may not be ---- */

enum { READ_ONLY = 0x91, DOWN = 0x97, CODE_READABLE = 0x9b, CODE_CLOSED = 0x99, ABSENT = 0x13 };

static void R01_segments_are_checked(void **state)
{
	static const struct {
		uint16_t attributes;
		uint32_t limit, offset;
		bool smsw, allowed;
	} cases[] = {
		{ KIT_DATA, 0x30ff, 0x30fe, true, true },
		{ KIT_DATA, 0x30ff, 0x30ff, true, false },
		{ READ_ONLY, 0xffff, 0x3000, true, false },
		{ READ_ONLY, 0xffff, 0x3000, false, true },
		{ CODE_READABLE, 0xffff, 0x3000, true, false },
		{ CODE_READABLE, 0xffff, 0x3000, false, true },
		{ CODE_CLOSED, 0xffff, 0x3000, false, false },
		{ ABSENT, 0xffff, 0x3000, true, false },
		{ DOWN, 0x2fff, 0x3000, true, true },
		{ DOWN, 0x3000, 0x3000, true, false },
		{ DOWN, 0x2fff, 0xffff, true, false },
		{ DOWN | KIT_D, 0x2fff, 0xffff, true, true },
	};

	(void)state;
	for (size_t n = 0; n < LENGTH(cases); n++) {
		mode(KIT_CODE_32);
		kit_vmcb.ds = (struct vmcb_segment){ 16, cases[n].attributes, cases[n].limit, 0 };
		kit_vcpu.regs.rbx = cases[n].offset;
		kit_ram(0x3000)[0] = PE;
		if (cases[n].smsw)
			EXECUTES(0x0f, 0x01, 0x23);
		else
			EXECUTES(0x0f, 0x01, 0x33);
		if (cases[n].allowed)
			done(3);
		else
			raised(VECTOR_GP, 0);
	}
	mode(KIT_CODE_32);
	kit_vmcb.ss.limit = 0x2fff;
	kit_vmcb.rsp = 0x3000;
	EXECUTES(0x0f, 0x01, 0x24, 0x24);
	raised(VECTOR_SS, 0);
	mode(KIT_CODE_16); /* real mode has limits and no types */
	kit_vmcb.cr0 = ET | NE;
	kit_vmcb.ds.attributes = READ_ONLY;
	kit_vcpu.regs.rbx = 0x3000;
	EXECUTES(0x0f, 0x01, 0x27);
	done(3);
	mode(KIT_CODE_64);
	kit_vcpu.regs.rbx = 1ull << 47; /* not canonical */
	EXECUTES(0x0f, 0x01, 0x23);
	raised(VECTOR_GP, 0);
}

enum { FAULTS_PRESENT = 1, FAULTS_WRITE = 2, FAULTS_USER = 4 };
enum { TABLES = 0x100000, PAGED = 0x200000 /* the second 2M, by a table of its own */ };

/* One page at PAGED, with these bits. */
static void page(uint64_t bits)
{
	mode(KIT_CODE_64);
	kit_vmcb.cr3 = TABLES;
	kit_entry(TABLES, 0, 8, (TABLES + 0x1000) | KIT_P | USER);
	kit_entry(TABLES + 0x1000, 0, 8, (TABLES + 0x2000) | KIT_P | USER);
	kit_entry(TABLES + 0x2000, 0, 8, KIT_LARGE | KIT_P | USER);
	kit_entry(TABLES + 0x2000, 1, 8, (TABLES + 0x3000) | KIT_P | USER);
	kit_entry(TABLES + 0x3000, 0, 8, DATA | bits);
	kit_vcpu.regs.rbx = PAGED;
}

static void R01_pages_are_checked(void **state)
{
	enum { P = 1, W = 2 };
	static const struct {
		unsigned bits, cpl;
		uint64_t cr0, cr4, rflags;
		int error; /* -1: none */
	} cases[] = {
		{ P | W | USER, 3, 0, 0, 0, -1 },
		{ P | W, 3, 0, 0, 0, FAULTS_PRESENT | FAULTS_WRITE | FAULTS_USER },
		{ P | USER, 3, 0, 0, 0, FAULTS_PRESENT | FAULTS_WRITE | FAULTS_USER },
		{ 0, 3, 0, 0, 0, FAULTS_WRITE | FAULTS_USER },
		{ 0, 0, 0, 0, 0, FAULTS_WRITE },
		{ P, 0, 0, 0, 0, -1 }, /* a supervisor without WP */
		{ P, 0, WP, 0, 0, FAULTS_PRESENT | FAULTS_WRITE },
		{ P | W | USER, 0, 0, CR4_SMAP, 0, FAULTS_PRESENT | FAULTS_WRITE },
		{ P | W | USER, 0, 0, CR4_SMAP, FLAGS_AC, -1 },
		{ P | W | USER, 3, 0, CR4_SMAP, 0, -1 },
	};

	(void)state;
	for (size_t n = 0; n < LENGTH(cases); n++) {
		page(cases[n].bits);
		kit_vmcb.cpl = (uint8_t)cases[n].cpl;
		kit_vmcb.cr0 |= cases[n].cr0;
		kit_vmcb.cr4 |= cases[n].cr4;
		kit_vmcb.rflags |= cases[n].rflags;
		EXECUTES(0x0f, 0x01, 0x23);
		if (cases[n].error < 0) {
			done(3);
			expect_stored_at_only(DATA);
			continue;
		}
		raised(VECTOR_PF, (uint32_t)cases[n].error);
		assert_int_equal(kit_vmcb.cr2, PAGED);
	}
	page(P | W | USER);
	kit_vcpu.regs.rbx = PAGED + KIT_PAGE - 1; /* half of it lies beyond: nothing is written */
	EXECUTES(0x0f, 0x01, 0x23);
	raised(VECTOR_PF, FAULTS_WRITE);
	assert_int_equal(kit_vmcb.cr2, PAGED + KIT_PAGE);
	assert_int_equal(*kit_ram(DATA + KIT_PAGE - 1), FILL);
}

/* Without paging there is no page that a program might not have. */
static void a_program_without_paging_has_all_memory(void **state)
{
	(void)state;
	mode(KIT_CODE_16);
	kit_vmcb.rflags |= FLAGS_VM;
	kit_vmcb.cpl = 3;
	kit_vcpu.regs.rbx = DATA;
	EXECUTES(0x0f, 0x01, 0x27);
	done(3);
	expect_stored_at_only(DATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, begin)
		CASE(smsw_stores_where_its_address_says),
		CASE(lmsw_loads_from_where_its_address_says),
		CASE(each_segment_has_its_base),
		CASE(R01_segments_are_checked),
		CASE(R01_pages_are_checked),
		CASE(a_program_without_paging_has_all_memory),
	};

	return cmocka_run_group_tests_name("svm_operand", tests, NULL, NULL);
}
