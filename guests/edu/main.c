/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest with a PCI function of its own: QEMU's device edu, or with nic=1 the network device
 * e1000. Words: n=1000 interrupts; dma=0x...: the address on the bus of the guest's address 0, to
 * try DMA with; copies=1: so many times;
 * master=1: Bus Master is expected to be the guest's; attack=0x...,0x...: addresses on the bus that
 * are not the guest's, to read and to write by DMA, before all else by DMA; forge=0x...: an address
 * on the bus to write the message of an INIT to; reset=1: a reset of the VM (onfault=restart)
 * in the middle, with all that the guest may change changed; base=0x20.
 *
 * Rule: the guest finds all by configuration space, as a system does that knows nothing of a VMM.
 */
#include "guests/edu/edu.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/machine.h"
#include "guests/lib/pci.h"
#include "guests/lib/pic.h"
#include "guests/lib/report.h"
#include "guests/lib/stats.h"

#include <string.h>

enum { BAR_FLAGS = 15, FACTORIAL_OF = 10, FACTORIAL = 3628800, DMA_BYTES = 512 };
/* What the guest's memory holds. */
enum { FILL = 0x5a, SPOIL = 0xa7, UNTOUCHED = 0xc3 };

static uint8_t source[DMA_BYTES] __attribute__((aligned(64)));
static uint8_t target[DMA_BYTES] __attribute__((aligned(64)));

/* Sizes BAR 0 as a system does. Returns the BAR's address. */
static uint32_t try_bar(unsigned function)
{
	uint32_t bar = pci_read32(function, PCI_BAR0);
	uint16_t command = pci_read16(function, PCI_COMMAND);

	pci_write16(function, PCI_COMMAND, command & (uint16_t)~COMMAND_MEMORY);
	uint16_t closed = pci_read16(function, PCI_COMMAND);
	pci_write32(function, PCI_BAR0, UINT32_MAX);
	uint32_t mask = pci_read32(function, PCI_BAR0);
	pci_write32(function, PCI_BAR0, bar);
	pci_write16(function, PCI_COMMAND, command | COMMAND_MEMORY);
	machine_print("edu: registers at %lx, mask %lx, command %x\n", (unsigned long)bar,
	              (unsigned long)mask, pci_read16(function, PCI_COMMAND));
	report(mask == 0xfff00000 && !(closed & COMMAND_MEMORY) &&
	               pci_read32(function, PCI_BAR0) == bar &&
	               pci_read16(function, PCI_COMMAND) & COMMAND_MEMORY,
	       "edu: BAR 0 is sized as usual: 1M of memory", "mask %lx, command %x",
	       (unsigned long)mask, closed);
	return bar & ~(uint32_t)BAR_FLAGS;
}

/* The function stays where it is, and the register holds what was written. */
static void try_move(unsigned function, uint32_t bar)
{
	uint32_t elsewhere = bar ^ 0x01000000;

	pci_write32(function, PCI_BAR0, elsewhere);
	uint32_t said = pci_read32(function, PCI_BAR0);
	report(said == elsewhere && device_answers(),
	       "edu: BAR 0 keeps what is written, and the function answers where it was",
	       "BAR 0 is %lx", (unsigned long)said);
	pci_write32(function, PCI_BAR0, bar);
}

static void try_master(unsigned function)
{
	bool wanted = args_number("master", 0) != 0;
	uint16_t command = pci_read16(function, PCI_COMMAND);

	pci_write16(function, PCI_COMMAND, command | COMMAND_MASTER);
	bool has = pci_read16(function, PCI_COMMAND) & COMMAND_MASTER;
	report(has == wanted, wanted ? "edu: Bus Master can be set" : "edu: Bus Master stays 0",
	       "command %x", pci_read16(function, PCI_COMMAND));
}

static void try_interrupt_disable(unsigned function)
{
	uint16_t command = pci_read16(function, PCI_COMMAND);

	pci_write16(function, PCI_COMMAND, command | COMMAND_NO_INTX);
	bool set = pci_read16(function, PCI_COMMAND) & COMMAND_NO_INTX;
	pci_write16(function, PCI_COMMAND, command);
	report(set && !(pci_read16(function, PCI_COMMAND) & COMMAND_NO_INTX),
	       "edu: INTx Disable can be set and cleared", "it stays %u", set);
}

static bool is_filled(const uint8_t bytes[DMA_BYTES], uint8_t value)
{
	for (unsigned i = 0; i < DMA_BYTES; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

/* Reads an address that is not the guest's, and writes there. The device has zeros after a read
 * that is blocked, or what the device had before. */
static void try_attack(uint64_t bus, uint64_t address)
{
	memset(source, SPOIL, sizeof(source));
	memset(target, UNTOUCHED, sizeof(target));
	bool ended = device_copy(address, bus + (uintptr_t)target, DMA_BYTES);
	bool blind = is_filled(target, 0) || is_filled(target, SPOIL);
	report(ended && blind, "edu: DMA reads nothing of a foreign address",
	       "ended %u, first byte %x", ended, target[0]);
	ended = device_copy(bus + (uintptr_t)source, address, DMA_BYTES);
	machine_print("edu: wrote by DMA to %lx, ended %u\n", (unsigned long)address, ended);
}

/* Has the device send the message of an INIT (SDM 3A 10.11.2). */
static void try_forgery(void)
{
	static const uint8_t message[4] = { 0, 5, 0, 0 };
	uint64_t address = args_number("forge", 0);

	if (address == 0)
		return;
	memcpy(source, message, sizeof(message));
	bool ended = device_copy(args_number("dma", 0) + (uintptr_t)source, address,
	                         sizeof(message));
	machine_print("edu: forged a message to %lx, ended %u\n", (unsigned long)address, ended);
}

static void try_attacks(uint64_t bus, void (*attack)(uint64_t bus, uint64_t address))
{
	char list[64], item[24], value[24];
	const char *rest = list;
	uint64_t address;

	if (!args_text("attack", list, sizeof(list)))
		return;
	while (args_item(&rest, item, value, sizeof(item)))
		if (args_parse(item, &address))
			attack(bus, address);
}

static void try_dma(uint64_t bus)
{
	bool wanted = args_number("master", 0) != 0;

	try_attacks(bus, try_attack);
	machine_print("edu: DMA from %lx to %lx\n", (unsigned long)(uintptr_t)source,
	              (unsigned long)(uintptr_t)target);
	memset(source, FILL, sizeof(source));
	memset(target, UNTOUCHED, sizeof(target));
	bool ended = true;
	for (uint64_t n = args_number("copies", 1); ended && n > 0; n--)
		ended = device_copy(bus + (uintptr_t)source, bus + (uintptr_t)target, DMA_BYTES);
	bool moved = is_filled(source, FILL) && is_filled(target, FILL);
	bool kept = is_filled(target, UNTOUCHED);
	report(ended && (wanted ? moved : kept),
	       wanted ? "edu: DMA reads and writes the memory" : "edu: DMA changes no memory",
	       "ended %u, first byte %x", ended, target[0]);
}

/* Leaves the function as a driver would that never heard of another life. */
static void reset(unsigned function, uint32_t bar)
{
	enum { PORT_RESET = 0xcf9, RESET = 6 };

	machine_print("edu: reset\n");
	pci_write32(function, PCI_BAR0, bar ^ 0x01000000);
	pci_write8(function, PCI_LINE, 0xff);
	pci_write16(function, PCI_COMMAND, COMMAND_MASTER | COMMAND_NO_INTX);
	io_out8(PORT_RESET, RESET);
}

static void try_device(unsigned function, uint32_t bar)
{
	uint32_t n = (uint32_t)args_number("n", 1000);
	uint64_t bus = args_number("dma", UINT64_MAX);

	device_init(bar, pci_read8(function, PCI_LINE) % 16);
	/* the device keeps its result */
	bool first_life = device_result() != FACTORIAL;
	if (!first_life)
		report(!(pci_read16(function, PCI_COMMAND) & COMMAND_NO_INTX),
		       "edu: a reset gives the function back as it was", "INTx is disabled");
	report(device_answers(), "edu: the device answers in its memory", "no edu at %lx",
	       (unsigned long)bar);
	if (machine_is_virtual())
		try_move(function, bar);
	uint32_t result = device_factorial(FACTORIAL_OF);
	report(result == FACTORIAL, "R10 edu: a factorial by interrupt", "result %lu",
	       (unsigned long)result);
	n = n > SAMPLES_MAX ? SAMPLES_MAX : n;
	uint32_t came = device_ping(n);
	report(came == n, "R10 edu: each assertion is an interrupt", "%lu of %lu",
	       (unsigned long)came, (unsigned long)n);
	try_forgery();
	if (bus != UINT64_MAX)
		try_dma(bus);
	if (first_life && args_number("reset", 0) != 0)
		reset(function, bar);
}

static void try_nic_attack(uint64_t bus, uint64_t address)
{
	(void)bus;
	report(nic_attack(address), "nic: DMA reads nothing of a foreign address", "at %lx",
	       (unsigned long)address);
}

static int try_nic(void)
{
	uint32_t n = (uint32_t)args_number("n", 1000);
	int function = pci_list(NIC_VENDOR | NIC_DEVICE << 16);

	report(function >= 0, "nic: a function 8086:100e is on bus 0", "none found");
	if (function < 0)
		return report_end("edu");
	uint32_t bar = pci_read32((unsigned)function, PCI_BAR0) & ~(uint32_t)BAR_FLAGS;
	pci_write16((unsigned)function, PCI_COMMAND, COMMAND_MEMORY | COMMAND_MASTER);
	nic_init(bar, pci_read8((unsigned)function, PCI_LINE) % 16, args_number("dma", 0));
	n = n > SAMPLES_MAX ? SAMPLES_MAX : n;
	uint32_t came = nic_loop(n);
	report(came == n, "R10 nic: each packet comes back whole, by an interrupt", "%lu of %lu",
	       (unsigned long)came, (unsigned long)n);
	try_attacks(args_number("dma", 0), try_nic_attack);
	report(nic_packet(), "nic: a packet comes back whole", "none did");
	return report_end("edu");
}

int guest_main(void)
{
	unsigned messages;

	pic_init((uint8_t)args_number("base", PIC_BASE), PIC_EOI_SPECIFIC);
	if (args_number("nic", 0) != 0)
		return try_nic();
	int function = pci_list(EDU_VENDOR | EDU_DEVICE << 16);
	report(function >= 0, "edu: a function 1234:11e8 is on bus 0", "none found");
	if (function < 0)
		return report_end("edu");
	unsigned capabilities = pci_capabilities((unsigned)function, &messages);
	machine_print("edu: capabilities %u, with messages %u\n", capabilities, messages);
	if (machine_is_virtual()) {
		report(!(pci_read16((unsigned)function, PCI_COMMAND) & COMMAND_MASTER),
		       "edu: Bus Master is 0 at the start", "it is 1");
		report(messages == 0, "edu: no capability of messages is shown", "%u are",
		       messages);
		try_master((unsigned)function);
	}
	uint32_t bar = try_bar((unsigned)function);
	try_interrupt_disable((unsigned)function);
	try_device((unsigned)function, bar);
	return report_end("edu");
}
