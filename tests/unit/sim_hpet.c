/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulated HPET. See the header for the rule.
 */
#include "tests/unit/sim_hpet.h"

#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/machine/slice_timer.h"
#include "tests/unit/check.h"
#include "tests/unit/fake_log.h"

#include <string.h>

struct platform platform;
uint64_t fake_tsc;
volatile uint32_t nmi_count;

struct comparator comparators[COMPARATORS];
struct hpet hpet;

void nmi_reopen(void)
{
	nmi_count += hpet.waiting;
	hpet.waiting = 0;
}

uint32_t redirection[PINS], destination[PINS], apic_id;
static uint32_t selected;

uint64_t tsc_from_us(uint64_t us)
{
	return us * platform.tsc_khz / 1000;
}

uint32_t lapic_id(void)
{
	return apic_id;
}

void ioapic_set_destination(unsigned pin, uint32_t id)
{
	assert_in_range(pin, 0, PINS - 1);
	destination[pin] = id;
}

/* An interrupt is an NMI for this processor, or it is lost. */
static bool reaches(const struct comparator *c)
{
	unsigned pin = c->config >> TN_PIN_SHIFT & 0x1f;

	if (hpet.deaf || !(c->config & TN_INTERRUPTS))
		return false;
	assert_false(c->config & (TN_LEVEL | TN_PERIODIC));
	assert_true(c->config & TN_32BIT);
	if (c->config & TN_MESSAGES)
		return c->message == 0x400 && c->address == (0xfee00000 | APIC_ID << 12);
	return pin < PINS && redirection[pin] == RTE_NMI && destination[pin] == APIC_ID;
}

static void raise_one(void)
{
	nmi_count++;
	hpet.raised++;
	hpet.last_tsc = fake_tsc;
}

/* Tick by tick would take long: does the value lie between two counts? */
static void count_to(uint64_t count)
{
	uint64_t passed = count - hpet.count;

	for (unsigned n = 0; n < COMPARATORS; n++) {
		if (!reaches(&comparators[n]) || passed == 0)
			continue;
		if ((uint32_t)(comparators[n].value - (uint32_t)hpet.count - 1) < passed)
			raise_one();
		if ((uint32_t)count < (uint32_t)hpet.count)
			raise_one(); /* 2.3.9.2.1: in 32 bits, once more at the wrap */
	}
	hpet.count = count;
}

void pass(uint64_t ticks)
{
	__extension__ typedef unsigned __int128 wide;
	const wide fs_khz = 1000000000000, tick = (wide)hpet.period * hpet.rate_khz;

	fake_tsc += ticks;
	if (!(hpet.config & CONFIG_RUNS) || hpet.frozen)
		return;
	wide time = ticks * fs_khz + hpet.rest;

	hpet.rest = (uint64_t)(time % tick);
	count_to(hpet.count + (uint64_t)(time / tick));
}

static uint32_t *comparator_register(uint32_t offset)
{
	struct comparator *c = &comparators[(offset - HPET_COMPARATORS) / TN_STRIDE];

	assert_in_range(offset, HPET_COMPARATORS, HPET_COMPARATORS + COMPARATORS * TN_STRIDE - 1);
	switch (offset % TN_STRIDE) {
	case TN_CONFIG:
		return &c->config;
	case TN_PINS:
		return &c->pins;
	case TN_VALUE:
		return &c->value;
	case TN_MESSAGE:
		return &c->message;
	case TN_ADDRESS:
		return &c->address;
	default:
		fail_msg("no register at %x", offset);
		return NULL;
	}
}

static void access_hpet(void)
{
	hpet.accesses++;
	pass(hpet.cost);
}

uint32_t mmio_read32(uint64_t address)
{
	uint32_t offset = (uint32_t)(address - HPET_AT);

	access_hpet();
	switch (offset) {
	case HPET_CAPABILITY:
		return hpet.capability;
	case HPET_PERIOD:
		return hpet.period;
	case HPET_CONFIG:
		return hpet.config;
	case HPET_COUNTER:
		return (uint32_t)hpet.count;
	default:
		return *comparator_register(offset);
	}
}

static void write_ioapic(uint32_t offset, uint32_t value)
{
	if (offset == IOREGSEL) {
		selected = value;
		return;
	}
	assert_int_equal(offset, IOWIN);
	assert_in_range(selected, IOREDTBL, IOREDTBL + 2 * PINS - 1);
	assert_int_equal(selected % 2, 0);
	redirection[(selected - IOREDTBL) / 2] = value;
}

void mmio_write32(uint64_t address, uint32_t value)
{
	uint32_t offset = (uint32_t)(address - HPET_AT);

	if (address - IOAPIC_AT < PAGE) {
		write_ioapic((uint32_t)(address - IOAPIC_AT), value);
		return;
	}
	access_hpet();
	if (offset == HPET_CONFIG) {
		hpet.config = value;
		return;
	}
	uint32_t *reg = comparator_register(offset);
	uint32_t stuck = offset % TN_STRIDE == TN_CONFIG
	                         ? comparators[(offset - HPET_COMPARATORS) / TN_STRIDE].stuck |
	                                   TN_HAS_MESSAGES
	                         : 0;

	assert_int_not_equal(offset % TN_STRIDE, TN_PINS);
	*reg = (*reg & stuck) | (value & ~stuck);
	if (hpet.past_counts && offset % TN_STRIDE == TN_VALUE &&
	    (int32_t)(value - (uint32_t)hpet.count) <= 0 &&
	    reaches(&comparators[(offset - HPET_COMPARATORS) / TN_STRIDE]))
		raise_one();
}

/* A machine with three comparators that have messages; the HPET is off. */
int power_on(void **state)
{
	(void)state;
	slice_timer_arm(UINT64_MAX); /* the former machine's */
	memset(&hpet, 0, sizeof(hpet));
	memset(comparators, 0, sizeof(comparators));
	memset(&platform, 0, sizeof(platform));
	hpet.capability = 0x8086a001 | (COMPARATORS - 1) << CAP_LAST_SHIFT;
	hpet.period = FS_100_MHZ;
	hpet.cost = KHZ / 1000 / 2; /* half a microsecond */
	hpet.rate_khz = platform.tsc_khz = KHZ;
	hpet.count = 1 << 28;
	for (unsigned n = 0; n < COMPARATORS; n++)
		comparators[n].config = TN_HAS_MESSAGES;
	platform.hpet = HPET_AT;
	platform.ioapic = IOAPIC_AT;
	platform.ioapic_pins = PINS;
	for (unsigned n = 0; n < LINES; n++)
		platform.line[n].pin = n == 0 ? 2 : (int)n;
	platform.line[LINE_CASCADE].pin = -1;
	for (unsigned pin = 0; pin < PINS; pin++)
		redirection[pin] = RTE_MASKED;
	apic_id = APIC_ID;
	nmi_count = 0;
	printed_clear();
	return 0;
}

void messages_off(uint32_t pins)
{
	for (unsigned n = 0; n < COMPARATORS; n++) {
		comparators[n].config = 0;
		comparators[n].pins = pins;
	}
}
