/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack that tests whether an exit changes more than the instruction's own results: general
 * registers, flags, segments, tables, control and debug registers, and all state of XSAVE.
 *
 * Rule: each row is an instruction that exits and does not fault, with the inputs of the
 * instruction and the registers for the results. INS and OUTS find no device, as on a PC.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/machine.h"
#include "guests/vandal/vandal.h"

#include <string.h>

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, GENERAL = 16, FLAGS = GENERAL, IMAGE };
enum { CODE_BYTES = 16, NOP = 0x90, ROUNDS = 20, AREA_BYTES = 4096, HEADER_AT = 512 };
enum { XMM_AT = 160, XMM_END = 416, WIDE_AT = 576 };
enum { CPUID_XSAVE = 1 << 26, LEAF_XSAVE = 0xd, COMPONENTS = 32, SELECTORS = 6 };
#define CR4_OSXSAVE (1ul << 18)
#define CR4_MCE (1ul << 6)
#define CR0_CD (1ul << 30)
/* The bits of RFLAGS that arithmetic changes, and DF: 11 OF | 10 DF | 7 SF | 6 ZF | 4 AF | 2 PF | 1
 * one | 0 CF */
enum {
	FLAGS_ARITHMETIC = 0xcd7,
	FLAGS_ONE = 2,
	FOREIGN_PORT = 0x301,
	BAD_CALL = 999,
	ABSENT = 0xc0000
};

extern uint8_t exits_code[CODE_BYTES]; /* exits_code.S */
void exits_run(void);
uint64_t exits_before[IMAGE], exits_after[IMAGE];

/* All other registers of a guest. */
struct rest {
	uint64_t cr0, cr2, cr3, cr4, dr[4], dr6, dr7, fs_base, gs_base;
	uint16_t selector[SELECTORS];
	uint8_t gdtr[10], idtr[10];
};

enum special {
	PLAIN,
	RAX_IS_CR0_WITH_CD,
	RAX_IS_CR0,
	RAX_IS_CR4_WITH_MCE,
	RAX_IS_CR4,
	RAX_IS_XCR0,
	IS_CALL,
	IS_STRING /* INS and OUTS: RDI and RSI point into `string` */
};
#define MAY(r) (1u << (r))
static const struct {
	const char *name;
	uint8_t code[8], bytes;
	uint32_t changes; /* registers, by MAY(), with the instruction's results */
	uint32_t rax, rcx, rdx;
	enum special special;
} rows[] = {
	{ "CPUID", { 0x0f, 0xa2 }, 2, MAY(RAX) | MAY(RBX) | MAY(RCX) | MAY(RDX), 1, 0, 0, PLAIN },
	{ "OUT of a byte", { 0xee }, 1, 0, 0x55, 7, FOREIGN_PORT, PLAIN },
	{ "OUT of 32 bits", { 0xef }, 1, 0, 0x55, 7, FOREIGN_PORT, PLAIN },
	{ "IN of a byte", { 0xec }, 1, MAY(RAX), 0x55, 7, FOREIGN_PORT, PLAIN },
	{ "IN of 32 bits", { 0xed }, 1, MAY(RAX), 0x55, 7, FOREIGN_PORT, PLAIN },
	{ "INS of a byte", { 0x6c }, 1, MAY(RDI), 0x55, 7, FOREIGN_PORT, IS_STRING },
	{ "REP INS of 32 bits",
	  { 0xf3, 0x6d },
	  2,
	  MAY(RDI) | MAY(RCX),
	  5,
	  40,
	  FOREIGN_PORT,
	  IS_STRING },
	{ "OUTS of 16 bits", { 0x66, 0x6f }, 2, MAY(RSI), 5, 7, FOREIGN_PORT, IS_STRING },
	{ "REP OUTS of a byte",
	  { 0xf3, 0x6e },
	  2,
	  MAY(RSI) | MAY(RCX),
	  5,
	  999,
	  FOREIGN_PORT,
	  IS_STRING },
	{ "IN of the guest's own 8259", { 0xe4, 0x21 }, 2, MAY(RAX), 0x55, 7, 3, PLAIN },
	{ "a store to absent memory", { 0x89, 0x10 }, 2, 0, ABSENT, 7, 3, PLAIN },
	{ "XCHG with absent memory", { 0x87, 0x10 }, 2, MAY(RDX), ABSENT, 7, 3, PLAIN },
	{ "INC of absent memory", { 0xff, 0x00 }, 2, MAY(FLAGS), ABSENT, 7, 3, PLAIN },
	{ "LMSW", { 0x0f, 0x01, 0xf0 }, 3, 0, 1, 2, 3, RAX_IS_CR0 },
	{ "MOV from DR7", { 0x0f, 0x21, 0xf8 }, 3, MAY(RAX), 1, 2, 3, PLAIN },
	{ "WBINVD", { 0x0f, 0x09 }, 2, 0, 1, 2, 3, PLAIN },
	{ "INVD", { 0x0f, 0x08 }, 2, 0, 1, 2, 3, PLAIN },
	{ "RDMSR", { 0x0f, 0x32 }, 2, MAY(RAX) | MAY(RDX), 1, 0x8b, 3, PLAIN },
	{ "WRMSR", { 0x0f, 0x30 }, 2, 0, 0x1234, 0xc0000103, 0, PLAIN },
	{ "MOV from CR8", { 0x44, 0x0f, 0x20, 0xc0 }, 4, MAY(RAX), 1, 2, 3, PLAIN },
	{ "MOV to CR8", { 0x44, 0x0f, 0x22, 0xc0 }, 4, 0, 0, 2, 3, PLAIN },
	{ "MOV to CR0", { 0x0f, 0x22, 0xc0 }, 3, 0, 0, 2, 3, RAX_IS_CR0_WITH_CD },
	{ "MOV to CR0, back", { 0x0f, 0x22, 0xc0 }, 3, 0, 0, 2, 3, RAX_IS_CR0 },
	{ "MOV to CR4", { 0x0f, 0x22, 0xe0 }, 3, 0, 0, 2, 3, RAX_IS_CR4_WITH_MCE },
	{ "MOV to CR4, back", { 0x0f, 0x22, 0xe0 }, 3, 0, 0, 2, 3, RAX_IS_CR4 },
	{ "CLTS", { 0x0f, 0x06 }, 2, 0, 1, 2, 3, PLAIN },
	{ "XSETBV", { 0x0f, 0x01, 0xd1 }, 3, 0, 0, 0, 0, RAX_IS_XCR0 },
	{ "a call", { 0x0f, 0x01, 0xc1 }, 3, MAY(RAX), BAD_CALL, 2, 3, IS_CALL },
	{ "a call that yields", { 0x0f, 0x01, 0xc1 }, 3, MAY(RAX), SB_CALL_YIELD, 2, 3, IS_CALL },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static uint8_t wanted[AREA_BYTES] __attribute__((aligned(64))),
	found[AREA_BYTES] __attribute__((aligned(64)));
static struct rest rest_before, rest_after;
/* An instruction goes up or down from the middle. */
enum { STRING_BYTES = 4096, STRING_MIDDLE = STRING_BYTES / 2, FLAGS_DF = 1 << 10 };
static uint8_t string[STRING_BYTES];

static void look(struct rest *r)
{
	memset(r, 0, sizeof(*r));
	r->cr0 = cr0_read();
	r->cr2 = cr2_read();
	r->cr3 = cr3_read();
	r->cr4 = cr4_read();
	__asm__ volatile("mov %%dr0, %0; mov %%dr1, %1; mov %%dr2, %2; mov %%dr3, %3"
	                 : "=r"(r->dr[0]), "=r"(r->dr[1]), "=r"(r->dr[2]), "=r"(r->dr[3]));
	__asm__ volatile("mov %%dr6, %0; mov %%dr7, %1" : "=r"(r->dr6), "=r"(r->dr7));
	r->fs_base = msr_read(0xc0000100);
	r->gs_base = msr_read(0xc0000101);
	__asm__ volatile(
		"mov %%cs, %0; mov %%ds, %1; mov %%es, %2; mov %%ss, %3; mov %%fs, %4; mov %%gs, %5"
		: "=m"(r->selector[0]), "=m"(r->selector[1]), "=m"(r->selector[2]),
		  "=m"(r->selector[3]), "=m"(r->selector[4]), "=m"(r->selector[5]));
	__asm__ volatile("sgdt %0; sidt %1" : "=m"(r->gdtr), "=m"(r->idtr));
}

/* Fills all registers with patterns, then adds the instruction's inputs. */
static void prepare(unsigned row, uint32_t seed, uint32_t offered)
{
	const uint64_t cr0 = cr0_read(), cr4 = cr4_read();
	const uint64_t rax[] = {
		[PLAIN] = rows[row].rax,       [RAX_IS_CR0_WITH_CD] = cr0 | CR0_CD,
		[RAX_IS_CR0] = cr0 & ~CR0_CD,  [RAX_IS_CR4_WITH_MCE] = cr4 | CR4_MCE,
		[RAX_IS_CR4] = cr4 & ~CR4_MCE, [RAX_IS_XCR0] = offered,
		[IS_CALL] = rows[row].rax,     [IS_STRING] = rows[row].rax,
	};

	for (unsigned i = 0; i < GENERAL; i++)
		exits_before[i] = (seed * 0x9e3779b97f4a7c15ul) ^ (0x0101010101010101ul * (i + 1));
	exits_before[RAX] = rax[rows[row].special];
	exits_before[RCX] = rows[row].rcx;
	exits_before[RDX] = rows[row].rdx;
	exits_before[FLAGS] = (seed * 0x4d5u & FLAGS_ARITHMETIC) | FLAGS_ONE;
	if (rows[row].special == IS_STRING) {
		memset(string, 0, sizeof(string));
		exits_before[RDI] = exits_before[RSI] = (uint64_t)(uintptr_t)string + STRING_MIDDLE;
	}
	memset(exits_code, NOP, CODE_BYTES);
	memcpy(exits_code, rows[row].code, rows[row].bytes);
	if (rows[row].special == IS_CALL && machine_by_vmmcall)
		exits_code[2] = 0xd9;
	__asm__ volatile("mov %0, %%dr0; mov %1, %%dr3"
	                 :
	                 : "r"(exits_before[RSI] & INT32_MAX), "r"(seed * 64ul));
	cr2_write(exits_before[RDI] & INT32_MAX);
	/* serialises: the code is new */
	__asm__ volatile("cpuid" : : "a"(0), "c"(0) : "rbx", "rdx", "memory");
}

static void fill_vectors(uint32_t offered, uint32_t seed)
{
	memset(wanted, 0, sizeof(wanted));
	__asm__ volatile("xsave64 (%0)" : : "r"(wanted), "a"(~0u), "d"(0) : "memory");
	for (unsigned i = XMM_AT; i < XMM_END; i++)
		wanted[i] = (uint8_t)(seed * 37 + i * 11);
	for (unsigned n = 2; n < COMPONENTS; n++) {
		struct cpuid c = cpu_id(LEAF_XSAVE, n); /* EAX: bytes; EBX: offset */
		for (uint32_t i = 0; offered >> n & 1 && i < c.eax && c.ebx + i < AREA_BYTES; i++)
			wanted[c.ebx + i] = (uint8_t)(seed * 41 + i * 13);
	}
	memcpy(&wanted[HEADER_AT], &(uint64_t){ offered }, sizeof(uint64_t));
}

/* Between XRSTOR and XSAVE only the VMM executes vector instructions. */
static void run(void)
{
	__asm__ volatile("xrstor64 (%0)" : : "r"(wanted), "a"(~0u), "d"(0) : "memory");
	exits_run();
	__asm__ volatile("xsave64 (%0)" : : "r"(found), "a"(~0u), "d"(0) : "memory");
}

/* Counts the errors of INS and OUTS: index and count are beyond the last element, and memory has
 * ones from an INS alone. */
static unsigned compare_string(unsigned row)
{
	const uint8_t opcode = rows[row].code[rows[row].bytes - 1];
	const bool repeats = rows[row].code[0] == 0xf3, down = exits_before[FLAGS] & FLAGS_DF;
	const bool ins = opcode <= 0x6d;
	const unsigned size = !(opcode & 1) ? 1 : rows[row].code[0] == 0x66 ? 2 : 4;
	const unsigned bytes = size * (repeats ? rows[row].rcx : 1), index = ins ? RDI : RSI;
	const unsigned first = STRING_MIDDLE - (down ? bytes - size : 0);
	unsigned wrong = exits_after[index] - exits_before[index] !=
	                 (down ? 0 - (uint64_t)bytes : bytes);

	wrong += exits_after[RCX] != (repeats ? 0 : rows[row].rcx);
	for (unsigned i = 0; i < STRING_BYTES; i++)
		wrong += string[i] != (ins && i >= first && i < first + bytes ? 0xff : 0);
	return wrong;
}

static unsigned compare(unsigned row)
{
	unsigned wrong = 0;

	if (rows[row].special == IS_STRING)
		wrong += compare_string(row);
	for (unsigned i = 0; i < IMAGE; i++)
		wrong += !(rows[row].changes >> i & 1) && exits_before[i] != exits_after[i];
	/* The row's control register has the value that the row wrote. */
	if (rows[row].special == RAX_IS_CR0_WITH_CD || rows[row].special == RAX_IS_CR0)
		rest_before.cr0 = exits_before[RAX];
	if (rows[row].special == RAX_IS_CR4_WITH_MCE || rows[row].special == RAX_IS_CR4)
		rest_before.cr4 = exits_before[RAX];
	wrong += memcmp(&rest_before, &rest_after, sizeof(rest_before)) != 0;
	wrong += memcmp(wanted + XMM_AT, found + XMM_AT, XMM_END - XMM_AT) != 0;
	return wrong + (memcmp(wanted + WIDE_AT, found + WIDE_AT, AREA_BYTES - WIDE_AT) != 0);
}

void vandal_exits(const char *argument)
{
	const uint32_t offered = cpu_id(1, 0).ecx & CPUID_XSAVE ? cpu_id(LEAF_XSAVE, 0).eax : 0;
	unsigned tried = 0, wrong = 0;

	(void)argument;
	if (!machine_is_virtual() || offered == 0) {
		vandal_says(true, "nothing exits here, or there is no XSAVE");
		return;
	}
	cr4_write(cr4_read() | CR4_OSXSAVE);
	__asm__ volatile("xsetbv" : : "c"(0), "a"(offered), "d"(0));
	for (unsigned row = 0; row < ROWS; row++) {
		unsigned changed = 0;

		for (unsigned round = 0; round < ROUNDS; round++, tried++) {
			prepare(row, row * ROUNDS + round, offered);
			fill_vectors(offered, row * ROUNDS + round);
			look(&rest_before);
			run();
			look(&rest_after);
			changed += compare(row);
		}
		wrong += changed;
		if (changed > 0)
			machine_print("vandal: %s changed what it must not, %u times\n",
			              rows[row].name, changed);
	}
	vandal_says(wrong == 0,
	            "%u exits of %u kinds, every register of the guest compared, %u times wrong",
	            tried, ROWS, wrong);
}
