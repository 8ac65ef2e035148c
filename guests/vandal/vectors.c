/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack that tests whether an exit leaves the vector and x87 registers alone, while the VM
 * keeps the processor.
 *
 * Rule: each row is a way to the VMM and back. FXSAVE's image before the row and the image after
 * the row must be the same.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/machine.h"
#include "guests/lib/traps.h"
#include "guests/vandal/vandal.h"

#include <string.h>

enum {
	IMAGE_BYTES = 512,
	COMPARED_BYTES = 416 /* up to XMM15; the processor leaves the rest alone */,
	ROUNDS = 40
};
enum {
	FOREIGN_PORT = 0xcf8,
	DELAY_PORT = 0x80,
	MSR_APIC_BASE = 0x1b,
	BAD_CALL = 999,
	FOREIGN_MEMORY = 0xfee00000
};

static uint8_t wanted[IMAGE_BYTES] __attribute__((aligned(16))),
	found[IMAGE_BYTES] __attribute__((aligned(16)));

static void body_rdmsr(void *unused)
{
	(void)unused;
	__asm__ volatile("rdmsr" : : "c"(MSR_APIC_BASE) : "rax", "rdx");
}

static void body_wrmsr(void *unused)
{
	(void)unused;
	__asm__ volatile("wrmsr" : : "c"(MSR_APIC_BASE), "a"(0), "d"(0));
}

static void row_cpuid(void)
{
	(void)cpu_id(1, 0);
}

static void row_out(void)
{
	io_out8(FOREIGN_PORT, 0);
}

static void row_delay(void)
{
	io_out8(DELAY_PORT, 0);
}

static void row_in(void)
{
	(void)io_in8(FOREIGN_PORT);
}

static void row_in_wide(void)
{
	(void)io_in32(FOREIGN_PORT);
}

static void row_memory(void)
{
	(void)*(volatile uint32_t *)machine_window(FOREIGN_MEMORY);
}

static void row_rdmsr(void)
{
	(void)trap_try(body_rdmsr, NULL);
}

static void row_wrmsr(void)
{
	(void)trap_try(body_wrmsr, NULL);
}

static void row_bad_call(void)
{
	(void)machine_call(BAD_CALL, 0, 0, 0);
}

static void row_print(void)
{
	static const char text[] = "vandal: a line while the vector registers hold a pattern\n";

	(void)machine_call(SB_CALL_PRINT, (uint64_t)text, sizeof(text) - 1, 0);
}

static void row_status(void)
{
	static const char text[] = "vectors";

	(void)machine_call(SB_CALL_STATUS, (uint64_t)text, sizeof(text) - 1, 0);
}

static const struct {
	const char *name;
	unsigned rounds;
	void (*run)(void);
} rows[] = {
	{ "CPUID", ROUNDS, row_cpuid },
	{ "OUT to a denied port", ROUNDS, row_out },
	{ "OUT to the delay port", ROUNDS, row_delay },
	{ "IN from a denied port", ROUNDS, row_in },
	{ "IN of 32 bits from a denied port", ROUNDS, row_in_wide },
	{ "a read of denied memory", ROUNDS, row_memory },
	{ "a refused RDMSR", ROUNDS, row_rdmsr },
	{ "a refused WRMSR", ROUNDS, row_wrmsr },
	{ "a call with a bad number", ROUNDS, row_bad_call },
	{ "a print", 4, row_print },
	{ "a status text", ROUNDS, row_status },
};

/* Puts numbers in all eight x87 registers and a pattern in XMM0 to XMM15. */
static void fill(uint32_t seed)
{
	__asm__ volatile(
		"fninit; fldpi; fldl2e; fldlg2; fldln2; fldl2t; fld1; fldz; fldpi; fxsave64 (%0)"
		:
		: "r"(wanted)
		: "memory");
	for (unsigned i = 160; i < COMPARED_BYTES; i++)
		wanted[i] = (uint8_t)(seed * 37 + i * 11);
	__asm__ volatile("fxrstor64 (%0)" : : "r"(wanted) : "memory");
}

void vandal_vectors(const char *argument)
{
	unsigned tried = 0, wrong = 0;

	(void)argument;
	for (unsigned row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		unsigned changed = 0;

		if (!machine_is_virtual() && row > 0)
			break; /* the rest is meant for a VMM */
		for (unsigned round = 0; round < rows[row].rounds; round++) {
			fill(row * ROUNDS + round);
			rows[row].run();
			__asm__ volatile("fxsave64 (%0)" : : "r"(found) : "memory");
			changed += memcmp(wanted, found, COMPARED_BYTES) != 0;
			tried++;
		}
		__asm__ volatile("fninit");
		wrong += changed;
		if (changed > 0)
			machine_print("vandal: %s changed the registers %u times\n", rows[row].name,
			              changed);
	}
	vandal_says(wrong == 0, "x87 and SSE registers held across %u exits, %u times wrong", tried,
	            wrong);
}
