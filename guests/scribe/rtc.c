/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scribe's clock: the RTC's periodic interrupt (MC146818A), line 8.
 *
 * Rule: while interrupts are on, only the handler reads register C: the read lets the next edge
 * come. Periods that end before the read merge with the first period into a single interrupt. The
 * TSC tells the number of periods.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/clock.h"
#include "guests/lib/cpu.h"
#include "guests/lib/pic.h"
#include "guests/lib/traps.h"
#include "guests/scribe/scribe.h"

#include <stdlib.h>

enum {
	RTC_LINE = 8,
	PORT_INDEX = 0x70,
	PORT_DATA = 0x71,
	REGISTER_A = 0x0a,
	REGISTER_B = 0x0b,
	REGISTER_C = 0x0c
};
/*
 * Register A                          Register B                                Register C
 *
 *   7    6-4       3-0                  7    6    5    4    3    2   1     0     7     6   5   4
 *   UIP  divider   rate                 SET  PIE  AIE  UIE  SQWE DM  24/12 DSE   IRQF  PF  AF  UF
 */
enum { A_RATE = 0x0f, B_PIE = 1 << 6, B_AIE = 1 << 5, B_UIE = 1 << 4, C_PF = 1 << 6 };
enum { BASE_HZ = 32768, RATE_FASTEST = 3, RATE_SLOWEST = 15 };

enum { INTERVALS = 33, SETTLE = 16, STALL_MS = 1500 };

static struct rtc_count count;
static uint32_t hz;
static uint64_t intervals[INTERVALS], last_tsc;
/* TSC ticks; edge: the estimated time of the last edge */
static uint64_t period, edge, least_late;

/* The index keeps its last value. The handler reads the same register each time, so the handler
 * need not write the index. Under Signalbox a write to port 70h exits (docs/limits.md); an access
 * to the data port does not. */
static void rtc_select(uint8_t index)
{
	static uint8_t selected = 0xff;

	if (selected == index)
		return;
	io_out8(PORT_INDEX, index);
	selected = index;
}

static uint8_t rtc_read(uint8_t index)
{
	rtc_select(index);
	return io_in8(PORT_DATA);
}

static void rtc_write(uint8_t index, uint8_t value)
{
	rtc_select(index);
	io_out8(PORT_DATA, value);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The period is the usual interval. Where other VMs take so much of the processor that the usual
 * interval is not the period, the nominal period is used. */
static void set_period(uint64_t tsc)
{
	uint64_t nominal = clock_ms(1000) / hz;

	qsort(intervals, INTERVALS, sizeof(intervals[0]), compare);
	period = intervals[INTERVALS / 2];
	if (period > nominal + nominal / 16 || period < nominal - nominal / 16)
		period = nominal;
	edge = tsc;
	least_late = UINT64_MAX;
}

/* Returns how many periods ended since the last interrupt. */
static uint64_t periods_since_last(uint64_t tsc)
{
	uint64_t n = (tsc - edge) / period;

	if (n == 0) {
		/* Sooner than a period: the last edge was earlier than the estimate. */
		edge = tsc;
		return 1;
	}
	edge += n * period;
	if (tsc - edge < least_late)
		least_late = tsc - edge;
	if (count.handled % SETTLE == 0) {
		/* The promptest of the last few interrupts shows how far the estimate has
		 * drifted. */
		edge += least_late;
		least_late = UINT64_MAX;
	}
	return n;
}

static void handle_rtc(uint64_t tsc)
{
	if (!(rtc_read(REGISTER_C) & C_PF)) {
		count.idle++;
		return;
	}
	if (count.handled <= INTERVALS) {
		if (count.handled > 0)
			intervals[count.handled - 1] = tsc - last_tsc;
		if (count.handled == INTERVALS)
			set_period(tsc);
		count.came++;
	} else {
		count.came += periods_since_last(tsc);
	}
	count.handled++;
	last_tsc = tsc;
}

void rtc_start(uint32_t wanted)
{
	unsigned rate = RATE_FASTEST;

	while (rate < RATE_SLOWEST && (uint32_t)BASE_HZ >> (rate - 1) > wanted)
		rate++;
	hz = BASE_HZ >> (rate - 1);
	irq_install(RTC_LINE, handle_rtc);
	rtc_write(REGISTER_A, (uint8_t)((rtc_read(REGISTER_A) & ~A_RATE) | rate));
	uint8_t enables = (uint8_t)(rtc_read(REGISTER_B) & ~(B_PIE | B_AIE | B_UIE));
	rtc_write(REGISTER_B, enables);
	rtc_read(REGISTER_C);
	/* Register C is not read from here on. A period may end before the line is open, while
	 * another VM runs. A read would take the cause away, and QEMU's 8259 keeps the request. A
	 * masked pin of an I/O APIC keeps no edge: there the line is open first. */
	if (pic_drives_apic())
		pic_unmask(RTC_LINE);
	rtc_write(REGISTER_B, enables | B_PIE);
	last_tsc = cpu_tsc();
	if (!pic_drives_apic())
		pic_unmask(RTC_LINE);
}

void rtc_stop(void)
{
	uint64_t flags = cpu_save();

	rtc_write(REGISTER_B, (uint8_t)(rtc_read(REGISTER_B) & ~B_PIE));
	rtc_read(REGISTER_C);
	cpu_restore(flags);
}

void rtc_watch(void)
{
	uint64_t flags = cpu_save();

	if (cpu_tsc() - last_tsc > clock_ms(STALL_MS)) {
		count.lost++;
		rtc_read(REGISTER_C);
		last_tsc = cpu_tsc();
	}
	cpu_restore(flags);
}

struct rtc_count rtc_now(void)
{
	uint64_t flags = cpu_save();
	struct rtc_count now = count;

	cpu_restore(flags);
	return now;
}
