/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O APIC with the ISA lines (82093AA datasheet, section 3).
 *
 * Rule: every access writes the select register first and then accesses the data. Callers have
 * interrupts off, and the NMI handler makes no access.
 */
#include "arch/x86/machine/platform.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"

#include <errno.h>

/* Registers: version (23:16 number of the last redirection entry), redirection table in pairs of
 * low and high word. */
enum { IOAPICVER = 0x01 };
/* An absent register reads as all ones. The select register has 8 bits, enough for 120 entries. */
enum { PINS_MOST = 120 };
enum { DESTINATION_SHIFT = 24 };

static uint32_t register_read(unsigned index)
{
	mmio_write32(platform.ioapic + IOREGSEL, index);
	return mmio_read32(platform.ioapic + IOWIN);
}

static void register_write(unsigned index, uint32_t value)
{
	mmio_write32(platform.ioapic + IOREGSEL, index);
	mmio_write32(platform.ioapic + IOWIN, value);
}

/* Takes the pin from each line whose pin the chip does not have. A MADT may name such a pin. */
static void lines_check(void)
{
	for (unsigned n = 0; n < LINES; n++) {
		if (platform.line[n].pin < (int)platform.ioapic_pins)
			continue;
		log_line("IRQ%u: I/O APIC pin %d does not exist, there are %u", n,
		         platform.line[n].pin, platform.ioapic_pins);
		platform.line[n].pin = -1;
	}
}

int ioapic_init(void)
{
	if (!platform.ioapic) {
		log_line("no I/O APIC in the MADT");
		return -ENODEV;
	}
	uint32_t version = register_read(IOAPICVER);
	unsigned pins = (version >> 16 & 0xff) + 1;

	if (version == 0xffffffff || pins > PINS_MOST) {
		log_line("no I/O APIC answers at %lxh: version reads %08lxh",
		         (unsigned long)platform.ioapic, (unsigned long)version);
		platform.ioapic = 0;
		return -ENODEV;
	}
	platform.ioapic_pins = pins;
	for (unsigned pin = 0; pin < pins; pin++) {
		ioapic_write(pin, RTE_MASKED);
		ioapic_set_destination(pin, 0);
	}
	lines_check();
	return 0;
}

void ioapic_set_destination(unsigned pin, uint32_t apic_id)
{
	register_write(IOREDTBL + 2 * pin + 1, platform.ioapic_route != 0
	                                               ? platform.ioapic_route
	                                               : apic_id << DESTINATION_SHIFT);
}

uint32_t ioapic_read(unsigned pin)
{
	return register_read(IOREDTBL + 2 * pin);
}
