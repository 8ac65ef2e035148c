/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scribe's start of the RTC beside an RTC and the 8259's latch of line 8: a period may end between
 * any two accesses, because another VM may have the processor meanwhile.
 *
 * Rule: the chip is QEMU's, which keeps a request whose line has fallen, or a datasheet's, which
 * forgets the request. The test holds the guest to no interrupt without a cause on both.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/clock.h"
#include "guests/lib/pic.h"
#include "guests/lib/traps.h"
#include "guests/scribe/scribe.h"
#include "tests/unit/check.h"

#include <string.h>

enum { A, B, C, REGISTERS };
enum { INDEX_A = 0x0a, PIE = 1 << 6, PF = 1 << 6, IRQF = 1 << 7, ACCESSES = 16 };

static struct {
	uint8_t reg[REGISTERS], index;
	bool line, latched, open, keeps;
	unsigned accesses;
	uint32_t ends; /* bit n: a period ends before access n */
	irq_handler *handler;
} rtc;

uint64_t fake_tsc;

static void set_line(bool high)
{
	rtc.latched = (rtc.latched && (high || rtc.keeps)) || (high && !rtc.line);
	rtc.line = high;
}

static void take_interrupt(void)
{
	if (!rtc.open || !rtc.latched)
		return;
	rtc.latched = false;
	rtc.handler(fake_tsc);
}

static void pass_time(void)
{
	fake_tsc += 1000;
	if (rtc.ends >> rtc.accesses++ & 1)
		rtc.reg[C] |= PF;
	if (rtc.reg[C] & rtc.reg[B] & PF)
		set_line(true);
}

void io_out8(uint16_t port, uint8_t value)
{
	pass_time();
	if (port == 0x70)
		rtc.index = value;
	else
		rtc.reg[rtc.index - INDEX_A] = value;
	if (rtc.reg[C] & rtc.reg[B] & PF)
		set_line(true);
}

uint8_t io_in8(uint16_t port)
{
	assert_int_equal(port, 0x71);
	pass_time();
	uint8_t value = rtc.reg[rtc.index - INDEX_A];
	if (rtc.index - INDEX_A == C) {
		rtc.reg[C] = 0;
		set_line(false);
	}
	return value;
}

void irq_install(unsigned line, irq_handler *handler)
{
	assert_int_equal(line, 8);
	rtc.handler = handler;
}

bool pic_drives_apic(void)
{
	return false;
}

void pic_unmask(unsigned line)
{
	assert_int_equal(line, 8);
	pass_time();
	rtc.open = true;
	take_interrupt();
}

uint64_t clock_ms(uint64_t ms)
{
	return ms * 1000000;
}

/* Starts the RTC, while periods end before the accesses of the set, and one more behind all. */
static void start(uint32_t ends, uint8_t before, bool keeps)
{
	uint8_t index = rtc.index; /* the guest remembers the index */

	memset(&rtc, 0, sizeof(rtc));
	rtc.index = index;
	rtc.ends = ends;
	rtc.keeps = keeps;
	rtc.reg[B] = before;
	rtc_start(8192);
	assert_int_equal(rtc.reg[B] & PIE, PIE);
	assert_true(rtc.accesses < ACCESSES);
	rtc.ends = 1u << rtc.accesses;
	pass_time();
	take_interrupt();
}

static void test_R08_a_start_makes_no_interrupt_without_a_cause(void **state)
{
	(void)state;
	/* before: whether periods interrupt already. A chip that keeps requests would keep
	 * theirs. */
	static const struct {
		bool keeps;
		uint8_t before;
	} cases[] = { { true, 0 }, { false, 0 }, { false, PIE } };

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (uint32_t ends = 0; ends < 1u << ACCESSES; ends++) {
			uint64_t handled = rtc_now().handled;
			start(ends, cases[i].before, cases[i].keeps);
			assert_int_equal(rtc_now().idle, 0);
			assert_true(rtc_now().handled > handled);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_R08_a_start_makes_no_interrupt_without_a_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
