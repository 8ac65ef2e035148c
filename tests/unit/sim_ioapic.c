/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O APIC. See the header for the rule.
 */
#include "tests/unit/sim_ioapic.h"

enum { REGISTER_ID = 0, REGISTER_VERSION = 1, REGISTER_ARBITRATION = 2, REGISTER_TABLE = 0x10 };
enum { ID_BITS = 0x0f000000, VERSION = 0x11, VERSION_LAST_SHIFT = 16, WRITABLE = 0x1afff };
enum { VECTOR = 0xff, MODE_SHIFT = 8, MODE = 7, MODE_LOWEST = 1, MODE_NMI = 4 };

static bool is_active(const struct sim_ioapic *io, unsigned pin)
{
	return (io->high >> pin & 1) != !!(io->entry[pin] & SIM_RTE_LOW);
}

/* Only a fixed interrupt, or one of lowest priority, can be level triggered. */
static bool is_level(uint32_t entry)
{
	return entry & SIM_RTE_LEVEL && (entry >> MODE_SHIFT & MODE) <= MODE_LOWEST;
}

static void send(struct sim_ioapic *io, unsigned pin)
{
	uint32_t entry = io->entry[pin];
	unsigned mode = entry >> MODE_SHIFT & MODE;

	if (mode == MODE_NMI)
		io->local->nmis++;
	if (mode > MODE_LOWEST)
		return;
	if (is_level(entry))
		io->entry[pin] |= SIM_RTE_REMOTE_IRR;
	sim_apic_request(io->local, entry & VECTOR, is_level(entry));
}

static void send_level(struct sim_ioapic *io, unsigned pin)
{
	uint32_t entry = io->entry[pin];

	if (is_level(entry) && is_active(io, pin) &&
	    !(entry & (SIM_RTE_MASKED | SIM_RTE_REMOTE_IRR)))
		send(io, pin);
}

void sim_ioapic_drive(struct sim_ioapic *io, unsigned pin, bool high)
{
	bool before = is_active(io, pin);

	io->high = high ? io->high | UINT32_C(1) << pin : io->high & ~(UINT32_C(1) << pin);
	if (is_level(io->entry[pin]))
		send_level(io, pin);
	else if (is_active(io, pin) && !before && !(io->entry[pin] & SIM_RTE_MASKED))
		send(io, pin);
}

/* The EOI's message of the local APIC, with its vector. */
static void ended(void *device, unsigned vector)
{
	struct sim_ioapic *io = device;

	for (unsigned pin = 0; pin < SIM_IOAPIC_PINS; pin++)
		if (is_level(io->entry[pin]) && (io->entry[pin] & VECTOR) == vector) {
			io->entry[pin] &= ~(uint32_t)SIM_RTE_REMOTE_IRR;
			send_level(io, pin);
		}
}

static void write_entry(struct sim_ioapic *io, unsigned pin, uint32_t value)
{
	io->entry[pin] = (value & WRITABLE) | (io->entry[pin] & SIM_RTE_REMOTE_IRR);
	if (!is_level(io->entry[pin]))
		io->entry[pin] &= ~(uint32_t)SIM_RTE_REMOTE_IRR;
	send_level(io, pin);
}

void sim_ioapic_write(struct sim_ioapic *io, unsigned offset, uint32_t value)
{
	unsigned pin = (io->select - REGISTER_TABLE) / 2;

	if (offset == SIM_IOREGSEL)
		io->select = value & 0xff;
	if (offset != SIM_IOWIN)
		return;
	if (io->select == REGISTER_ID)
		io->id = value & ID_BITS;
	if (io->select < REGISTER_TABLE || pin >= SIM_IOAPIC_PINS)
		return;
	if (io->select & 1)
		io->entry_high[pin] = value;
	else
		write_entry(io, pin, value);
}

uint32_t sim_ioapic_read(const struct sim_ioapic *io, unsigned offset)
{
	unsigned pin = (io->select - REGISTER_TABLE) / 2;

	if (offset == SIM_IOREGSEL)
		return io->select;
	if (offset != SIM_IOWIN)
		return 0;
	if (io->select == REGISTER_ID || io->select == REGISTER_ARBITRATION)
		return io->id;
	if (io->select == REGISTER_VERSION)
		return VERSION | (SIM_IOAPIC_PINS - 1) << VERSION_LAST_SHIFT;
	if (io->select < REGISTER_TABLE || pin >= SIM_IOAPIC_PINS)
		return 0;
	return io->select & 1 ? io->entry_high[pin] : io->entry[pin];
}

void sim_ioapic_reset(struct sim_ioapic *io, struct sim_apic *local)
{
	*io = (struct sim_ioapic){ .local = local };
	for (unsigned pin = 0; pin < SIM_IOAPIC_PINS; pin++)
		io->entry[pin] = SIM_RTE_MASKED;
	local->ended = ended;
	local->device = io;
}
