/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stores to absent memory: which are stepped over, how far, and what stays.
 *
 * Rule: an instruction is its bytes, at address 0 of the kit's guest; lengths are the assembler's.
 */
#include "tests/unit/check.h"
#include "tests/unit/svm_kit.h"

#include <string.h>

enum { TF = 1 << 8, DF = 1 << 10, RF = 1 << 16 };
#define ABSENT_AT 0x40000000ull

static bool drop(enum kit_mode mode, const char *bytes, unsigned count)
{
	kit_begin();
	kit_mode(mode);
	memcpy(kit_ram(0), bytes, count);
	memset(kit_ram(count), 0x90, 16);
	kit_vmcb.exit_info_1 = NPF_WRITE;
	kit_vmcb.exit_info_2 = ABSENT_AT;
	kit_vmcb.interrupt_shadow = 1;
	return svm_drop_store(&kit_vcpu);
}

#define DROPPED(mode, text)                                       \
	do {                                                      \
		assert_true(drop(mode, text, sizeof(text) - 1));  \
		assert_int_equal(kit_vmcb.rip, sizeof(text) - 1); \
		assert_int_equal(kit_vmcb.interrupt_shadow, 0);   \
	} while (0)

#define KEPT(mode, text)                                          \
	do {                                                      \
		assert_false(drop(mode, text, sizeof(text) - 1)); \
		assert_int_equal(kit_vmcb.rip, 0);                \
	} while (0)

static void plain_stores_are_stepped_over(void **state)
{
	(void)state;
	DROPPED(KIT_CODE_32, "\x88\x07"); /* mov %al, (%edi) */
	/* mov %eax, 0x1000(%ebp) */
	DROPPED(KIT_CODE_32, "\x89\x85\x00\x10\x00\x00");
	DROPPED(KIT_CODE_32, "\x89\x44\x24\x04"); /* mov %eax, 4(%esp) */
	/* mov %eax, 0x40000000(,%ecx,4) */
	DROPPED(KIT_CODE_32, "\x89\x04\x8d\x00\x00\x00\x40");
	DROPPED(KIT_CODE_32, "\x67\x89\x07"); /* mov %eax, (%bx) */
	DROPPED(KIT_CODE_32, "\x66\x8c\x0f"); /* mov %cs, (%edi) */
	DROPPED(KIT_CODE_32, "\xc6\x07\x55"); /* movb $0x55, (%edi) */
	/* movl $0xaa55aa55, (%edi) */
	DROPPED(KIT_CODE_32, "\xc7\x07\x55\xaa\x55\xaa");
	DROPPED(KIT_CODE_32, "\x66\xc7\x07\x20\x07");     /* movw $0x720, (%edi) */
	DROPPED(KIT_CODE_32, "\xa3\x00\x00\x00\x40");     /* mov %eax, 0x40000000 */
	DROPPED(KIT_CODE_16, "\xc7\x07\x20\x07");         /* movw $0x720, (%bx) */
	DROPPED(KIT_CODE_16, "\xc7\x06\x00\xb8\x20\x07"); /* movw $0x720, 0xb800 */
	/* movl $0xaa55aa55, 0x10(%bx) */
	DROPPED(KIT_CODE_16, "\x66\xc7\x47\x10\x55\xaa\x55\xaa");
	DROPPED(KIT_CODE_16, "\xa2\x00\x80"); /* mov %al, 0x8000 */
	DROPPED(KIT_CODE_64, "\x48\x89\x07"); /* mov %rax, (%rdi) */
	/* movq $0x55aa55, (%rdi) */
	DROPPED(KIT_CODE_64, "\x48\xc7\x07\x55\xaa\x55\x00");
	/* mov %r15d, 0x7f(%r15,%rax,8) */
	DROPPED(KIT_CODE_64, "\x45\x89\x7c\xc7\x7f");
	/* mov %eax, 0x40000000(%rip) */
	DROPPED(KIT_CODE_64, "\x89\x05\x00\x00\x00\x40");
	/* movabs %rax, 0x40000000 */
	DROPPED(KIT_CODE_64, "\x48\xa3\x00\x00\x00\x40\x00\x00\x00\x00");
	DROPPED(KIT_CODE_64, "\x67\xa3\x00\x00\x00\x40"); /* mov %eax, 0x40000000 */
	DROPPED(KIT_CODE_64, "\x0f\x29\x00");             /* movaps %xmm0, (%rax) */
	/* movdqu %xmm0, 16(%rax) */
	DROPPED(KIT_CODE_64, "\xf3\x0f\x7f\x40\x10");
	DROPPED(KIT_CODE_64, "\x48\x0f\xc3\x07");             /* movnti %rax, (%rdi) */
	DROPPED(KIT_CODE_64, "\x0f\x94\x07");                 /* sete (%rdi) */
	DROPPED(KIT_CODE_16, "\x83\x0e\x00\xb8\x01");         /* orw $1, 0xb800 */
	DROPPED(KIT_CODE_32, "\xf0\x81\x07\x55\xaa\x55\xaa"); /* lock addl $0xaa55aa55, (%edi) */
	DROPPED(KIT_CODE_32, "\xff\x07");                     /* incl (%edi) */
	DROPPED(KIT_CODE_32, "\x87\x07");                     /* xchg %eax, (%edi) */
	DROPPED(KIT_CODE_64, "\x48\x0f\xab\x07");             /* bts %rax, (%rdi) */
}

static void what_has_other_effects_is_not(void **state)
{
	(void)state;
	KEPT(KIT_CODE_32, "\x87\x27");             /* xchg %esp, (%edi) */
	KEPT(KIT_CODE_32, "\x39\x07");             /* cmp %eax, (%edi): no store */
	KEPT(KIT_CODE_32, "\xf0\xd1\x27");         /* lock shll (%edi): #UD */
	KEPT(KIT_CODE_32, "\x0f\xba\x27\x01");     /* btl $1, (%edi): no store */
	KEPT(KIT_CODE_32, "\xff\x37");             /* pushl (%edi) */
	KEPT(KIT_CODE_32, "\x50");                 /* push %eax */
	KEPT(KIT_CODE_32, "\xe8\x00\x00\x00\x00"); /* call */
	KEPT(KIT_CODE_32, "\x89\xc7");             /* mov %eax, %edi: no memory */
	KEPT(KIT_CODE_32, "\xc6\x0f\x55");         /* C6h with reg = 1: no instruction */
	KEPT(KIT_CODE_32, "\xf0\x89\x07");         /* lock mov: #UD */
	KEPT(KIT_CODE_64, "\xf3\x0f\x7e\x07");     /* movq (%rdi), %xmm0 */
	KEPT(KIT_CODE_64, "\x8f\x07");             /* pop (%rdi) */
	KEPT(KIT_CODE_32, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66");
}

/* Whether an instruction at 0 that stores to RDI, EDI or DI is dropped. The fault is at `fault`. */
static bool drops(enum kit_mode mode, const char *bytes, unsigned count, uint64_t to,
                  uint64_t fault)
{
	kit_begin();
	kit_mode(mode);
	memcpy(kit_ram(0), bytes, count);
	memset(kit_ram(count), 0x90, 16);
	kit_vmcb.exit_info_1 = NPF_WRITE;
	kit_vmcb.exit_info_2 = fault;
	kit_vcpu.regs.rdi = kit_vcpu.regs.rcx = to;
	return svm_drop_store(&kit_vcpu);
}
#define DROPS(mode, text, to, fault) drops(mode, text, sizeof(text) - 1, to, fault)

/* The instructions of each size that may lie across the end of a page. */
static const struct {
	const char *bytes;
	unsigned count, size;
} wide_stores[] = {
	{ "\x48\x89\x07", 3, 8 },     /* mov %rax, (%rdi) */
	{ "\x89\x07", 2, 4 },         /* mov %eax, (%rdi) */
	{ "\x66\xc7\x07\1\2", 5, 2 }, /* movw $0x201, (%rdi) */
	{ "\x88\x07", 2, 1 },         /* mov %al, (%rdi) */
	{ "\xaa", 1, 1 },             /* stosb */
	{ "\x48\xab", 2, 8 },         /* stosq */
	{ "\xf3\xab", 2, 4 },         /* rep stosl */
	{ "\xf0\xff\x07", 3, 4 },     /* lock incl (%rdi) */
	{ "\x0f\xc7\x0f", 3, 8 },     /* cmpxchg8b (%rdi) */
	{ "\x48\x0f\xc3\x07", 4, 8 }, /* movnti %rax, (%rdi) */
	{ "\x0f\x11\x07", 3, 16 },    /* movups %xmm0, (%rdi) */
	{ "\x66\x0f\x11\x07", 4, 16 } /* movupd %xmm0, (%rdi) */
};

/* A store of which a part lies in the guest's RAM, and a part in absent memory: the processor
 * writes both, whichever part the exit names. Without paging RAM is from 0 to KIT_RAM. */
static void a_store_into_memory_is_the_processor_s(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(wide_stores) / sizeof(wide_stores[0]); i++) {
		const char *text = wide_stores[i].bytes;
		const unsigned count = wide_stores[i].count, size = wide_stores[i].size;
		if (text[0] == 0x48)
			continue; /* 64-bit code: the next test */
		for (unsigned below = 0; below <= 16; below++) {
			bool splits = below > 0 && below < size;
			assert_int_equal(drops(KIT_CODE_32, text, count, KIT_RAM - below, KIT_RAM),
			                 !splits);
			assert_true(drops(KIT_CODE_32, text, count, ABSENT_AT - below, ABSENT_AT));
			if (below == 0)
				continue;
			/* the address after the last one is 0, where RAM begins */
			assert_int_equal(
				drops(KIT_CODE_32, text, count, 0 - below, (uint32_t)(0 - below)),
				!splits);
			assert_true(drops(KIT_CODE_32, text, count, ABSENT_AT - below,
			                  ABSENT_AT - below));
		}
	}
}

/* In 64-bit code the pages of an operand lie where the guest's tables have them. */
static void the_guest_s_tables_say_where_an_operand_goes_on(void **state)
{
	enum { TABLE = 0x100000, PD_AT = KIT_RAM - 3 * KIT_PAGE, AT = 2 << 20 };

	(void)state;
	for (unsigned i = 0; i < sizeof(wide_stores) / sizeof(wide_stores[0]); i++) {
		for (unsigned below = 1; below <= 16; below++) {
			const bool splits = below < wide_stores[i].size;
			for (unsigned ends = 0; ends < 2; ends++) {
				(void)drop(KIT_CODE_64, wide_stores[i].bytes, wide_stores[i].count);
				/* one page of the two is RAM, the other page is absent */
				kit_entry(PD_AT, 1, 8, TABLE | KIT_P);
				kit_entry(TABLE, 3, 8, (ends ? ABSENT_AT : 0x5000) | KIT_P);
				kit_entry(TABLE, 4, 8, (ends ? 0x9000 : ABSENT_AT) | KIT_P);
				kit_vmcb.rip = 0;
				kit_vcpu.regs.rdi = AT + 0x4000 - below;
				kit_vmcb.exit_info_2 = ends ? ABSENT_AT + 0x1000 - below
				                            : ABSENT_AT;
				assert_int_equal(svm_drop_store(&kit_vcpu), !splits);
			}
		}
	}
}

/* An address by RIP counts from behind the immediate value: 10 bytes here. */
static void an_address_by_rip_is_of_the_next_instruction(void **state)
{
	enum { PD_AT = KIT_RAM - 3 * KIT_PAGE };

	(void)state;
	for (unsigned below = 0; below <= 4; below++) {
		(void)drop(KIT_CODE_64, "\xc7\x05\xf6\xff\x1f\x00\1\0\0\0", 10);
		*kit_ram(2) = (uint8_t)(0xf6 - below); /* movl $1, 0x1ffff6 - below(%rip) */
		kit_entry(PD_AT, 1, 8, ABSENT_AT | KIT_LARGE | KIT_P);
		kit_vmcb.rip = 0;
		assert_int_equal(svm_drop_store(&kit_vcpu), below == 0 || below == 4);
	}
}

/* The address by each form: a segment's base, RSP, an index, an absolute one. */
static void the_address_is_the_instruction_s(void **state)
{
	const uint64_t end = KIT_RAM;

	(void)state;
	assert_false(DROPS(KIT_CODE_32, "\x89\x47\xfe", end, end)); /* mov %eax, -2(%edi) */
	assert_true(DROPS(KIT_CODE_32, "\x89\x47\x00", end, end));
	assert_false(DROPS(KIT_CODE_32, "\xa3\xfe\xff\x3f\x00", 0, end)); /* mov %eax, 0x3ffffe */
	assert_true(DROPS(KIT_CODE_32, "\xa3\x00\x00\x40\x00", 0, end));
	/* mov %eax, -2(%edi,%ecx,2) */
	assert_false(DROPS(KIT_CODE_32, "\x89\x44\x4f\xfe", end - 0x200000 - 0xaaaab, end));
	drops(KIT_CODE_32, "\x89\x44\x24\xfe", 4, 0, end); /* mov %eax, -2(%esp) */
	kit_vmcb.rip = 0;
	kit_vmcb.rsp = end;
	assert_false(svm_drop_store(&kit_vcpu));
	kit_vmcb.rsp = end + 2;
	assert_true(svm_drop_store(&kit_vcpu));
	DROPS(KIT_CODE_16, "\x26\x67\x66\x89\x07", 0xfffe, end); /* mov %eax, %es:(%edi) */
	kit_vmcb.rip = 0;
	kit_vmcb.es.base = end - 0x10000;
	assert_false(svm_drop_store(&kit_vcpu));
	kit_vmcb.es.base = end - 0xfffe;
	assert_true(svm_drop_store(&kit_vcpu));
}

static void only_the_guest_s_own_instruction_is(void **state)
{
	(void)state;
	DROPPED(KIT_CODE_32, "\x88\x07");
	kit_vmcb.rip = 0;
	kit_vmcb.exit_interruption = 1u << 31 | 0x20; /* an interrupt's frame */
	assert_false(svm_drop_store(&kit_vcpu));
	kit_vmcb.exit_interruption = 0;
	kit_vmcb.exit_info_1 |= 1ull << 33; /* a page table of the guest's */
	assert_false(svm_drop_store(&kit_vcpu));
	kit_vmcb.exit_info_1 = 0; /* a read */
	assert_false(svm_drop_store(&kit_vcpu));
	kit_vmcb.exit_info_1 = NPF_WRITE;
	kit_vmcb.rflags |= TF;
	assert_false(svm_drop_store(&kit_vcpu));
	kit_vmcb.rflags = 2 | RF;
	kit_vcpu.state.uses_debug = true; /* a breakpoint may be on the data */
	kit_vmcb.dr7 = 0x401;
	assert_false(svm_drop_store(&kit_vcpu));
	kit_vmcb.dr7 = 0x400;
	kit_vmcb.rip = 0x80000000; /* its bytes cannot be read */
	assert_false(svm_drop_store(&kit_vcpu));
	kit_vmcb.rip = 0;
	assert_true(svm_drop_store(&kit_vcpu));
	assert_int_equal(kit_vmcb.rflags, 2); /* an instruction that is done clears RF */
}

/* A string instruction at this address, with these registers; where it goes on. */
static void string(enum kit_mode mode, const char *bytes, uint64_t address, uint64_t count,
                   uint64_t flags)
{
	struct vcpu_regs *regs = &kit_vcpu.regs;

	kit_begin();
	kit_mode(mode);
	memcpy(kit_ram(0), bytes, strlen(bytes));
	kit_vmcb.exit_info_1 = NPF_WRITE;
	kit_vmcb.exit_info_2 = address;
	kit_vmcb.rflags = 2 | flags;
	regs->rcx = count;
	regs->rdi = address;
	regs->rsi = 0x1000;
	assert_true(svm_drop_store(&kit_vcpu));
}

static void expect(uint64_t rip, uint64_t rcx, uint64_t rdi, uint64_t rsi)
{
	assert_int_equal(kit_vmcb.rip, rip);
	assert_int_equal(kit_vcpu.regs.rcx, rcx);
	assert_int_equal(kit_vcpu.regs.rdi, rdi);
	assert_int_equal(kit_vcpu.regs.rsi, rsi);
}

static void string_instructions_are_done_for_a_page(void **state)
{
	const uint64_t at = ABSENT_AT;

	(void)state;
	string(KIT_CODE_32, "\xab", at, 5, 0); /* stos, once */
	expect(1, 5, at + 4, 0x1000);
	string(KIT_CODE_32, "\xf3\xab", at, 1000, 0); /* within the page */
	expect(2, 0, at + 4000, 0x1000);
	string(KIT_CODE_32, "\xf3\xab", at + 0xf00, 1000, 0); /* 64 of them, and again */
	expect(0, 1000 - 64, at + 0x1000, 0x1000);
	string(KIT_CODE_32, "\xf3\xaa", at + 0xfff, 1, 0);
	expect(2, 0, at + 0x1000, 0x1000);
	string(KIT_CODE_32, "\xf3\xab", at + 0xffe, 3, 0); /* one that lies across */
	expect(0, 2, at + 0x1002, 0x1000);
	string(KIT_CODE_32, "\xf3\xab", at + 0x10, 100, DF); /* downwards: 10h, 0Ch ... 0 */
	expect(0, 95, at - 4, 0x1000);
	string(KIT_CODE_32, "\xf3\x66\xab", at, 0x10002, 0); /* 16 bits */
	expect(0, 0x10002 - 2048, at + 0x1000, 0x1000);
	string(KIT_CODE_64, "\xf3\x48\xab", at, 0x1000, 0); /* 64 bits */
	expect(0, 0x1000 - 512, at + 0x1000, 0x1000);
	string(KIT_CODE_64, "\xf3\x67\xaa", at, 0x700000010, 0); /* ECX and EDI */
	expect(3, 0, at + 0x10, 0x1000);
	string(KIT_CODE_16, "\xf3\xab", 0xb8000, 0xabcd0010, 0); /* CX and DI alone */
	expect(2, 0xabcd0000, 0xb8020, 0x1000);
	string(KIT_CODE_32, "\xf3\xa5", at, 2000, 0); /* movs: its source's page ends as well */
	expect(0, 2000 - 1024, at + 0x1000, 0x2000);
	string(KIT_CODE_32, "\xa4", at, 7, DF);
	expect(1, 7, at - 1, 0xfff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_stores_are_stepped_over),
		cmocka_unit_test(what_has_other_effects_is_not),
		cmocka_unit_test(a_store_into_memory_is_the_processor_s),
		cmocka_unit_test(the_guest_s_tables_say_where_an_operand_goes_on),
		cmocka_unit_test(an_address_by_rip_is_of_the_next_instruction),
		cmocka_unit_test(the_address_is_the_instruction_s),
		cmocka_unit_test(only_the_guest_s_own_instruction_is),
		cmocka_unit_test(string_instructions_are_done_for_a_page),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
