/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack that tests whether an exit changes more than the instruction's own results: general
 * registers, flags, segments, tables, control and debug registers, MSRs, and all state of XSAVE. An
 * instruction that the VMM refuses changes no register at all. Word tick=1: the guest owns the
 * timer (irq=0 io=0x40-0x43), and tries instructions that wait for an interrupt too. Word rf=0: a
 * processor that pushes no RF when the processor itself faults.
 *
 * Rule: the rows are in exits_rows.c. Interrupts are off but for the rows that need them.
 */
#include "guests/vandal/exits.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/machine.h"
#include "guests/lib/pic.h"
#include "guests/lib/pit.h"
#include "guests/lib/traps.h"
#include "guests/vandal/vandal.h"

#include <string.h>

enum { NOP = 0x90, ROUNDS = 12, AREA_BYTES = 4096, HEADER_AT = 512 };
enum { VECTOR_UD = 6, VECTOR_GP = 13, TICKS = PIT_HZ / 1000 };
/* FXSAVE (SDM 1 10.5.1): control word, status word, tags | pointers of the last instruction |
 * MXCSR | registers, 10 bytes in 16 */
enum {
	X87_TAGS_AT = 4,
	POINTERS_AT = 6,
	POINTERS_END = 24,
	MXCSR_AT = 24,
	X87_AT = 32,
	XMM_AT = 160,
	XMM_END = 416,
	WIDE_AT = 576,
};
enum { CPUID_XSAVE = 1 << 26, LEAF_XSAVE = 0xd, COMPONENTS = 32 };
#define CR4_OSXSAVE (1ul << 18)
/* The bits of RFLAGS that arithmetic changes, and DF: 11 OF | 10 DF | 7 SF | 6 ZF | 4 AF | 2 PF | 1
 * one | 0 CF */
enum { FLAGS_ARITHMETIC = 0xcd7, FLAGS_ONE = 2, FLAGS_IF = 1 << 9, FLAGS_RF = 1 << 16 };

uint64_t exits_before[EXITS_IMAGE], exits_after[EXITS_IMAGE];
uint64_t exits_faults, exits_vector, exits_error, exits_rip, exits_flags, exits_ticks;

/* All MSRs that a guest reads, but for TSC. */
static const uint32_t msrs[] = {
	0x174,      0x175,      0x176,      0x277,      0xc0000080, 0xc0000081, 0xc0000082,
	0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103,
};
enum { MSRS = sizeof(msrs) / sizeof(msrs[0]), SELECTORS = 8 };

/* All other registers of a guest. */
struct rest {
	uint64_t cr0, cr2, cr3, cr4, cr8, dr[4], dr6, dr7, xcr0, msr[MSRS];
	uint16_t selector[SELECTORS];
	uint8_t gdtr[10], idtr[10];
};

static uint8_t wanted[AREA_BYTES] __attribute__((aligned(64))),
	found[AREA_BYTES] __attribute__((aligned(64)));
static struct rest rest_before, rest_after;
/* An instruction goes up or down from the middle. */
enum { STRING_BYTES = 4096, STRING_MIDDLE = STRING_BYTES / 2, FLAGS_DF = 1 << 10 };
static uint8_t string[STRING_BYTES];
static volatile void *foreign;
static uint64_t without_rf; /* FLAGS_RF, or 0 */

static void look(struct rest *r)
{
	uint32_t low, high;

	memset(r, 0, sizeof(*r));
	r->cr0 = cr0_read();
	r->cr2 = cr2_read();
	r->cr3 = cr3_read();
	r->cr4 = cr4_read();
	__asm__ volatile("mov %%cr8, %0" : "=r"(r->cr8));
	__asm__ volatile("mov %%dr0, %0; mov %%dr1, %1; mov %%dr2, %2; mov %%dr3, %3"
	                 : "=r"(r->dr[0]), "=r"(r->dr[1]), "=r"(r->dr[2]), "=r"(r->dr[3]));
	__asm__ volatile("mov %%dr6, %0; mov %%dr7, %1" : "=r"(r->dr6), "=r"(r->dr7));
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	r->xcr0 = (uint64_t)high << 32 | low;
	for (unsigned i = 0; i < MSRS; i++)
		r->msr[i] = msr_read(msrs[i]);
	__asm__ volatile(
		"mov %%cs, %0; mov %%ds, %1; mov %%es, %2; mov %%ss, %3; mov %%fs, %4; mov %%gs, %5"
		: "=m"(r->selector[0]), "=m"(r->selector[1]), "=m"(r->selector[2]),
		  "=m"(r->selector[3]), "=m"(r->selector[4]), "=m"(r->selector[5]));
	__asm__ volatile("sldt %0; str %1" : "=m"(r->selector[6]), "=m"(r->selector[7]));
	__asm__ volatile("sgdt %0; sidt %1" : "=m"(r->gdtr), "=m"(r->idtr));
}

/* Fills registers that no row reads: a VMM that forgets one of them is found out. */
static void fill_msrs(void)
{
	msr_write(0x174, 0x1234);
	msr_write(0x175, 0x12345678);
	msr_write(0x176, 0x23456789);
	msr_write(0x277, 0x0007040600070406);
	msr_write(0xc0000081, 0x1122334455667788);
	msr_write(0xc0000082, 0x112233445566);
	msr_write(0xc0000083, 0x223344556677);
	msr_write(0xc0000084, 0x47700);
	msr_write(0xc0000100, 0x334455667788);
	msr_write(0xc0000102, 0x445566778899);
	msr_write(0xc0000103, 0x1234); /* as the row writes */
}

static uint64_t rax_of(const struct exits_row *row, uint32_t offered)
{
	switch (row->special) {
	case RAX_IS_CR0:
		return (cr0_read() | row->rcx) & ~(uint64_t)row->rdx;
	case RAX_IS_CR4:
		return (cr4_read() | row->rcx) & ~(uint64_t)row->rdx;
	case RAX_IS_XCR0:
		return offered;
	case RAX_IS_FOREIGN:
		return (uint64_t)(uintptr_t)foreign;
	default:
		return row->rax;
	}
}

/* Fills all registers with patterns, then adds the instruction's inputs. */
static void prepare(const struct exits_row *row, uint32_t seed, uint32_t offered)
{
	const bool other = row->special == IS_CALL_OF_ANOTHER;

	for (unsigned i = 0; i < EXITS_GENERAL; i++)
		exits_before[i] = (seed * 0x9e3779b97f4a7c15ul) ^ (0x0101010101010101ul * (i + 1));
	exits_before[RAX] = rax_of(row, offered);
	exits_before[RCX] = row->rcx;
	exits_before[RDX] = row->rdx;
	exits_before[EXITS_FLAGS] = (seed * 0x4d5u & FLAGS_ARITHMETIC) | FLAGS_ONE;
	if (row->special == IS_OPEN)
		exits_before[EXITS_FLAGS] |= FLAGS_IF;
	if (row->special == IS_STRING) {
		memset(string, 0, sizeof(string));
		exits_before[RDI] = exits_before[RSI] = (uint64_t)(uintptr_t)string + STRING_MIDDLE;
	}
	memset(exits_code, NOP, EXITS_CODE_BYTES);
	memcpy(exits_code, row->code, row->bytes);
	if ((row->special == IS_CALL || other) && machine_by_vmmcall != other)
		exits_code[2] = 0xd9;
	exits_faults = exits_vector = exits_error = exits_rip = exits_flags = 0;
	__asm__ volatile("mov %0, %%dr0; mov %1, %%dr3"
	                 :
	                 : "r"(exits_before[RSI] & INT32_MAX), "r"(seed * 64ul));
	cr2_write(exits_before[RDI] & INT32_MAX);
	/* serialises: the code is new */
	__asm__ volatile("cpuid" : : "a"(0), "c"(0) : "rbx", "rdx", "memory");
}

static void fill_vectors(uint32_t offered, uint32_t seed)
{
	enum { ROUNDING_X87 = 3 << 10, TOP = 7 << 11, CONDITIONS = 0x4700, ROUNDING = 3 << 13 };
	uint16_t *words = (uint16_t *)wanted;
	uint32_t *mxcsr = (uint32_t *)(wanted + MXCSR_AT);

	memset(wanted, 0, sizeof(wanted));
	__asm__ volatile("xsave64 (%0)" : : "r"(wanted), "a"(~0u), "d"(0) : "memory");
	words[0] = (uint16_t)(0x37f | (seed << 10 & ROUNDING_X87));
	words[1] = (uint16_t)((seed << 11 & TOP) | (seed << 8 & CONDITIONS));
	wanted[X87_TAGS_AT] = 0xff;
	*mxcsr = (*mxcsr & ~(uint32_t)ROUNDING) | (seed << 13 & ROUNDING);
	for (unsigned i = X87_AT; i < XMM_AT; i++)
		if (i % 16 < 10)
			wanted[i] = (uint8_t)(seed * 29 + i * 7);
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
	__asm__ volatile("fninit");
}

/* Counts the errors of INS and OUTS: index and count are beyond the last element, and memory has
 * ones from an INS alone. */
static unsigned compare_string(const struct exits_row *row)
{
	const uint8_t opcode = row->code[row->bytes - 1];
	const bool repeats = row->code[0] == 0xf3, down = exits_before[EXITS_FLAGS] & FLAGS_DF;
	const bool ins = opcode <= 0x6d;
	const unsigned size = !(opcode & 1) ? 1 : row->code[0] == 0x66 ? 2 : 4;
	const unsigned bytes = size * (repeats ? row->rcx : 1), index = ins ? RDI : RSI;
	const unsigned first = STRING_MIDDLE - (down ? bytes - size : 0);
	unsigned wrong = exits_after[index] - exits_before[index] !=
	                 (down ? 0 - (uint64_t)bytes : bytes);

	wrong += exits_after[RCX] != (repeats ? 0 : row->rcx);
	for (unsigned i = 0; i < STRING_BYTES; i++)
		wrong += string[i] != (ins && i >= first && i < first + bytes ? 0xff : 0);
	return wrong;
}

/* Compares all state of XSAVE. SVM: QEMU's processor keeps no pointers of the last x87
 * instruction. */
static unsigned compare_vectors(void)
{
	const unsigned pointers = machine_by_vmmcall ? POINTERS_END : POINTERS_AT;

	return (memcmp(wanted, found, POINTERS_AT) != 0) +
	       (memcmp(wanted + pointers, found + pointers, XMM_END - pointers) != 0) +
	       (memcmp(wanted + WIDE_AT, found + WIDE_AT, AREA_BYTES - WIDE_AT) != 0);
}

/* A fault comes once, from the instruction itself, with RF pushed and with an error code of 0. */
static unsigned compare_fault(const struct exits_row *row)
{
	if (row->vector == 0)
		return exits_faults != 0;
	return exits_faults != 1 || exits_vector != row->vector || exits_error != 0 ||
	       exits_rip != (uint64_t)(uintptr_t)exits_code ||
	       (exits_flags | without_rf) != (exits_before[EXITS_FLAGS] | FLAGS_RF);
}

static unsigned compare(const struct exits_row *row)
{
	unsigned wrong = compare_fault(row);

	if (row->special == IS_STRING)
		wrong += compare_string(row);
	for (unsigned i = 0; i < EXITS_IMAGE; i++)
		wrong += !(row->changes >> i & 1) && exits_before[i] != exits_after[i];
	/* The row's control register has the value that the row wrote. */
	if (row->special == RAX_IS_CR0 && row->vector == 0)
		rest_before.cr0 = exits_before[RAX];
	if (row->special == RAX_IS_CR4 && row->vector == 0)
		rest_before.cr4 = exits_before[RAX];
	wrong += memcmp(&rest_before, &rest_after, sizeof(rest_before)) != 0;
	return wrong + compare_vectors();
}

/* Tries rows. Returns the number of times that something was wrong. */
static unsigned try_rows(const struct exits_row *rows, unsigned count, uint32_t offered)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < count; i++) {
		const bool other = rows[i].special == IS_KEPT && machine_by_vmmcall;
		unsigned changed = 0;

		for (unsigned round = 0; round < ROUNDS && !other; round++) {
			prepare(&rows[i], i * ROUNDS + round, offered);
			fill_vectors(offered, i * ROUNDS + round);
			look(&rest_before);
			run();
			look(&rest_after);
			changed += compare(&rows[i]);
		}
		wrong += changed;
		if (changed > 0)
			machine_print("vandal: %s changed what it must not, %u times; %u faults, "
			              "vector %u, error %x\n",
			              rows[i].name, changed, (unsigned)exits_faults,
			              (unsigned)exits_vector, (unsigned)exits_error);
	}
	return wrong;
}

/* Rows with ticks of the guest's own in between. */
static unsigned try_open(uint32_t offered)
{
	uint64_t tick = traps_take(PIC_BASE + PIT_LINE, (uint64_t)(uintptr_t)exits_tick);
	unsigned wrong;

	pit_start(TICKS);
	pic_unmask(PIT_LINE);
	wrong = try_rows(exits_open, exits_open_count, offered);
	pic_mask(PIT_LINE);
	traps_take(PIC_BASE + PIT_LINE, tick);
	return wrong + (exits_ticks < ROUNDS);
}

void vandal_exits(const char *argument)
{
	const uint32_t offered = cpu_id(1, 0).ecx & CPUID_XSAVE ? cpu_id(LEAF_XSAVE, 0).eax : 0;
	const bool ticks = args_number("tick", 0);
	unsigned kinds = exits_rows_count + exits_refused_count, wrong = 0;

	(void)argument;
	if (!machine_is_virtual() || offered == 0) {
		vandal_says(true, "nothing exits here, or there is no XSAVE");
		return;
	}
	uint64_t ud = traps_take(VECTOR_UD, (uint64_t)(uintptr_t)exits_ud);
	uint64_t gp = traps_take(VECTOR_GP, (uint64_t)(uintptr_t)exits_gp);
	cr4_write(cr4_read() | CR4_OSXSAVE);
	__asm__ volatile("xsetbv" : : "c"(0), "a"(offered), "d"(0));
	fill_msrs();
	without_rf = args_number("rf", 1) ? 0 : FLAGS_RF;
	foreign = machine_window(0xfee00000);
	if (ticks) { /* first, while other VMs are there */
		kinds += exits_open_count;
		wrong += try_open(offered);
	}
	wrong += try_rows(exits_rows, exits_rows_count, offered);
	wrong += try_rows(exits_refused, exits_refused_count, offered);
	traps_take(VECTOR_UD, ud);
	traps_take(VECTOR_GP, gp);
	vandal_says(
		wrong == 0,
		"%u exits of %u kinds, every register of the guest compared, %u ticks, %u times "
		"wrong",
		kinds * ROUNDS, kinds, (unsigned)exits_ticks, wrong);
}
