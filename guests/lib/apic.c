/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's local APIC and I/O APIC.
 *
 * Rule: see apic.h.
 */
#include "guests/lib/apic.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/machine.h"

enum { CPUID_ECX_X2APIC = 1 << 21, LINES = 16 };
/* Base: 11 enable | 10 x2APIC. SVR: 8 enable | 7:0 vector of a spurious interrupt. */
enum { MSR_BASE = 0x1b, BASE_ON = 3 << 10, MSR_SVR = 0x80f, SVR_ON = 0x1ff, DIVIDE_BY_1 = 0xb };
/* The I/O APIC: register select and window (82093AA 3.1), 16 mask. */
enum { IOAPIC = 0xfec00000, REGISTER_TABLE = 0x10, RTE_MASKED = 1 << 16, PIN_OF_LINE_0 = 2 };

static void write_entry(unsigned pin, uint32_t low)
{
	volatile uint32_t *ioapic = machine_window(IOAPIC);

	ioapic[0] = REGISTER_TABLE + 2 * pin + 1;
	ioapic[4] = 0; /* to processor 0 */
	ioapic[0] = REGISTER_TABLE + 2 * pin;
	ioapic[4] = low;
}

bool apic_init(void)
{
	if (!(cpu_id(1, 0).ecx & CPUID_ECX_X2APIC))
		return false;
	msr_write(MSR_BASE, msr_read(MSR_BASE) | BASE_ON);
	msr_write(MSR_SVR, SVR_ON);
	msr_write(APIC_MSR_TPR, 0);
	for (unsigned pin = 0; pin < LINES; pin++)
		write_entry(pin, RTE_MASKED);
	return true;
}

void apic_set_pin(unsigned line, uint8_t vector, bool open)
{
	write_entry(line == 0 ? PIN_OF_LINE_0 : line, vector | (open ? 0 : RTE_MASKED));
}

void apic_end(void)
{
	msr_write(APIC_MSR_EOI, 0);
}

void apic_timer_set(uint32_t mode, uint8_t vector)
{
	msr_write(APIC_MSR_DIVIDE, DIVIDE_BY_1);
	msr_write(APIC_MSR_TIMER, mode | vector);
}

void apic_timer_load(uint32_t count)
{
	msr_write(APIC_MSR_INITIAL, count);
}

uint32_t apic_timer_count(void)
{
	return (uint32_t)msr_read_apart(APIC_MSR_COUNT);
}
