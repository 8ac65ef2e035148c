/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attacks for several VMs side by side. `poison` fills every register that its instructions reach,
 * and checks many yields later whether each register has kept its value. `clean` never writes the
 * registers, and expects each register as after a reset, whatever other VMs have done.
 *
 * Rule: each row is a way to a register. Registers that an instruction reads or writes with no exit
 * are reached by the instruction itself: RDTSCP, SWAPGS, MOV to CR2, XRSTOR.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/machine.h"
#include "guests/vandal/vandal.h"

#include <string.h>

enum {
	YIELDS = 3,
	AREA_BYTES = 4096,
	MXCSR_AT = 24,
	X87_AT = 32, /* 10 bytes in 16 */
	XMM_AT = 160,
	XMM8_AT = 288,
	XMM_END = 416,
	HEADER_AT = 512,
	WIDE_AT = 576,
	COMPONENTS = 32
};
enum { CPUID_XSAVE = 1 << 26, LEAF_XSAVE = 0xd };
#define CR4_OSXSAVE (1ul << 18)
#define MSR_GS_BASE 0xc0000101u
#define MSR_TSC_AUX 0xc0000103u

struct row {
	const char *name;
	uint64_t (*read)(uint32_t number);
	void (*write)(uint32_t number, uint64_t value);
	uint32_t number;
	uint64_t reset, mask; /* mask: bits that a pattern may have */
	uint64_t fixed;       /* bits that every pattern has */
};

static uint64_t read_msr(uint32_t number)
{
	return msr_read(number);
}

static void write_msr(uint32_t number, uint64_t value)
{
	msr_write(number, value);
}

static uint64_t read_rdtscp(uint32_t number)
{
	uint32_t low, high, aux;

	(void)number;
	__asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(aux));
	return aux;
}

/* Interrupts are off, and no code here uses GS. */
static uint64_t read_swapgs(uint32_t number)
{
	uint64_t value;

	(void)number;
	__asm__ volatile("swapgs" : : : "memory");
	value = msr_read(MSR_GS_BASE);
	__asm__ volatile("swapgs" : : : "memory");
	return value;
}

static void write_swapgs(uint32_t number, uint64_t value)
{
	uint64_t own = msr_read(MSR_GS_BASE);

	(void)number;
	msr_write(MSR_GS_BASE, value);
	__asm__ volatile("swapgs" : : : "memory");
	msr_write(MSR_GS_BASE, own);
}

static uint64_t read_cr2(uint32_t number)
{
	(void)number;
	return cr2_read();
}

static void write_cr2(uint32_t number, uint64_t value)
{
	(void)number;
	cr2_write(value);
}

#define DEBUG_REGISTER(n)                                             \
	static uint64_t read_dr##n(uint32_t number)                   \
	{                                                             \
		uint64_t value;                                       \
		(void)number;                                         \
		__asm__ volatile("mov %%dr" #n ", %0" : "=r"(value)); \
		return value;                                         \
	}                                                             \
	static void write_dr##n(uint32_t number, uint64_t value)      \
	{                                                             \
		(void)number;                                         \
		__asm__ volatile("mov %0, %%dr" #n : : "r"(value));   \
	}
DEBUG_REGISTER(0)
DEBUG_REGISTER(1)
DEBUG_REGISTER(2)
DEBUG_REGISTER(3)
DEBUG_REGISTER(6)
DEBUG_REGISTER(7)

#define ALL UINT64_MAX
#define LOW UINT64_C(0x7fffffff)
#define ADDRESS UINT64_C(0x7fffffffffff)
static const struct row rows[] = {
	{ "TSC_AUX by RDTSCP", read_rdtscp, write_msr, MSR_TSC_AUX, 0, LOW, 0 },
	{ "TSC_AUX by RDMSR", read_msr, write_msr, MSR_TSC_AUX, 0, LOW, 0 },
	{ "KERNEL_GS_BASE by SWAPGS", read_swapgs, write_swapgs, 0, 0, ADDRESS, 0 },
	{ "STAR", read_msr, write_msr, 0xc0000081, 0, ALL, 0 },
	{ "LSTAR", read_msr, write_msr, 0xc0000082, 0, ADDRESS, 0 },
	{ "CSTAR", read_msr, write_msr, 0xc0000083, 0, ADDRESS, 0 },
	{ "FMASK", read_msr, write_msr, 0xc0000084, 0, LOW, 0 },
	{ "EFER", read_msr, write_msr, 0xc0000080, 0x500, 0, 0xd01 },
	{ "FS_BASE", read_msr, write_msr, 0xc0000100, 0, ADDRESS, 0 },
	{ "GS_BASE", read_msr, write_msr, MSR_GS_BASE, 0, ADDRESS, 0 },
	{ "SYSENTER_CS", read_msr, write_msr, 0x174, 0, 0xfffc, 0 },
	{ "SYSENTER_ESP", read_msr, write_msr, 0x175, 0, LOW, 0 },
	{ "SYSENTER_EIP", read_msr, write_msr, 0x176, 0, LOW, 0 },
	{ "PAT", read_msr, write_msr, 0x277, 0x0007040600070406, 0x0001000000010000,
	  0x0404040600070406 },
	{ "CR2", read_cr2, write_cr2, 0, 0, ADDRESS, 0 },
	{ "DR0", read_dr0, write_dr0, 0, 0, ADDRESS, 0 },
	{ "DR1", read_dr1, write_dr1, 0, 0, ADDRESS, 0 },
	{ "DR2", read_dr2, write_dr2, 0, 0, ADDRESS, 0 },
	{ "DR3", read_dr3, write_dr3, 0, 0, ADDRESS, 0 },
	{ "DR6", read_dr6, write_dr6, 0, 0xffff0ff0, 0xf, 0xffff0ff0 },
	{ "DR7", read_dr7, write_dr7, 0, 0x400, 0xf0000, 0x400 },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static uint8_t wanted[AREA_BYTES] __attribute__((aligned(64))),
	found[AREA_BYTES] __attribute__((aligned(64)));

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed ^ *seed >> 29;
}

/* Type 2 of a breakpoint is reserved without CR4.DE. */
static uint64_t pattern(const struct row *r, uint64_t *seed)
{
	uint64_t value = (next(seed) & r->mask) | r->fixed;

	return r->read == read_dr7 ? value | 0x10000 : value;
}

static unsigned differs(unsigned row, uint64_t now, uint64_t right)
{
	if (now == right)
		return 0;
	machine_print("vandal: %s is %lx, not %lx\n", rows[row].name, now, right);
	return 1;
}

/* ---- x87, SSE and all that XCR0 opens ---- */

static uint32_t components(void)
{
	return cpu_id(1, 0).ecx & CPUID_XSAVE ? cpu_id(LEAF_XSAVE, 0).eax : 0;
}

static void set_xcr0(uint32_t value)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"(value), "d"(0));
}

static uint32_t xcr0(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low;
}

static void save(uint8_t *area)
{
	memset(area, 0, AREA_BYTES);
	__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
}

static void fill(uint32_t offered, uint64_t *seed)
{
	save(wanted);
	for (unsigned i = X87_AT; i < XMM_END; i++)
		if (i >= XMM_AT || i % 16 < 10)
			wanted[i] = (uint8_t)next(seed);
	for (unsigned n = 2; n < COMPONENTS; n++) {
		struct cpuid c = cpu_id(LEAF_XSAVE, n); /* EAX: bytes; EBX: offset */
		if (offered >> n & 1)
			for (uint32_t i = 0; i < c.eax && c.ebx + i < AREA_BYTES; i++)
				wanted[c.ebx + i] = (uint8_t)next(seed);
	}
	memcpy(&wanted[HEADER_AT], &(uint64_t){ offered }, sizeof(uint64_t));
}

/* Between XRSTOR and XSAVE the guest executes no vector instruction. */
static unsigned hold_wide(uint32_t offered, uint64_t *seed)
{
	set_xcr0(offered);
	fill(offered, seed);
	__asm__ volatile("xrstor64 (%0)" : : "r"(wanted), "a"(~0u), "d"(~0u) : "memory");
	for (unsigned i = 0; i < YIELDS; i++)
		machine_call(SB_CALL_YIELD, 0, 0, 0);
	save(found);
	return memcmp(wanted + X87_AT, found + X87_AT, XMM_END - X87_AT) != 0 ||
	       memcmp(wanted + WIDE_AT, found + WIDE_AT, AREA_BYTES - WIDE_AT) != 0;
}

/* Expects all state as after a reset, but for XMM0 to XMM7, which the guest's own code uses. */
static unsigned look_wide(uint32_t offered)
{
	enum { MXCSR_RESET = 0x1f80 };
	unsigned wrong = xcr0() != 1, left = 0;
	uint32_t mxcsr;

	set_xcr0(offered);
	save(found);
	for (unsigned i = X87_AT; i < AREA_BYTES; i++) {
		const bool is_own = (i >= XMM_AT && i < XMM8_AT) || (i >= XMM_END && i < WIDE_AT);
		left += !is_own && found[i] != 0;
	}
	memcpy(&mxcsr, &found[MXCSR_AT], sizeof(mxcsr));
	left += mxcsr != MXCSR_RESET;
	set_xcr0(1);
	if (wrong + left > 0)
		machine_print(
			"vandal: XCR0 %s, %u bytes of x87 and vector registers never written\n",
			wrong ? "is not 1" : "is 1", left);
	return wrong + (left > 0);
}

/* ---- The attacks ---- */

void vandal_poison(const char *argument)
{
	const uint32_t offered = components();
	uint64_t seed = vandal_number("", "seed", 1), start = cpu_tsc(), right[ROWS] = { 0 };
	unsigned wrong = 0, rounds = 0;

	if (offered != 0)
		cr4_write(cr4_read() | CR4_OSXSAVE);
	do {
		for (unsigned i = 0; i < ROWS; i++) {
			right[i] = i > 0 && rows[i].number == MSR_TSC_AUX
			                   ? right[i - 1]
			                   : pattern(&rows[i], &seed);
			rows[i].write(rows[i].number, right[i]);
		}
		if (offered != 0)
			wrong += hold_wide(offered, &seed);
		for (unsigned i = 0; i < YIELDS; i++)
			machine_yield();
		for (unsigned i = 0; i < ROWS; i++)
			wrong += differs(i, rows[i].read(rows[i].number), right[i]);
		rounds++;
	} while (wrong == 0 && !vandal_time_over(start, argument));
	vandal_says(wrong == 0, "%u registers and XSAVE's %x held %u times, %u wrong", ROWS,
	            (unsigned)offered, rounds, wrong);
}

void vandal_clean(const char *argument)
{
	const uint32_t offered = components();
	uint64_t start = cpu_tsc();
	unsigned wrong = 0, rounds = 0;

	do {
		for (unsigned i = 0; i < ROWS; i++)
			wrong += differs(i, rows[i].read(rows[i].number), rows[i].reset);
		if (offered != 0) {
			cr4_write(cr4_read() | CR4_OSXSAVE);
			wrong += look_wide(offered);
			cr4_write(cr4_read() & ~CR4_OSXSAVE);
		}
		for (unsigned i = 0; i < YIELDS; i++)
			machine_yield();
		rounds++;
	} while (wrong == 0 && !vandal_time_over(start, argument));
	vandal_says(wrong == 0, "%u registers as after a reset, %u times, %u wrong", ROWS, rounds,
	            wrong);
}
