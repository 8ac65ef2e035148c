/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What firmware left in the local APIC is stopped: its timer, its counters, its mode.
 *
 * Rule: the local APIC is a page of registers, in memory or behind MSRs, with what firmware may
 * leave: interrupts of every entry on. A write is told in its order.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"
#include "tests/unit/fake_log.h"

#include <errno.h>
#include <string.h>

enum { BASE = 0xfee00000, ENABLE = 1 << 11, X2APIC = 1 << 10, BYTES = 0x400 };
enum { SVR = 0xf0, TPR = 0x80, TIMER = 0x320, LINT0 = 0x350, LINT1 = 0x360 };
enum { MASKED = 1 << 16, PERIODIC = 1 << 17, ENTRIES = 7 };

/* In the order of the version register's number: the entries that each processor has come first. */
static const uint16_t entry[ENTRIES] = { TIMER, 0x370, 0x340, 0x330, 0x2f0, LINT0, LINT1 };

static uint32_t reg[BYTES / 16];
static uint64_t apic_base;
static bool has_apic;
static unsigned writes, first;

struct platform platform;
uint64_t fake_tsc;

static void write_register(unsigned offset, uint32_t value)
{
	assert_in_range(offset, 0, BYTES - 16);
	if (writes++ == 0)
		first = offset;
	/* while the APIC is off, no mask can be cleared (SDM 3A 10.4.7.2) */
	reg[offset / 16] = offset >= 0x2f0 && !(reg[SVR / 16] >> 8 & 1) ? value | MASKED : value;
}

struct cpuid cpu_id(uint32_t leaf, uint32_t subleaf)
{
	assert_int_equal(leaf, 1);
	assert_int_equal(subleaf, 0);
	return (struct cpuid){ .edx = has_apic ? 1 << 9 : 0 };
}

uint64_t msr_read(uint32_t msr)
{
	if (msr == 0x1b)
		return apic_base;
	assert_true(apic_base & X2APIC);
	return reg[msr - 0x800];
}

void msr_write(uint32_t msr, uint64_t value)
{
	if (msr == 0x1b) {
		apic_base = value;
		return;
	}
	assert_true(apic_base & X2APIC);
	write_register((msr - 0x800) * 16, (uint32_t)value);
}

uint32_t mmio_read32(uint64_t address)
{
	assert_true(apic_base & ENABLE && !(apic_base & X2APIC));
	return reg[(address - BASE) / 16];
}

void mmio_write32(uint64_t address, uint32_t value)
{
	assert_true(apic_base & ENABLE && !(apic_base & X2APIC));
	write_register((unsigned)(address - BASE), value);
}

/* A processor with `entries` entries of the LVT, as firmware leaves it. */
static void begin(uint64_t base, unsigned entries)
{
	memset(reg, 0, sizeof(reg));
	memset(&platform, 0, sizeof(platform));
	for (unsigned i = 0; i < ENTRIES; i++)
		reg[entry[i] / 16] = 0x20 + i;
	reg[TIMER / 16] |= PERIODIC;
	reg[0x30 / 16] = (entries - 1) << 16 | 0x14;
	reg[TPR / 16] = 0x20;
	apic_base = base;
	has_apic = true;
	writes = 0;
	printed_clear();
}

static void expect_virtual_wire(unsigned entries)
{
	assert_int_equal(first, SVR);
	assert_int_equal(reg[SVR / 16], 0x1ff);
	assert_int_equal(reg[LINT0 / 16], 7 << 8);
	assert_int_equal(reg[LINT1 / 16], 4 << 8);
	assert_int_equal(reg[TPR / 16], 0);
	for (unsigned i = 0; i < ENTRIES - 2; i++)
		assert_int_equal(reg[entry[i] / 16] & MASKED, i + 2 < entries ? MASKED : 0);
}

static void what_firmware_left_on_is_masked(void **state)
{
	static const uint64_t modes[] = { BASE | ENABLE, BASE | ENABLE | X2APIC, BASE };

	(void)state;
	for (unsigned mode = 0; mode < 3; mode++)
		for (unsigned entries = 4; entries <= ENTRIES; entries++) {
			begin(modes[mode], entries);
			assert_int_equal(lapic_init(), 0);
			assert_int_equal(apic_base, modes[mode] | ENABLE);
			assert_int_equal(platform.lapic, BASE);
			expect_virtual_wire(entries);
			assert_string_equal(printed(), "");
		}
}

static void without_one_in_reach_a_line_says_why(void **state)
{
	(void)state;
	begin(BASE | ENABLE, ENTRIES);
	has_apic = false;
	assert_int_equal(lapic_init(), -ENODEV);
	assert_non_null(strstr(printed(), "no local APIC"));
	begin(1ull << 32 | ENABLE, ENTRIES);
	assert_int_equal(lapic_init(), -ENODEV);
	assert_non_null(strstr(printed(), "local APIC at 100000000h is out of reach"));
	assert_int_equal(platform.lapic, 0);
	assert_int_equal(writes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_firmware_left_on_is_masked),
		cmocka_unit_test(without_one_in_reach_a_line_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
