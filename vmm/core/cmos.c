/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A real-time clock and CMOS memory to read. See the header for the rule.
 */
#include "vmm/core/cmos.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"

#include <stdbool.h>

enum { PORT_INDEX = 0x70, PORT_DATA = 0x71 };
/* Registers. */
enum {
	SECONDS = 0x00,
	MINUTES = 0x02,
	HOURS = 0x04,
	WEEKDAY = 0x06,
	DAY = 0x07,
	MONTH = 0x08,
	YEAR = 0x09,
	STATUS_A = 0x0a,
	STATUS_B = 0x0b,
	STATUS_D = 0x0d,
	EQUIPMENT = 0x14,
	BASE_LOW = 0x15,
	BASE_HIGH = 0x16,
	EXTENDED_LOW = 0x17,
	EXTENDED_HIGH = 0x18,
	SUM_HIGH = 0x2e,
	SUM_LOW = 0x2f,
	EXTENDED_LOW_TOO = 0x30,
	EXTENDED_HIGH_TOO = 0x31,
	CENTURY = 0x32,
	ABOVE_16M_LOW = 0x34,
	ABOVE_16M_HIGH = 0x35,
	ABOVE_4G_LOW = 0x5b, /* rombios.c: units of 64 KiB; the three bytes reach to 1 TiB */
	ABOVE_4G_MIDDLE = 0x5c,
	ABOVE_4G_HIGH = 0x5d,
	BOOT_ORDER =
		0x3d, /* Bochs, rombios.c: a device each 4 bits, the first one in the low bits */
};
enum {
	A_UPDATE = 0x80,
	A_RATE = 0x26,   /* 32768 Hz, 1024 periods in a second */
	B_BINARY = 0x04, /* numbers in binary, else in BCD */
	B_24_HOURS = 0x02,
	D_VALID = 0x80,
	HOUR_PM = 0x80,
	EQUIPMENT_FPU = 0x02,
	BOOT_DISK_THEN_CD = 0x32,
};
/* A second; the time before its end in which an update may come (datasheet, update cycle). */
enum { SECOND_US = 1000000, UPDATE_US = 244 };
enum { DAY_SECONDS = 86400, FOUR_YEARS = 1461, LEAP_YEAR = 366, COMMON_YEAR = 365 };
enum { MONTHS = 12, YEARS_MAX = 99, BASE_KIB = 640 };

/* Seconds since the year 2000, and the TSC then. */
static struct {
	uint64_t seconds, tsc;
} start;

/* A date and a time from the year 2000 to 2099. */
struct moment {
	unsigned year, month, day, hour, minute, second; /* year: since 2000; month, day: from 1 */
};

/* ---- The calendar ---- */

static unsigned month_days(unsigned year, unsigned month)
{
	static const uint8_t days[MONTHS] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && year % 4 == 0);
}

static uint64_t seconds_of(const struct moment *m)
{
	uint64_t days = m->year * COMMON_YEAR + (m->year + 3) / 4 + m->day - 1;

	for (unsigned month = 1; month < m->month; month++)
		days += month_days(m->year, month);
	return days * DAY_SECONDS + m->hour * 3600 + m->minute * 60 + m->second;
}

static struct moment moment_of(uint64_t seconds)
{
	unsigned days = (unsigned)(seconds / DAY_SECONDS), rest = (unsigned)(seconds % DAY_SECONDS);
	unsigned year = days / FOUR_YEARS * 4, left = days % FOUR_YEARS;
	struct moment m = {
		.month = 1, .hour = rest / 3600, .minute = rest / 60 % 60, .second = rest % 60
	};

	if (left >= LEAP_YEAR) {
		year += 1 + (left - LEAP_YEAR) / COMMON_YEAR;
		left = (left - LEAP_YEAR) % COMMON_YEAR;
	}
	m.year = year;
	for (; left >= month_days(year, m.month); m.month++)
		left -= month_days(year, m.month);
	m.day = left + 1;
	return m;
}

/* ---- The machine's clock ---- */

static uint8_t machine_register(uint8_t index)
{
	io_out8(PORT_INDEX, index);
	return io_in8(PORT_DATA);
}

static unsigned number(uint8_t value, uint8_t status_b)
{
	return status_b & B_BINARY ? value : (value >> 4) * 10u + (value & 0xfu);
}

static struct moment machine_moment(void)
{
	uint8_t b = machine_register(STATUS_B), hour = machine_register(HOURS);
	struct moment m = { .year = number(machine_register(YEAR), b) % 100,
		            .month = number(machine_register(MONTH), b),
		            .day = number(machine_register(DAY), b),
		            .hour = number(hour & (uint8_t)~HOUR_PM, b) % 24,
		            .minute = number(machine_register(MINUTES), b) % 60,
		            .second = number(machine_register(SECONDS), b) % 60 };

	if (!(b & B_24_HOURS))
		m.hour = m.hour % 12 + (hour & HOUR_PM ? 12 : 0);
	/* no clock, or a clock without a date */
	if (m.month < 1 || m.month > MONTHS || m.day < 1 || m.day > month_days(m.year, m.month))
		m.month = m.day = 1;
	return m;
}

void cmos_begin(void)
{
	enum { LOOKS_MAX = 10000 };

	for (unsigned i = 0; i < LOOKS_MAX && machine_register(STATUS_A) & A_UPDATE; i++)
		;
	struct moment m = machine_moment();
	start.tsc = cpu_tsc();
	start.seconds = seconds_of(&m);
}

/* ---- A VM's registers ---- */

static uint8_t bcd(unsigned n)
{
	return (uint8_t)(n / 10 << 4 | n % 10);
}

static uint8_t clock_byte(uint8_t index, uint64_t now)
{
	uint64_t us = tsc_to_us(now - start.tsc), seconds = start.seconds + us / SECOND_US;
	bool update = us % SECOND_US >= SECOND_US - UPDATE_US;
	struct moment m = moment_of(seconds);

	switch (index) {
	case SECONDS:
		return bcd(m.second);
	case MINUTES:
		return bcd(m.minute);
	case HOURS:
		return bcd(m.hour);
	case WEEKDAY: /* 2000 began on a Saturday; Sunday is 1 */
		return (uint8_t)((seconds / DAY_SECONDS + 6) % 7 + 1);
	case DAY:
		return bcd(m.day);
	case MONTH:
		return bcd(m.month);
	case YEAR:
		return bcd(m.year % (YEARS_MAX + 1));
	case CENTURY:
		return bcd(20 + m.year / (YEARS_MAX + 1));
	default:
		return A_RATE | (update ? A_UPDATE : 0);
	}
}

/* Returns the bytes 10h to 2Dh, and those from 30h on: the memory of a PC, no disk's type, and the
 * order of the devices to boot. */
static uint8_t size_byte(uint8_t index, const struct guest_ram *ram)
{
	enum { EXTENDED_MAX = 0xfc00, UNITS_MAX = 0xffff };
	const uint64_t mib = 1 << 20, memory = ram->part[GUEST_RAM_LOW_PART].bytes,
		       kib = (memory - mib) >> 10,
		       high = ram->part[GUEST_RAM_HIGH_PART].bytes >> 16;
	unsigned extended = kib > EXTENDED_MAX ? EXTENDED_MAX : (unsigned)kib, units = 0;

	if (memory > 16 * mib)
		units = (unsigned)((memory - 16 * mib) >> 16);
	if (units > UNITS_MAX)
		units = UNITS_MAX;
	switch (index) {
	case EQUIPMENT:
		return EQUIPMENT_FPU;
	case BASE_LOW:
		return BASE_KIB & 0xff;
	case BASE_HIGH:
		return BASE_KIB >> 8;
	case EXTENDED_LOW:
	case EXTENDED_LOW_TOO:
		return (uint8_t)extended;
	case EXTENDED_HIGH:
	case EXTENDED_HIGH_TOO:
		return (uint8_t)(extended >> 8);
	case ABOVE_16M_LOW:
		return (uint8_t)units;
	case ABOVE_16M_HIGH:
		return (uint8_t)(units >> 8);
	case ABOVE_4G_LOW:
		return (uint8_t)high;
	case ABOVE_4G_MIDDLE:
		return (uint8_t)(high >> 8);
	case ABOVE_4G_HIGH:
		return (uint8_t)(high >> 16);
	default: /* no case: a table would be 64 bytes longer */
		return index == BOOT_ORDER ? BOOT_DISK_THEN_CD : 0;
	}
}

static uint16_t checksum(const struct guest_ram *ram)
{
	enum { SUMMED_FIRST = 0x10, SUMMED_LAST = 0x2d };
	uint16_t sum = 0;

	for (uint8_t i = SUMMED_FIRST; i <= SUMMED_LAST; i++)
		sum = (uint16_t)(sum + size_byte(i, ram));
	return sum;
}

uint8_t cmos_read(uint8_t index, const struct guest_ram *ram, uint64_t now)
{
	switch (index) {
	case SECONDS:
	case MINUTES:
	case HOURS:
	case WEEKDAY:
	case DAY:
	case MONTH:
	case YEAR:
	case CENTURY:
	case STATUS_A:
		return clock_byte(index, now);
	case STATUS_B:
		return B_24_HOURS;
	case STATUS_D:
		return D_VALID;
	case SUM_HIGH:
		return (uint8_t)(checksum(ram) >> 8);
	case SUM_LOW:
		return (uint8_t)checksum(ram);
	default:
		return size_byte(index, ram);
	}
}
