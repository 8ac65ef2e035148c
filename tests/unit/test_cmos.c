/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock and the CMOS memory of a VM that owns none.
 *
 * Rule: the machine's clock is an array of registers; dates are compared with the C library's.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"
#include "vmm/core/cmos.h"

#include <string.h>
#include <time.h>

enum { MIB = 1 << 20 };
#define YEAR_2000 946684800

uint64_t fake_tsc; /* microseconds */

static uint8_t registers[128], index_written;
static unsigned updates; /* so many looks find an update in progress */

uint8_t io_in8(uint16_t port)
{
	assert_int_equal(port, 0x71);
	if (index_written == 0x0a && updates > 0) {
		updates--;
		return 0xa6;
	}
	return registers[index_written];
}

void io_out8(uint16_t port, uint8_t value)
{
	assert_int_equal(port, 0x70);
	index_written = value;
}

uint64_t tsc_to_us(uint64_t ticks)
{
	return ticks;
}

static uint8_t bcd(int n)
{
	return (uint8_t)(n / 10 << 4 | n % 10);
}

/* The machine's clock shows this time. form: register B. */
static void machine_shows(time_t at, uint8_t form)
{
	struct tm t;
	int hour;

	gmtime_r(&at, &t);
	hour = form & 2 ? t.tm_hour : (t.tm_hour + 11) % 12 + 1;
	memset(registers, 0, sizeof(registers));
	registers[0x0b] = form;
	registers[0x00] = form & 4 ? (uint8_t)t.tm_sec : bcd(t.tm_sec);
	registers[0x02] = form & 4 ? (uint8_t)t.tm_min : bcd(t.tm_min);
	registers[0x04] = form & 4 ? (uint8_t)hour : bcd(hour);
	if (!(form & 2) && t.tm_hour >= 12)
		registers[0x04] |= 0x80;
	registers[0x07] = form & 4 ? (uint8_t)t.tm_mday : bcd(t.tm_mday);
	registers[0x08] = form & 4 ? (uint8_t)(t.tm_mon + 1) : bcd(t.tm_mon + 1);
	registers[0x09] = form & 4 ? (uint8_t)(t.tm_year % 100) : bcd(t.tm_year % 100);
}

static uint8_t size(uint8_t index, uint64_t memory)
{
	const struct guest_ram ram = guest_ram_plan(memory, GUEST_RAM_LOW_END);

	return cmos_read(index, &ram, fake_tsc);
}

static uint8_t reads(uint8_t index)
{
	return size(index, 192 * MIB);
}

static void expect_time(time_t at)
{
	struct tm t;

	gmtime_r(&at, &t);
	assert_int_equal(reads(0x00), bcd(t.tm_sec));
	assert_int_equal(reads(0x02), bcd(t.tm_min));
	assert_int_equal(reads(0x04), bcd(t.tm_hour));
	assert_int_equal(reads(0x06), t.tm_wday + 1);
	assert_int_equal(reads(0x07), bcd(t.tm_mday));
	assert_int_equal(reads(0x08), bcd(t.tm_mon + 1));
	assert_int_equal(reads(0x09), bcd(t.tm_year % 100));
	assert_int_equal(reads(0x32), 0x20);
}

static void every_day_of_the_century_is_right(void **state)
{
	const time_t first = YEAR_2000 + 86399;

	(void)state;
	fake_tsc = 123456789;
	machine_shows(first, 2);
	cmos_begin();
	for (unsigned day = 0; day < 36525; day++) {
		fake_tsc = 123456789 + day * UINT64_C(86400000000);
		expect_time(first + day * 86400l);
	}
}

static void the_machines_clock_may_have_any_form(void **state)
{
	static const uint8_t forms[] = { 0, 2, 4, 6 };

	(void)state;
	for (unsigned form = 0; form < sizeof(forms); form++)
		for (unsigned hour = 0; hour < 24; hour++) {
			const time_t at = YEAR_2000 + 26 * 31557600l + hour * 3600 + 61;

			machine_shows(at, forms[form]);
			cmos_begin();
			expect_time(at);
			assert_int_equal(reads(0x0b), 2); /* whatever the machine's has */
		}
}

static void an_update_in_progress_is_waited_for(void **state)
{
	(void)state;
	machine_shows(YEAR_2000, 2);
	updates = 500;
	cmos_begin();
	assert_int_equal(updates, 0);
	expect_time(YEAR_2000);
	updates = UINT32_MAX; /* no clock: the wait has an end */
	cmos_begin();
	updates = 0;
}

static void a_machine_without_a_clock_has_a_date(void **state)
{
	(void)state;
	memset(registers, 0xff, sizeof(registers));
	cmos_begin();
	assert_in_range(reads(0x08), 1, 0x12);
	assert_in_range(reads(0x07), 1, 0x31);
	assert_true(reads(0x00) <= 0x59 && reads(0x02) <= 0x59 && reads(0x04) <= 0x23);
}

static void the_update_bit_comes_before_each_second(void **state)
{
	(void)state;
	fake_tsc = 5;
	machine_shows(YEAR_2000, 2);
	cmos_begin();
	assert_int_equal(reads(0x0a), 0x26);
	fake_tsc = 5 + 999755;
	assert_int_equal(reads(0x0a), 0x26);
	fake_tsc++;
	assert_int_equal(reads(0x0a), 0xa6);
	assert_int_equal(reads(0x00), 0x00);
	fake_tsc = 5 + 1000000;
	assert_int_equal(reads(0x0a), 0x26);
	assert_int_equal(reads(0x00), 0x01);
}

static unsigned word(uint8_t low, uint64_t memory)
{
	return size(low, memory) | size(low + 1, memory) << 8;
}

static void the_sizes_are_the_vms(void **state)
{
	(void)state;
	assert_int_equal(word(0x15, 16 * MIB), 640);
	assert_int_equal(word(0x17, 16 * MIB), 15 * 1024);
	assert_int_equal(word(0x30, 16 * MIB), 15 * 1024);
	assert_int_equal(word(0x34, 16 * MIB), 0);
	assert_int_equal(size(0x3d, 16 * MIB), 0x32); /* the disk, then the CD */
	assert_int_equal(size(0x3c, 16 * MIB), 0);
	assert_int_equal(word(0x30, MIB), 0);
	assert_int_equal(word(0x30, 192 * MIB), 0xfc00);
	assert_int_equal(word(0x34, 192 * MIB), 176 * 16);
	assert_int_equal(word(0x34, 3072ull * MIB), 3056 * 16);
	assert_int_equal(word(0x5b, 3072ull * MIB), 0);
	assert_int_equal(size(0x5d, 3072ull * MIB), 0);
	/* 8 GiB: 3 GiB below the devices, and 5 GiB from 4 GiB on */
	assert_int_equal(word(0x34, 8192ull * MIB), 3056 * 16);
	assert_int_equal(word(0x5b, 8192ull * MIB), 5120 * 16 & 0xffff);
	assert_int_equal(size(0x5d, 8192ull * MIB), 5120 * 16 >> 16);
	assert_int_equal(word(0x5b, 3074ull * MIB), 2 * 16);
	assert_int_equal(reads(0x0d), 0x80);
	assert_int_equal(reads(0x0c), 0);
	assert_int_equal(reads(0x12), 0); /* no disk */
	unsigned sum = 0;
	for (uint8_t i = 0x10; i <= 0x2d; i++)
		sum += reads(i);
	assert_int_equal(reads(0x2e) << 8 | reads(0x2f), sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_of_the_century_is_right),
		cmocka_unit_test(the_machines_clock_may_have_any_form),
		cmocka_unit_test(an_update_in_progress_is_waited_for),
		cmocka_unit_test(a_machine_without_a_clock_has_a_date),
		cmocka_unit_test(the_update_bit_comes_before_each_second),
		cmocka_unit_test(the_sizes_are_the_vms),
	};

	return cmocka_run_group_tests_name("cmos", tests, NULL, NULL);
}
