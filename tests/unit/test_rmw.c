/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions that read, change and write absent memory, beside the same instructions on real
 * memory of ones.
 *
 * Rule: the test's own processor is the judge. Registers and flags after an instruction are the
 * processor's, undefined flags included.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "tests/unit/check.h"
#include "tests/unit/svm_kit.h"

#include <string.h>
#include <sys/mman.h>

enum { ARITHMETIC = 0x8d5, FIXED = 2, ROUNDS = 20000, CODE_BYTES = 4096, LONGEST = 15 };
enum { LOCK = 0xf0, OPERAND_SIZE = 0x66, REX = 0x40, TWO = 0x0f, AT_RDI = 7 };
enum immediate { NONE, BYTE, WIDE };

/* The registers that an operand may name. */
struct native {
	uint64_t rax, rcx, rdx, rbx, rsi, r8, r9, flags;
};

static const struct opcode {
	bool two, locks;
	uint8_t byte;
	enum immediate immediate;
	uint8_t members; /* values of reg in this group; 0: reg is a register */
} opcodes[] = {
	{ .byte = 0x00, .locks = true },
	{ .byte = 0x01, .locks = true },
	{ .byte = 0x08, .locks = true },
	{ .byte = 0x09 },
	{ .byte = 0x10 },
	{ .byte = 0x11, .locks = true },
	{ .byte = 0x18 },
	{ .byte = 0x19, .locks = true },
	{ .byte = 0x20 },
	{ .byte = 0x21, .locks = true },
	{ .byte = 0x28 },
	{ .byte = 0x29, .locks = true },
	{ .byte = 0x30 },
	{ .byte = 0x31, .locks = true },
	{ .byte = 0x80, .immediate = BYTE, .members = 0x7f, .locks = true },
	{ .byte = 0x81, .immediate = WIDE, .members = 0x7f, .locks = true },
	{ .byte = 0x83, .immediate = BYTE, .members = 0x7f, .locks = true },
	{ .byte = 0x86 },
	{ .byte = 0x87, .locks = true },
	{ .byte = 0xc0, .immediate = BYTE, .members = 0xff },
	{ .byte = 0xc1, .immediate = BYTE, .members = 0xff },
	{ .byte = 0xd0, .members = 0xff },
	{ .byte = 0xd1, .members = 0xff },
	{ .byte = 0xd2, .members = 0xff },
	{ .byte = 0xd3, .members = 0xff },
	{ .byte = 0xf6, .members = 0x0c, .locks = true },
	{ .byte = 0xf7, .members = 0x0c },
	{ .byte = 0xfe, .members = 0x03 },
	{ .byte = 0xff, .members = 0x03, .locks = true },
	{ .two = true, .byte = 0xa4, .immediate = BYTE },
	{ .two = true, .byte = 0xa5 },
	{ .two = true, .byte = 0xac, .immediate = BYTE },
	{ .two = true, .byte = 0xad },
	{ .two = true, .byte = 0xb0, .locks = true },
	{ .two = true, .byte = 0xb1 },
	{ .two = true, .byte = 0xc0 },
	{ .two = true, .byte = 0xc1, .locks = true },
	{ .two = true, .byte = 0xc7, .members = 0x02, .locks = true },
	{ .two = true, .byte = 0xba, .immediate = BYTE, .members = 0xe0, .locks = true },
};

static uint8_t *code;
static uint64_t ones[512] __attribute__((aligned(4096)));

static uint8_t *put_imm(uint8_t *at, enum immediate kind, bool narrow, uint64_t *seed)
{
	unsigned bytes = kind == NONE ? 0 : kind == BYTE ? 1 : narrow ? 2 : 4;

	for (; bytes > 0; bytes--)
		*at++ = (uint8_t)random_below(seed, 256);
	return at;
}

/* Writes a random instruction with an operand at RDI. Returns the length in bytes. */
static unsigned write_instruction(uint8_t *start, const struct opcode *o, uint64_t *seed)
{
	static const uint8_t registers[] = { 0, 1, 2, 3, 6 };
	const bool narrow = random_below(seed, 3) == 0, rex = random_below(seed, 2);
	const bool byte = !(o->byte & 1);
	uint8_t *at = start, reg = registers[random_below(seed, sizeof(registers))], prefix = 0;

	if (o->locks && random_below(seed, 2))
		*at++ = LOCK;
	if (narrow)
		*at++ = OPERAND_SIZE;
	if (rex)
		prefix = (uint8_t)(REX | (random_below(seed, 2) << 3));
	if (rex && !o->members && random_below(seed, 2)) {
		prefix |= 4; /* R8 and R9 */
		reg &= 1;
	}
	/* AH, CH, DH, BH */
	if (!rex && !o->members && byte && (o->byte < 0xa0 || o->byte >= 0xb0) &&
	    !(o->two && o->byte < 0xb0))
		reg = (uint8_t)random_below(seed, 8);
	if (rex)
		*at++ = prefix;
	if (o->two)
		*at++ = TWO;
	*at++ = o->byte;
	while (o->members && !(o->members >> (reg = (uint8_t)random_below(seed, 8)) & 1))
		;
	*at++ = (uint8_t)(reg << 3 | AT_RDI);
	at = put_imm(at, o->immediate, narrow && !(prefix & 8), seed);
	return (unsigned)(at - start);
}

static void run_native(unsigned length, struct native *n)
{
	code[length] = 0xc3; /* RET */
	memset(ones, 0xff, sizeof(ones));
	register uint64_t r8 __asm__("r8") = n->r8;
	register uint64_t r9 __asm__("r9") = n->r9;
	register uint64_t r10 __asm__("r10") = n->flags;
	register uint64_t r11 __asm__("r11") = (uint64_t)(uintptr_t)code;

	__asm__ volatile("sub $128, %%rsp\n\t"
	                 "push %%r10\n\tpopf\n\t"
	                 "call *%%r11\n\t"
	                 "pushf\n\tpop %%r10\n\t"
	                 "lea 128(%%rsp), %%rsp"
	                 : "+a"(n->rax), "+c"(n->rcx), "+d"(n->rdx), "+b"(n->rbx), "+S"(n->rsi),
	                   "+r"(r8), "+r"(r9), "+r"(r10)
	                 : "r"(r11), "D"(ones)
	                 : "memory", "cc");
	n->r8 = r8;
	n->r9 = r9;
	n->flags = r10;
}

static uint64_t any_value(uint64_t *seed)
{
	uint64_t value = random_next(seed);

	switch (random_below(seed, 4)) {
	case 0:
		return UINT64_MAX;
	case 1:
		return value | 0xffffffff;
	case 2:
		return random_below(seed, 70);
	default:
		return value;
	}
}

static void compare(unsigned length, const struct native *before, const struct native *after)
{
	struct vcpu_regs *regs = &kit_vcpu.regs;

	kit_begin();
	kit_mode(KIT_CODE_64);
	memcpy(kit_ram(0), code, length);
	memset(kit_ram(length), 0x90, 16);
	kit_vmcb.exit_info_1 = NPF_WRITE;
	kit_vmcb.exit_info_2 = 0x40000000;
	kit_vmcb.rflags = before->flags;
	*regs = (struct vcpu_regs){ .rax = before->rax,
		                    .rcx = before->rcx,
		                    .rdx = before->rdx,
		                    .rbx = before->rbx,
		                    .rsi = before->rsi,
		                    .r8 = before->r8,
		                    .r9 = before->r9 };
	assert_true(svm_drop_store(&kit_vcpu));
	assert_int_equal(kit_vmcb.rip, length);
	const uint64_t is[] = { regs->rax, regs->rcx, regs->rdx, regs->rbx,
		                regs->rsi, regs->r8,  regs->r9,  kit_vmcb.rflags & ARITHMETIC };
	const uint64_t should[] = { after->rax, after->rcx, after->rdx, after->rbx,
		                    after->rsi, after->r8,  after->r9,  after->flags & ARITHMETIC };
	if (memcmp(is, should, sizeof(is)) != 0)
		for (unsigned i = 0; i < length; i++)
			print_error("%02x ", code[i]);
	assert_memory_equal(is, should, sizeof(is));
}

static void results_are_the_processor_s(void **state)
{
	uint64_t seed = 9;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		const struct opcode *o =
			&opcodes[random_below(&seed, sizeof(opcodes) / sizeof(opcodes[0]))];
		struct native n = { any_value(&seed), any_value(&seed),
			            any_value(&seed), any_value(&seed),
			            any_value(&seed), any_value(&seed),
			            any_value(&seed), (random_next(&seed) & ARITHMETIC) | FIXED };
		const struct native before = n;
		unsigned length = write_instruction(code, o, &seed);

		run_native(length, &n);
		compare(length, &before, &n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(results_are_the_processor_s) };

	code = mmap(NULL, CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
	            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
