/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apicprobe on a machine: RDMSR, WRMSR, and a processor that opens its interrupts for a moment. For
 * the words see play.c.
 *
 * Rule: every vector of the IDT may come. The 8259s are silent.
 */
#include "arch/x86/cpu/io.h"
#include "guests/apicprobe/apicprobe.h"
#include "guests/lib/args.h"
#include "guests/lib/cpu.h"
#include "guests/lib/machine.h"
#include "guests/lib/report.h"
#include "guests/lib/take.h"
#include "guests/lib/traps.h"

/* IA32_APIC_BASE: 11 enable | 10 x2APIC */
enum { MSR_APIC_BASE = 0x1b, BASE_ENABLE = 1 << 11, BASE_X2APIC = 1 << 10 };
enum { CPUID_ECX_X2APIC = 1 << 21, PIC_MASTER_DATA = 0x21, PIC_SLAVE_DATA = 0xa1 };

struct access {
	uint32_t msr;
	uint64_t value;
};

static void write_msr(void *argument)
{
	const struct access *a = argument;

	msr_write(a->msr, a->value);
}

static void read_msr(void *argument)
{
	struct access *a = argument;

	a->value = msr_read(a->msr);
}

bool probe_write(unsigned reg, uint64_t value)
{
	struct access a = { PROBE_MSRS + reg, value };

	return trap_try(write_msr, &a) < 0;
}

bool probe_read(unsigned reg, uint64_t *value)
{
	struct access a = { PROBE_MSRS + reg, 0 };
	bool done = trap_try(read_msr, &a) < 0;

	*value = a.value;
	return done;
}

void probe_print(const char *line)
{
	machine_print("%s\n", line);
}

int probe_take(void)
{
	return take_one();
}

int guest_main(void)
{
	machine_print("apicprobe: words: %s\n", args_line());
	if (!(cpu_id(1, 0).ecx & CPUID_ECX_X2APIC)) {
		report(false, "the processor has x2APIC mode", "CPUID.1:ECX bit 21 is 0");
		return report_end("apicprobe");
	}
	io_out8(PIC_MASTER_DATA, 0xff);
	io_out8(PIC_SLAVE_DATA, 0xff);
	take_begin();
	msr_write(MSR_APIC_BASE, msr_read(MSR_APIC_BASE) | BASE_ENABLE | BASE_X2APIC);
	probe_run();
	return report_end("apicprobe");
}
