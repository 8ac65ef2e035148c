/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's I/O APIC (82093AA datasheet, section 3): its registers in the VMM's memory, at the
 * place of the machine's.
 *
 * Rule: the guest's entries decide about vector and mask of the lines that the guest has, and about
 * nothing else. Every access exits. Each interrupt goes to the guest's only processor, edge
 * triggered, whatever the entry says of destination and trigger mode.
 */
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/virt.h"
#include "chipset/apic/apic.h"

#include <string.h>

enum { REGISTER_ID = 0, REGISTER_VERSION = 1, REGISTER_ARBITRATION = 2, VERSION = 0x11 };
enum { ID_SHIFT = 24, ID_BITS = 15, VERSION_LAST_SHIFT = 16 };
/* An entry's lower word, 16 mask | 15 trigger | 13 polarity | 11 destination mode | 10:8 delivery
 * mode (0: fixed, 1: lowest priority) | 7:0 vector; bits 14 and 12 are read-only. */
enum { RTE_WRITABLE = 0x1afff, RTE_MODE_SHIFT = 8, RTE_MODE = 7, MODE_LOWEST = 1 };

void (*apic_arrive)(void);

void apic_pins_reset(struct controller *c)
{
	for (unsigned pin = 0; pin < APIC_PINS; pin++) {
		c->apic.rte[pin] = RTE_MASKED;
		c->apic.rte_high[pin] = 0;
	}
	c->apic.select = c->apic.id = 0;
	c->apic.open = 0;
	memset(c->apic.vector, 0, sizeof(c->apic.vector));
}

/* Returns the vector of an entry; 0: the entry is masked, or of no use. */
static uint8_t vector_of(uint32_t low)
{
	unsigned vector = low & APIC_VECTOR, mode = low >> RTE_MODE_SHIFT & RTE_MODE;

	return low & RTE_MASKED || mode > MODE_LOWEST || vector < APIC_VECTOR_FIRST
	               ? 0
	               : (uint8_t)vector;
}

/* Follows a change of the entry of a pin, while the guest runs. A local APIC that its guest has
 * switched off lets no line through. */
static void follow(struct controller *c, unsigned pin)
{
	const uint8_t vector = c->apic.svr & APIC_SVR_ENABLE ? vector_of(c->apic.rte[pin]) : 0;

	for (line_set rest = c->lines | c->unwired; rest; rest &= rest - 1) {
		unsigned line = line_first(rest);
		if (line >= LINES || platform.line[line].pin != (int)pin)
			continue;
		c->apic.vector[line] = vector;
		if (vector != 0)
			c->apic.open |= LINE(line);
		else
			c->apic.open &= ~LINE(line);
		apic_follow_entry(c, line);
	}
}

void apic_follow_svr(struct controller *c)
{
	for (unsigned pin = 0; pin < APIC_PINS; pin++)
		follow(c, pin);
}

static uint32_t read_register(const struct controller *c, unsigned index)
{
	unsigned pin = (index - IOREDTBL) / 2;

	if (index == REGISTER_ID || index == REGISTER_ARBITRATION)
		return (uint32_t)c->apic.id << ID_SHIFT;
	if (index == REGISTER_VERSION)
		return VERSION | (APIC_PINS - 1) << VERSION_LAST_SHIFT;
	if (index < IOREDTBL || pin >= APIC_PINS)
		return 0;
	return index & 1 ? c->apic.rte_high[pin] : c->apic.rte[pin];
}

static void write_register(struct controller *c, unsigned index, uint32_t value)
{
	unsigned pin = (index - IOREDTBL) / 2;

	if (index == REGISTER_ID)
		c->apic.id = value >> ID_SHIFT & ID_BITS;
	if (index < IOREDTBL || pin >= APIC_PINS)
		return;
	if (index & 1) {
		c->apic.rte_high[pin] = value;
		return;
	}
	c->apic.rte[pin] = value & RTE_WRITABLE;
	follow(c, pin);
}

static uint32_t access(uint64_t address, bool write, uint32_t value)
{
	struct controller *c = apic_current;
	unsigned offset = address & (PAGE - 1);

	if (offset == IOREGSEL) {
		if (write)
			c->apic.select = (uint8_t)value;
		return c->apic.select;
	}
	if (offset != IOWIN)
		return 0;
	if (write)
		write_register(c, c->apic.select, value);
	return write ? 0 : read_register(c, c->apic.select);
}

bool apic_memory(struct vcpu *v, uint64_t address)
{
	if (address - platform.ioapic >= PAGE)
		return false;
	if (apic_current == NULL)
		apic_arrive();
	return virt_move(v, access);
}
