/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INS and OUTS that exit, on the SVM back end: each piece, and the whole instruction beside an
 * element-by-element oracle. The VMX back end's part runs in fuzz_vmx_exits.c and in Bochs
 * (test_events.py).
 *
 * Rule: expected values are the manual's (SDM 2, INS and OUTS; SDM 3B 17.3.1.1).
 */
#include "tests/unit/check.h"
#include "tests/unit/svm_kit.h"

#include "arch/x86/cpu/exception.h"
#include "arch/x86/virt/io_break.h"
#include "arch/x86/virt/string_io.h"

#include <stdlib.h>
#include <string.h>

enum { PORT = 0x301, MOST = 64, RIP = 0x2000, DATA = 0x5000, RF = 1 << 16, TF = 1 << 8 };
enum { DF = 1 << 10, AC = 1 << 18, AM = 1 << 18, DR6_BS = 1 << 14, SPAN = 0x3000 };
enum { TABLE = 0x3fb000, USER = 7 };

struct svm_capabilities svm_caps;
uint64_t fake_dr[IO_BREAKS];
const void *entry_ready;
bool virt_is_second = true;
static struct vcpu_io io;

void virt_break_on_io(struct vcpu *v, const struct vcpu_io *access,
                      const struct vcpu_string *string)
{
	svm_break_on_io(v, access, string);
}

/* ---- An instruction ---- */

static void instruction(const char *bytes, unsigned kind, unsigned size)
{
	const unsigned length = (unsigned)strlen(bytes);

	memcpy(kit_ram(RIP), bytes, length);
	io = (struct vcpu_io){ PORT, (uint8_t)size, (uint8_t)kind };
	kit_vmcb.rip = RIP;
	kit_vmcb.exit_code = EXIT_IOIO;
	kit_vmcb.exit_info_2 = RIP + length;
}

static int begin(void **state)
{
	(void)state;
	kit_begin();
	for (unsigned i = 0; i < SEGMENTS; i++)
		if (i != SEGMENT_CS)
			(&kit_vmcb.es)[i] = (struct vmcb_segment){ 16, KIT_DATA | KIT_D | KIT_G,
				                                   UINT32_MAX, 0 };
	kit_vmcb.rflags = 2;
	memset(fake_dr, 0, sizeof(fake_dr));
	return 0;
}

static bool piece(unsigned most, uint32_t value, struct vcpu_string *p)
{
	if (!virt_string_begin(&kit_vcpu, &io, most, p))
		return false;
	if (io.kind & IO_IN)
		p->value = value;
	virt_string_end(&kit_vcpu, &io, p);
	return true;
}

static void assert_fault(unsigned vector, uint32_t error)
{
	assert_int_equal(kit_vmcb.event_injection & 0xff, vector);
	assert_int_equal(kit_vmcb.event_injection >> 32, error);
	assert_int_equal(kit_vmcb.rip, RIP);
	assert_true(kit_vmcb.rflags & RF);
}

/* ---- Single elements ---- */

static void R18_an_insb_writes_a_byte_and_retires(void **state)
{
	struct vcpu_string p;

	(void)state;
	instruction("\x6c", IO_IN | IO_STRING, 1);
	kit_vcpu.regs.rdi = DATA;
	kit_vcpu.regs.rcx = 7;
	assert_true(piece(MOST, 0x5a, &p));
	assert_int_equal(*kit_ram(DATA), 0x5a);
	assert_int_equal(kit_ram(DATA)[1], 0);
	assert_int_equal(kit_vcpu.regs.rdi, DATA + 1);
	assert_int_equal(kit_vcpu.regs.rcx, 7);
	assert_int_equal(kit_vmcb.rip, RIP + 1);
}

static void R18_an_outs_reads_its_segment(void **state)
{
	struct vcpu_string p;

	(void)state;
	instruction("\x64\x6f", IO_STRING, 4); /* FS */
	kit_vmcb.fs.base = 0x100;
	kit_vcpu.regs.rsi = DATA;
	memcpy(kit_ram(DATA + 0x100), "\x78\x56\x34\x12", 4);
	assert_true(piece(MOST, 0, &p));
	assert_int_equal(p.value, 0x12345678);
	assert_int_equal(kit_vcpu.regs.rsi, DATA + 4);
}

static void R18_a_count_of_0_moves_nothing(void **state)
{
	struct vcpu_string p;

	(void)state;
	instruction("\xf3\x6c", IO_IN | IO_STRING | IO_REPEAT, 1);
	kit_vcpu.regs.rdi = DATA;
	kit_vcpu.regs.rcx = 1ull << 32; /* ECX counts in 32-bit code */
	assert_false(piece(MOST, 0xff, &p));
	assert_int_equal(*kit_ram(DATA), 0);
	assert_int_equal(kit_vcpu.regs.rdi, DATA);
	assert_int_equal(kit_vmcb.rip, RIP + 2);
	assert_int_equal(kit_vmcb.event_injection, 0);
}

/* ---- Faults come before the access ---- */

static void page_tables(void)
{
	kit_mode(KIT_CODE_64);
	kit_entry(TABLE + 0x2000, 0, 8, (TABLE + 0x3000) | USER);
	kit_entry(TABLE, 0, 8, (TABLE + 0x1000) | USER);
	kit_entry(TABLE + 0x1000, 0, 8, (TABLE + 0x2000) | USER);
	for (unsigned i = 0; i < 512; i++)
		kit_entry(TABLE + 0x3000, i, 8, i * KIT_PAGE | USER);
	kit_vmcb.cr3 = TABLE;
	kit_vmcb.cpl = 3;
}

static void R18_a_page_fault_leaves_count_and_index_as_far_as_they_came(void **state)
{
	struct vcpu_string p;
	unsigned done = 0;

	(void)state;
	page_tables();
	instruction("\xf3\x6c", IO_IN | IO_STRING | IO_REPEAT, 1);
	kit_entry(TABLE + 0x3000, DATA / KIT_PAGE + 1, 8, (DATA + KIT_PAGE) | 5); /* read-only */
	kit_vcpu.regs.rdi = DATA + KIT_PAGE - 100;
	kit_vcpu.regs.rcx = 1000;
	while (piece(MOST, 0xff, &p))
		done += p.elements;
	assert_int_equal(done, 100);
	assert_int_equal(kit_vcpu.regs.rcx, 900);
	assert_int_equal(kit_vcpu.regs.rdi, DATA + KIT_PAGE);
	assert_int_equal(kit_vmcb.cr2, DATA + KIT_PAGE);
	assert_fault(VECTOR_PF, 7); /* user, write, present */
	assert_int_equal(*kit_ram(DATA + KIT_PAGE), 0);
}

static void R18_half_an_element_is_not_written(void **state)
{
	struct vcpu_string p;

	(void)state;
	page_tables();
	instruction("\x6d", IO_IN | IO_STRING, 4);
	kit_entry(TABLE + 0x3000, DATA / KIT_PAGE + 1, 8, 0);
	kit_vcpu.regs.rdi = DATA + KIT_PAGE - 2;
	assert_false(piece(MOST, 0xffffffff, &p));
	assert_fault(VECTOR_PF, 6);
	assert_int_equal(kit_vmcb.cr2, DATA + KIT_PAGE);
	assert_int_equal(kit_ram(DATA)[KIT_PAGE - 2], 0);
}

static void R18_limits_and_types_are_checked(void **state)
{
	struct vcpu_string p;

	(void)state;
	instruction("\x6d", IO_IN | IO_STRING, 4);
	kit_vcpu.regs.rdi = 0xfffd;
	kit_vmcb.es.limit = 0xffff;
	assert_false(piece(MOST, 0, &p));
	assert_fault(VECTOR_GP, 0);
	begin(NULL);
	instruction("\x36\x6e", IO_STRING, 1); /* SS */
	kit_vcpu.regs.rsi = 0x10000;
	kit_vmcb.ss.limit = 0xffff;
	assert_false(piece(MOST, 0, &p));
	assert_fault(VECTOR_SS, 0);
	begin(NULL);
	instruction("\x6c", IO_IN | IO_STRING, 1);
	kit_vmcb.es.attributes = 0; /* a null selector */
	assert_false(piece(MOST, 0, &p));
	assert_fault(VECTOR_GP, 0);
	begin(NULL);
	instruction("\x6c", IO_IN | IO_STRING, 1);
	kit_vmcb.es.attributes &= ~2; /* cannot be written */
	assert_false(piece(MOST, 0, &p));
	assert_fault(VECTOR_GP, 0);
}

static void R18_addresses_are_canonical_in_64_bit_code(void **state)
{
	struct vcpu_string p;

	(void)state;
	page_tables();
	instruction("\x6c", IO_IN | IO_STRING, 1);
	kit_vcpu.regs.rdi = 1ull << 47;
	assert_false(piece(MOST, 0, &p));
	assert_fault(VECTOR_GP, 0);
	kit_vmcb.event_injection = 0;
	instruction("\x67\x6c", IO_IN | IO_STRING, 1); /* EDI alone counts */
	kit_vcpu.regs.rdi = (1ull << 47) + DATA;
	assert_true(piece(MOST, 0x77, &p));
	assert_int_equal(*kit_ram(DATA), 0x77);
	assert_int_equal(kit_vcpu.regs.rdi, DATA + 1);
}

static void R18_alignment_is_checked_in_ring_3(void **state)
{
	struct vcpu_string p;

	(void)state;
	page_tables();
	instruction("\x6d", IO_IN | IO_STRING, 4);
	kit_vcpu.regs.rdi = DATA + 2;
	kit_vmcb.rflags |= AC;
	kit_vmcb.cr0 |= AM;
	assert_false(piece(MOST, 0, &p));
	assert_fault(VECTOR_AC, 0);
	kit_vmcb.cpl = 0;
	kit_vmcb.event_injection = 0;
	kit_vmcb.rflags = 2 | AC;
	assert_true(piece(MOST, 0x01020304, &p));
	assert_int_equal(kit_ram(DATA)[2], 4);
}

/* Absent memory drops what an INS writes, and reads as ones. */
static void R18_absent_memory_is_no_fault(void **state)
{
	enum { ABSENT = KIT_RAM + KIT_PAGE };
	struct vcpu_string p;

	(void)state;
	instruction("\xf3\x6c", IO_IN | IO_STRING | IO_REPEAT, 1);
	kit_vcpu.regs.rdi = ABSENT;
	kit_vcpu.regs.rcx = 5;
	assert_true(piece(MOST, 0xff, &p));
	assert_int_equal(kit_vcpu.regs.rdi, ABSENT + 5);
	instruction("\x6f", IO_STRING, 4);
	kit_vcpu.regs.rsi = ABSENT;
	assert_true(piece(MOST, 0, &p));
	assert_int_equal(p.value, UINT32_MAX);
	instruction("\x6f", IO_STRING, 4); /* half of the element is there */
	kit_vcpu.regs.rsi = KIT_RAM - 2;
	memcpy(kit_ram(KIT_RAM - 2), "\x34\x12", 2);
	assert_true(piece(MOST, 0, &p));
	assert_int_equal(p.value, 0xffff1234);
}

/* A supervisor may not touch user pages with SMAP on, unless AC is set. */
static void R18_smap_keeps_a_supervisor_away(void **state)
{
	enum { SMAP = 1 << 21 };
	struct vcpu_string p;

	(void)state;
	page_tables();
	kit_vmcb.cpl = 0;
	kit_vmcb.cr4 |= SMAP;
	instruction("\x6e", IO_STRING, 1);
	kit_vcpu.regs.rsi = DATA;
	assert_false(piece(MOST, 0, &p));
	assert_fault(VECTOR_PF, 1);
	kit_vmcb.rflags = 2 | AC;
	assert_true(piece(MOST, 0, &p));
}

/* ---- Traps come behind each element ---- */

static void R18_a_single_step_traps_behind_each_element(void **state)
{
	struct vcpu_string p;

	(void)state;
	instruction("\xf3\x6c", IO_IN | IO_STRING | IO_REPEAT, 1);
	kit_vcpu.regs.rdi = DATA;
	kit_vcpu.regs.rcx = 2;
	kit_vmcb.rflags |= TF;
	kit_vmcb.interrupt_shadow = 1;
	assert_true(piece(MOST, 0xff, &p));
	assert_int_equal(p.elements, 1);
	assert_int_equal(kit_vmcb.rip, RIP);
	assert_true(kit_vmcb.rflags & RF);
	assert_int_equal(kit_vmcb.interrupt_shadow, 0);
	assert_int_equal(kit_vmcb.event_injection & 0xff, VECTOR_DB);
	assert_int_equal(kit_vmcb.dr6 & (DR6_BS | 15), DR6_BS);
	kit_vmcb.event_injection = 0;
	assert_true(piece(MOST, 0xff, &p));
	assert_int_equal(kit_vmcb.rip, RIP + 2);
	assert_false(kit_vmcb.rflags & RF);
	assert_int_equal(kit_vmcb.event_injection & 0xff, VECTOR_DB);
}

/* DR7 (SDM 3B 17.2.4) with breakpoint 2 on: type and length code of the breakpoint. */
static uint64_t break_2(unsigned type, unsigned code)
{
	return 1 << 4 | (uint64_t)type << 24 | (uint64_t)code << 26;
}

static unsigned hits(uint64_t dr7, uint64_t at, unsigned kind)
{
	struct vcpu_string p;

	begin(NULL);
	instruction(kind & IO_IN ? "\x6d" : "\x6f", kind, 4);
	kit_vcpu.regs.rdi = kit_vcpu.regs.rsi = DATA;
	kit_vcpu.state.uses_debug = true;
	kit_vmcb.dr7 = dr7;
	fake_dr[2] = at;
	assert_true(piece(MOST, 0, &p));
	assert_int_equal(p.elements, 1);
	assert_true((kit_vmcb.event_injection & 0xff) == (kit_vmcb.dr6 & 15 ? VECTOR_DB : 0));
	return kit_vmcb.dr6 & 15;
}

static void R18_data_breakpoints_hit_on_the_operand(void **state)
{
	enum { INS = IO_IN | IO_STRING, OUTS = IO_STRING, WRITES = 1, DATA_TYPE = 3 };
	(void)state;
	assert_int_equal(hits(break_2(WRITES, 0), DATA + 3, INS), 4);
	assert_int_equal(hits(break_2(WRITES, 0), DATA + 4, INS), 0);
	assert_int_equal(hits(break_2(WRITES, 3), DATA - 4, INS), 0);
	assert_int_equal(hits(break_2(WRITES, 2), DATA - 8, INS), 0); /* 8 bytes */
	assert_int_equal(hits(break_2(WRITES, 2), DATA, INS), 4);
	assert_int_equal(hits(break_2(WRITES, 2), DATA + 7, INS), 4);
	assert_int_equal(hits(break_2(WRITES, 0), DATA, OUTS), 0);
	assert_int_equal(hits(break_2(DATA_TYPE, 0), DATA, OUTS), 4);
	assert_int_equal(hits(break_2(DATA_TYPE, 0), DATA, INS), 4);
	assert_int_equal(hits(break_2(0, 0), DATA, INS), 0); /* on execution */
	assert_int_equal(hits(break_2(2, 0), DATA, INS), 0); /* on ports, without DE */
}

/* ---- The whole instruction ---- */

static uint64_t part(uint64_t value, unsigned bytes)
{
	return bytes == 8 ? value : value & ((1ull << 8 * bytes) - 1);
}

static void set_part(uint64_t *reg, uint64_t value, unsigned bytes)
{
	if (bytes == 2)
		memcpy(reg, &value, 2);
	else
		*reg = part(value, bytes);
}

/* An element at a time, as the manual has it: without paging, and where nothing faults. */
static void oracle(uint8_t *memory, struct vcpu_regs *r, unsigned address, unsigned size, bool down)
{
	for (; part(r->rcx, address) != 0; set_part(&r->rcx, r->rcx - 1, address)) {
		memset(memory + part(r->rdi, address), 0xff, size);
		set_part(&r->rdi, down ? r->rdi - size : r->rdi + size, address);
	}
}

static void one_of_many(unsigned n)
{
	static uint8_t wanted[1 << 16];

	static const char *const code[] = { "\xf3\x6c", "\x66\xf3\x6d", "\xf3\x6d" };
	static const char *const narrow[] = { "\x67\xf3\x6c", "\x67\x66\xf3\x6d", "\x67\xf3\x6d" };
	const unsigned which = n % 3, size = 1u << which, address = n % 2 ? 4 : 2;
	const bool down = n & 4;
	struct vcpu_string p;

	begin(NULL);
	instruction(address == 4 ? code[which] : narrow[which], IO_IN | IO_STRING | IO_REPEAT,
	            size);
	kit_vmcb.rflags |= down ? DF : 0;
	kit_vcpu.regs.rcx = 1ull << 32 | (address == 2 ? 0x50000 : 0) | (unsigned)rand() % 1500;
	kit_vcpu.regs.rdi = 0xabcd00000000 | (address == 2 ? 0x70000 : 0) |
	                    (0x7000 + (unsigned)rand() % SPAN);
	struct vcpu_regs regs = kit_vcpu.regs;
	memcpy(wanted, kit_ram(0), sizeof(wanted));
	oracle(wanted, &regs, address, size, down);
	while (kit_vmcb.rip == RIP) {
		const uint64_t first = part(kit_vcpu.regs.rdi, address);
		if (!piece(VCPU_STRING_BYTES / size, (uint32_t)part(UINT32_MAX, size), &p))
			break;
		assert_true(p.elements * size <= VCPU_STRING_BYTES);
		assert_true(p.elements == 1 || p.linear == first);
		assert_true((kit_vmcb.rip == RIP) == !!(kit_vmcb.rflags & RF));
	}
	assert_memory_equal(&regs, &kit_vcpu.regs, sizeof(regs));
	assert_memory_equal(wanted, kit_ram(0), sizeof(wanted));
	assert_int_equal(kit_vmcb.event_injection, 0);
}

static void R18_any_rep_ins_is_the_oracle_s(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 300; n++)
		one_of_many(n);
}

static void R18_offsets_of_16_bits_go_round(void **state)
{
	struct vcpu_string p;
	unsigned done = 0;

	(void)state;
	instruction("\x67\xf3\x6c", IO_IN | IO_STRING | IO_REPEAT, 1);
	kit_vcpu.regs.rdi = 0xfff0;
	kit_vcpu.regs.rcx = 0x20;
	while (kit_vmcb.rip == RIP && piece(MOST, 0xff, &p))
		done += p.elements;
	assert_int_equal(done, 0x20);
	assert_int_equal(kit_vcpu.regs.rdi, 0x10);
	assert_int_equal(*kit_ram(0xf), 0xff);
	assert_int_equal(*kit_ram(0x10), 0);
	assert_int_equal(*kit_ram(0x10000), 0);
}

/* The same in the middle of a page, both ways. */
static void R18_a_piece_does_not_go_round(void **state)
{
	enum { BASE = 0x800, COUNT = 0x20 };
	struct vcpu_string p;

	(void)state;
	for (unsigned down = 0; down < 2; down++) {
		begin(NULL);
		memset(kit_ram(0), 0, 0x20000);
		instruction("\x67\xf3\x6c", IO_IN | IO_STRING | IO_REPEAT, 1);
		kit_vmcb.es.base = BASE;
		kit_vmcb.rflags |= down ? DF : 0;
		kit_vcpu.regs.rdi = down ? 0xf : 0xfff0;
		kit_vcpu.regs.rcx = COUNT;
		while (kit_vmcb.rip == RIP && piece(MOST, 0xff, &p))
			;
		assert_int_equal(kit_vcpu.regs.rdi, down ? 0xffef : 0x10);
		memset(kit_ram(RIP), 0, 3);
		for (unsigned at = 0; at < 0x20000; at++) {
			const unsigned offset = at - BASE;
			const bool is_ones = offset < 0x10 ||
			                     (offset >= 0xfff0 && offset < 0x10000);

			assert_int_equal(*kit_ram(at), is_ones ? 0xff : 0);
		}
	}
}

/* Outside of 64-bit code the byte behind FFFFFFFFh is at address 0. */
static void R18_an_element_goes_across_4_gib(void **state)
{
	struct vcpu_string p;

	(void)state;
	instruction("\x64\x6f", IO_STRING, 4); /* FS */
	kit_vmcb.fs.base = 0xf0000000;
	kit_vcpu.regs.rsi = 0x0ffffffe;
	memcpy(kit_ram(0), "\x12\x34", 2);
	assert_true(piece(MOST, 0, &p));
	assert_int_equal(p.value, 0x3412ffff); /* no memory is below 4 GiB */
	assert_int_equal(kit_vcpu.regs.rsi, 0x10000002);
}

/* PAE paging: the halves of an element lie in two pages of RAM. Neither is written where one half
 * cannot be. */
static void R18_an_element_goes_across_4_gib_by_page_tables(void **state)
{
	struct vcpu_string p;

	(void)state;
	kit_entry(TABLE, 0, 8, (TABLE + 0x1000) | 1);
	kit_entry(TABLE, 3, 8, (TABLE + 0x2000) | 1);
	kit_entry(TABLE + 0x1000, 0, 8, (TABLE + 0x3000) | 3);
	kit_entry(TABLE + 0x2000, 511, 8, (TABLE + 0x4000) | 3);
	for (unsigned i = 0; i < 8; i++)
		kit_entry(TABLE + 0x3000, i, 8, i * KIT_PAGE | 3);
	kit_entry(TABLE + 0x4000, 511, 8, DATA | 3);
	kit_vmcb.cr3 = TABLE;
	kit_vmcb.cr4 |= 1 << 5;
	kit_vmcb.cr0 |= 1ull << 31 | 1 << 16;
	instruction("\x6d", IO_IN | IO_STRING, 4);
	kit_vmcb.es.base = 0xf0000000;
	kit_vcpu.regs.rdi = 0x0ffffffd;
	assert_true(piece(MOST, 0x44332211, &p));
	assert_memory_equal(kit_ram(DATA + KIT_PAGE - 3), "\x11\x22\x33", 3);
	assert_int_equal(*kit_ram(0), 0x44);
	assert_int_equal(kit_vcpu.regs.rdi, 0x10000001);
	instruction("\x64\x6f", IO_STRING, 4); /* FS */
	kit_vmcb.fs.base = 0xf0000000;
	kit_vcpu.regs.rsi = 0x0ffffffd;
	assert_true(piece(MOST, 0, &p));
	assert_int_equal(p.value, 0x44332211);
	kit_entry(TABLE + 0x3000, 0, 8, 1);
	instruction("\x6d", IO_IN | IO_STRING, 4);
	kit_vcpu.regs.rdi = 0x0ffffffd;
	assert_false(piece(MOST, 0xffffffff, &p));
	assert_fault(VECTOR_PF, 3);
	assert_int_equal((uint32_t)kit_vmcb.cr2, 0);
	assert_int_equal(kit_ram(DATA)[KIT_PAGE - 3], 0x11);
}

/* A REP goes on below an element that lies across the end of RAM. */
static void R18_elements_go_across_the_end_of_ram(void **state)
{
	struct vcpu_string p;
	uint32_t values[3] = { 0 };

	(void)state;
	memcpy(kit_ram(KIT_RAM - 6), "\x11\x22\x33\x44\x55\x66", 6);
	instruction("\xf3\x6f", IO_STRING | IO_REPEAT, 4);
	kit_vcpu.regs.rsi = KIT_RAM - 6;
	kit_vcpu.regs.rcx = 3;
	for (unsigned i = 0; i < 3 && kit_vcpu.regs.rcx > 0; i++) {
		assert_true(piece(1, 0, &p));
		values[i] = (uint32_t)p.value;
	}
	assert_int_equal(values[0], 0x44332211);
	assert_int_equal(values[1], 0xffff6655);
	assert_int_equal(values[2], 0xffffffff);
	assert_int_equal(kit_vcpu.regs.rsi, KIT_RAM + 6);
	instruction("\x6d", IO_IN | IO_STRING, 4);
	kit_vcpu.regs.rdi = KIT_RAM - 1;
	assert_true(piece(MOST, 0x44332277, &p));
	assert_int_equal(*kit_ram(KIT_RAM - 1), 0x77);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(R18_an_insb_writes_a_byte_and_retires),
		TEST(R18_an_outs_reads_its_segment),
		TEST(R18_a_count_of_0_moves_nothing),
		TEST(R18_a_page_fault_leaves_count_and_index_as_far_as_they_came),
		TEST(R18_half_an_element_is_not_written),
		TEST(R18_limits_and_types_are_checked),
		TEST(R18_addresses_are_canonical_in_64_bit_code),
		TEST(R18_alignment_is_checked_in_ring_3),
		TEST(R18_absent_memory_is_no_fault),
		TEST(R18_smap_keeps_a_supervisor_away),
		TEST(R18_a_single_step_traps_behind_each_element),
		TEST(R18_data_breakpoints_hit_on_the_operand),
		TEST(R18_any_rep_ins_is_the_oracle_s),
		TEST(R18_offsets_of_16_bits_go_round),
		TEST(R18_a_piece_does_not_go_round),
		TEST(R18_an_element_goes_across_4_gib),
		TEST(R18_an_element_goes_across_4_gib_by_page_tables),
		TEST(R18_elements_go_across_the_end_of_ram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
