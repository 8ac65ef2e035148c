/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds an HPET comparator that raises NMIs: by a message to the local APIC, else by an I/O APIC
 * pin.
 *
 * Rule: no claim of the hardware counts before a test: the counter must count, and an NMI must
 * come.
 */
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/machine/slice_timer_device.h"

#include <errno.h>
#include <stdio.h>

/* No HPET counts slower (2.2), and no known HPET counts faster than 1 GHz. */
enum { PERIOD_MOST = 100000000, PERIOD_LEAST = 1000000 };
/* A message to a local APIC (SDM 3A 10.11): address 19:12 destination; data 10:8 delivery mode, 4 =
 * NMI, edge. */
#define MESSAGE_ADDRESS 0xfee00000u
enum { MESSAGE_DESTINATION_SHIFT = 12, MESSAGE_NMI = 4 << 8, DESTINATION_MOST = 0xff };
/* Pins below 16 belong to the ISA lines: a pulse there reaches the 8259s too, on pin 2 as a
 * spurious IRQ15. */
enum { PIN_FIRST = 16, PIN_LAST = 31 };
enum { MEASURE_US = 5000, MOMENT_TRIES = 5 };

/* ---- The two clocks ---- */

struct moment {
	uint64_t tsc;
	uint32_t count;
};

/* Returns the HPET's count with the TSC at the same moment: the count is read between two reads of
 * the TSC, and the narrowest of a few tries is used. */
static struct moment take_moment(const struct slice_timer_device *d)
{
	struct moment best = { 0, 0 };
	uint64_t narrowest = UINT64_MAX;

	for (unsigned i = 0; i < MOMENT_TRIES; i++) {
		uint64_t before = cpu_tsc();
		uint32_t count = slice_timer_counter(d);
		uint64_t width = cpu_tsc() - before;

		if (width < narrowest) {
			narrowest = width;
			best = (struct moment){ before + width / 2, count };
		}
	}
	return best;
}

/* Returns the HPET ticks in a TSC tick, 32 bits after the point, or 0 when the HPET does not count.
 * The two clocks are measured against each other, because only their ratio matters, not their
 * nominal rates. */
static uint64_t measure(const struct slice_timer_device *d)
{
	struct moment first = take_moment(d), last;

	do
		last = take_moment(d);
	while (last.tsc - first.tsc < tsc_from_us(MEASURE_US));
	return ((uint64_t)(last.count - first.count) << 32) / (last.tsc - first.tsc);
}

/* ---- The comparators ---- */

static uint64_t comparator_of(const struct slice_timer_device *d, unsigned n)
{
	return d->registers + HPET_COMPARATORS + TN_STRIDE * n;
}

static void clear_bits(uint64_t at, uint32_t bits)
{
	mmio_write32(at, mmio_read32(at) & ~bits);
}

void slice_timer_quieten(void)
{
	const struct slice_timer_device d = { .registers = platform.hpet };
	uint32_t capability = d.registers ? mmio_read32(d.registers + HPET_CAPABILITY) : UINT32_MAX;

	if (capability == UINT32_MAX)
		return;
	clear_bits(d.registers + HPET_CONFIG, CONFIG_LEGACY);
	for (unsigned n = 0; n <= (capability >> CAP_LAST_SHIFT & CAP_LAST); n++)
		clear_bits(comparator_of(&d, n) + TN_CONFIG, TN_INTERRUPTS);
}

/* Sets a comparator to edge, one shot, 32 bits. Returns false when the comparator does not accept
 * the setting. */
static bool set_up(struct slice_timer_device *d, unsigned n, uint32_t delivery)
{
	const uint32_t chosen = TN_MESSAGES | TN_PIN | TN_PERIODIC | TN_INTERRUPTS | TN_LEVEL;
	uint64_t at = comparator_of(d, n) + TN_CONFIG;

	d->comparator = comparator_of(d, n);
	d->config = (mmio_read32(at) & ~chosen) | TN_32BIT | delivery;
	mmio_write32(at, d->config);
	return (mmio_read32(at) & chosen) == delivery;
}

static bool proven(struct slice_timer_device *d, bool (*proves)(void))
{
	if (proves())
		return true;
	log_line("slice timer: %s: no NMI came", d->name);
	return false;
}

static bool by_message(struct slice_timer_device *d, unsigned n, bool (*proves)(void))
{
	uint64_t at = comparator_of(d, n);

	if (!(mmio_read32(at + TN_CONFIG) & TN_HAS_MESSAGES) || !set_up(d, n, TN_MESSAGES))
		return false;
	mmio_write32(at + TN_MESSAGE, platform.hpet_message != 0 ? 0 : MESSAGE_NMI);
	mmio_write32(at + TN_ADDRESS,
	             platform.hpet_message != 0
	                     ? platform.hpet_message
	                     : MESSAGE_ADDRESS | lapic_id() << MESSAGE_DESTINATION_SHIFT);
	snprintf(d->name, sizeof(d->name), "HPET comparator %u by message", n);
	return proven(d, proves);
}

static bool is_lines(unsigned pin)
{
	for (unsigned n = 0; n < LINES; n++)
		if (platform.line[n].pin == (int)pin)
			return true;
	return false;
}

/* Returns the highest possible free pin, or -1. The low pins belong to the devices on the board. */
static int pin_choose(uint32_t possible)
{
	for (unsigned pin = PIN_LAST; pin >= PIN_FIRST; pin--)
		if (possible >> pin & 1 && pin < platform.ioapic_pins && !is_lines(pin))
			return (int)pin;
	return -1;
}

static bool by_pin(struct slice_timer_device *d, unsigned n, bool (*proves)(void))
{
	int pin = pin_choose(mmio_read32(comparator_of(d, n) + TN_PINS));

	if (pin < 0 || !set_up(d, n, (uint32_t)pin << TN_PIN_SHIFT))
		return false;
	ioapic_set_destination((unsigned)pin, lapic_id());
	ioapic_write((unsigned)pin, RTE_NMI);
	snprintf(d->name, sizeof(d->name), "HPET comparator %u by I/O APIC pin %d", n, pin);
	if (proven(d, proves))
		return true;
	ioapic_write((unsigned)pin, RTE_MASKED);
	return false;
}

/* Tries the last comparators first, because other uses of a machine begin with the first
 * comparator. Tries messages before pins, because pins may be shared. */
static int comparator_choose(struct slice_timer_device *d, unsigned last, bool (*proves)(void))
{
	static bool (*const deliveries[])(struct slice_timer_device *, unsigned,
	                                  bool (*)(void)) = { by_message, by_pin };
	uint32_t pins = 0;

	for (unsigned i = 0; i < sizeof(deliveries) / sizeof(deliveries[0]); i++)
		for (unsigned n = last + 1; n-- > 0;)
			if (deliveries[i](d, n, proves))
				return 0;
	for (unsigned n = 0; n <= last; n++)
		pins |= mmio_read32(comparator_of(d, n) + TN_PINS);
	log_line("slice timer: none of the HPET's %u comparators can raise an NMI: no messages, "
	         "and no I/O APIC pin from %d to %d that is free (pins: %08lxh). In QEMU: -global "
	         "hpet.msi=on, or -machine q35",
	         last + 1, PIN_FIRST, (int)platform.ioapic_pins - 1, (unsigned long)pins);
	return -ENODEV;
}

/* ---- The HPET ---- */

/* Returns the number of the last comparator. Otherwise prints a line and returns -ENODEV. */
static int hpet_check(struct slice_timer_device *d)
{
	uint32_t capability;

	if (!platform.hpet) {
		log_line("slice timer: no HPET in ACPI's tables");
		return -ENODEV;
	}
	d->registers = platform.hpet;
	capability = mmio_read32(d->registers + HPET_CAPABILITY);
	d->period = mmio_read32(d->registers + HPET_PERIOD);
	if (capability == UINT32_MAX || !(capability & CAP_REVISION) || d->period < PERIOD_LEAST ||
	    d->period > PERIOD_MOST) {
		log_line("slice timer: no HPET answers at %lxh: "
		         "capabilities read %08lxh, period %lu fs",
		         (unsigned long)d->registers, (unsigned long)capability,
		         (unsigned long)d->period);
		return -ENODEV;
	}
	if (lapic_id() > DESTINATION_MOST) {
		log_line("slice timer: neither message nor I/O APIC reaches this processor: APIC "
		         "id %lxh",
		         (unsigned long)lapic_id());
		return -ENODEV;
	}
	return (int)(capability >> CAP_LAST_SHIFT & CAP_LAST);
}

int slice_timer_find(struct slice_timer_device *d, bool (*proves)(void))
{
	int last = hpet_check(d);

	if (last >= 0) {
		uint64_t config = d->registers + HPET_CONFIG;

		mmio_write32(config, mmio_read32(config) | CONFIG_RUNS);
		d->factor = measure(d);
		if (d->factor == 0)
			log_line("slice timer: the HPET at %lxh does not count",
			         (unsigned long)d->registers);
		else if (comparator_choose(d, (unsigned)last, proves) == 0)
			return 0;
	}
	d->comparator = 0;
	return -ENODEV;
}
