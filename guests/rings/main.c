/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest with devices that work by rings in the guest's memory, found by configuration space.
 * Words: do=ahci,...: the devices, one after the other; n=100 requests of each; dma=0x...: the
 * address on the bus of the guest's address 0; attack=0x...,0x...: addresses on the bus that are
 * not the guest's, to read and to write by each device, and to lay the rings at the last of them;
 * look=1: to read, in place of the rings, what was written there; base=0x20.
 *
 * Rule: each wait is for an interrupt or for a reset, and has an end.
 */
#include "guests/rings/rings.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/clock.h"
#include "guests/lib/cpu.h"
#include "guests/lib/machine.h"
#include "guests/lib/pci.h"
#include "guests/lib/pic.h"
#include "guests/lib/report.h"
#include "guests/lib/stats.h"

#include <stdio.h>
#include <string.h>

enum {
	REQUEST_MAX = 512,
	PATIENCE_MS = 5000,
	ATTACK_MS = 100,
	SETTLE_MS = 20,
	READY_MS = 200,
	FUNCTIONS = 256
};
/* What the guest's memory holds. */
enum { SPOIL = 0xa7, UNTOUCHED = 0xc3, OTHER = 0x3c };
enum { TEXT_MAX = 80 };

static const struct device *const devices[] = { &ahci, &nvme, &virtio_blk, &virtio_net };
enum { DEVICES = sizeof(devices) / sizeof(devices[0]) };

static uint8_t out[REQUEST_MAX] __attribute__((aligned(REQUEST_MAX)));
static uint8_t in[REQUEST_MAX] __attribute__((aligned(REQUEST_MAX)));
static struct samples samples;
static uint64_t attacked; /* an address on the bus that is not the guest's */
static struct {
	volatile bool came;
	volatile uint32_t begun, latency;
	unsigned patience; /* in ms */
} request;

/* ---- For the devices ---- */

uint64_t bus_of(const volatile void *own)
{
	return args_number("dma", 0) + (uintptr_t)own;
}

void request_begin(void)
{
	request.came = false;
	request.begun = (uint32_t)cpu_tsc();
	__asm__ volatile("" : : : "memory"); /* the device reads what was written */
}

void request_end(uint64_t tsc)
{
	request.latency = (uint32_t)tsc - request.begun;
	request.came = true;
}

bool request_await(void)
{
	uint64_t start = cpu_tsc();

	cpu_interrupts_on();
	while (!request.came && !clock_over(start, request.patience))
		cpu_pause();
	cpu_interrupts_off();
	return request.came;
}

bool register_await(volatile uint32_t *at, uint32_t bit, uint32_t wanted)
{
	uint64_t start = cpu_tsc();

	while ((*at & bit) != wanted)
		if (clock_over(start, READY_MS))
			return false;
	return true;
}

/* ---- The trials ---- */

static void settle(unsigned ms)
{
	for (uint64_t start = cpu_tsc(); !clock_over(start, ms);)
		cpu_pause();
}

/* Returns the device's function, or -1. Lists bus 0 the first time. */
static int find(const struct device *d)
{
	static bool listed;

	for (unsigned f = 0; listed && f < FUNCTIONS; f++)
		if (pci_read32(f, PCI_ID) == d->id)
			return (int)f;
	int found = listed ? -1 : pci_list(d->id);
	listed = true;
	return found;
}

static bool begin(const struct device *d, uint64_t foreign)
{
	int function = find(d);

	if (function < 0)
		return false;
	pci_write16((unsigned)function, PCI_COMMAND, COMMAND_MEMORY | COMMAND_MASTER);
	return d->begin((unsigned)function, foreign);
}

static bool is_filled(const uint8_t *bytes, unsigned count, uint8_t value)
{
	for (unsigned i = 0; i < count; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

static void verdict(bool ok, const struct device *d, const char *text, const char *why,
                    unsigned long number)
{
	char whole[TEXT_MAX];

	snprintf(whole, sizeof(whole), "%s: %s", d->name, text);
	report(ok, whole, why, number);
}

/* Moves what `out` holds to the device and back: two requests. Returns whether the same bytes came
 * back. */
static bool go_round(const struct device *d)
{
	memset(in, OTHER, sizeof(in));
	if (!d->move(bus_of(out), false))
		return false;
	samples_add(&samples, request.latency);
	if (!d->move(bus_of(in), true))
		return false;
	samples_add(&samples, request.latency);
	return memcmp(out, in, d->bytes) == 0;
}

static void try_requests(const struct device *d)
{
	uint32_t n = (uint32_t)args_number("n", 100) & ~1u;
	struct span span;
	bool whole = true;

	n = n > SAMPLES_MAX ? SAMPLES_MAX : n;
	samples.n = 0;
	samples.wanted = n;
	settle(READY_MS);
	span_begin(&span);
	for (unsigned number = 1; whole && samples.n < n; number++) {
		for (unsigned i = 0; i < d->bytes; i++)
			out[i] = (uint8_t)(number + i);
		whole = go_round(d);
	}
	span_end(&span);
	stats_report(d->name, &samples, &span);
	verdict(whole, d, "the bytes of each request come back", "after %lu requests", samples.n);
	verdict(samples.n == n && span.interrupts == n, d, "each request is an interrupt",
	        "%lu interrupts", span.interrupts);
}

/* The device reads the address. Returns whether the device has zeros now, or what it had. */
static bool reads_nothing(const struct device *d)
{
	memset(out, UNTOUCHED, sizeof(out));
	(void)go_round(d);
	memset(in, UNTOUCHED, sizeof(in));
	(void)d->move(attacked, false);
	settle(SETTLE_MS);
	(void)d->move(bus_of(in), true);
	return is_filled(in, d->bytes, 0) || is_filled(in, d->bytes, UNTOUCHED);
}

static void write_foreign(const struct device *d)
{
	memset(out, SPOIL, sizeof(out));
	(void)d->move(bus_of(out), false);
	(void)d->move(attacked, true);
	settle(SETTLE_MS);
}

/* The device reads the address once more. Returns whether what was written is not there. */
static bool is_unchanged(const struct device *d)
{
	memset(in, UNTOUCHED, sizeof(in));
	(void)d->move(attacked, false);
	settle(SETTLE_MS);
	(void)d->move(bus_of(in), true);
	return !is_filled(in, d->bytes, SPOIL);
}

/* After each attempt the VMM takes the record: QEMU's VT-d drops a fault at the page of a record
 * that waits. */
static void try_attack(const struct device *d)
{
	bool nothing = begin(d, 0) && reads_nothing(d);

	verdict(nothing, d, "reads nothing of a foreign address", "at %lx", attacked);
	if (begin(d, 0))
		write_foreign(d);
	machine_print("rings: %s wrote to %lx\n", d->name, (unsigned long)attacked);
	if (args_number("look", 0) != 0)
		verdict(is_unchanged(d), d, "changes nothing at a foreign address", "at %lx",
		        attacked);
	(void)begin(d, 0);
}

static void try_foreign_rings(const struct device *d)
{
	request.patience = ATTACK_MS;
	bool ended = begin(d, attacked & ~(uint64_t)(PAGE - 1)) && d->move(bus_of(out), false);
	request.patience = PATIENCE_MS;
	settle(SETTLE_MS);
	verdict(!ended, d, "has no rings at a foreign address", "at %lx", attacked);
	memset(out, UNTOUCHED, sizeof(out));
	verdict(begin(d, 0) && go_round(d), d, "works after the attacks", "%lx", in[0]);
}

/* Sizes the BAR with the registers as a system does (6.2.5.1): a whole power of 2, at a multiple of
 * its size. */
static void try_bar(const struct device *d, unsigned function)
{
	unsigned offset = PCI_BAR0 + 4 * d->bar;
	uint32_t low = pci_read32(function, offset), high = pci_read32(function, offset + 4);
	uint64_t address = pci_bar(function, d->bar);
	uint16_t command = pci_read16(function, PCI_COMMAND);

	pci_write16(function, PCI_COMMAND, command & (uint16_t)~COMMAND_MEMORY);
	pci_write32(function, offset, UINT32_MAX);
	pci_write32(function, offset + 4, UINT32_MAX);
	uint64_t bytes = -pci_bar(function, d->bar);
	pci_write32(function, offset, low);
	pci_write32(function, offset + 4, high);
	pci_write16(function, PCI_COMMAND, command);
	machine_print("rings: %s has %lx bytes of registers at %lx\n", d->name,
	              (unsigned long)(uint32_t)bytes, (unsigned long)address);
	bytes = (uint32_t)bytes; /* a BAR of 32 bits has no other half */
	verdict(bytes >= PAGE && (bytes & (bytes - 1)) == 0 && address % bytes == 0 &&
	                pci_bar(function, d->bar) == address,
	        d, "has a BAR that is sized as usual", "%lx bytes", bytes);
}

/* A request ends, and its interrupt waits while INTx is disabled. */
static void try_interrupt_disable(const struct device *d, unsigned function)
{
	uint16_t command = pci_read16(function, PCI_COMMAND);

	request.patience = ATTACK_MS;
	pci_write16(function, PCI_COMMAND, command | COMMAND_NO_INTX);
	bool early = d->move(bus_of(out), false);
	request.patience = PATIENCE_MS;
	pci_write16(function, PCI_COMMAND, command);
	bool came = request_await();
	verdict(!early && came, d, "holds its interrupt while INTx is disabled", "early %lu",
	        early);
	verdict(begin(d, 0), d, "takes its rings anew", "%lu", came);
}

static void try_device(const struct device *d)
{
	unsigned messages;
	int function = find(d);

	verdict(function >= 0, d, "is on bus 0", "no %lx", d->id);
	if (function < 0)
		return;
	(void)pci_capabilities((unsigned)function, &messages);
	if (machine_is_virtual())
		verdict(messages == 0, d, "shows no capability of messages", "%lu", messages);
	try_bar(d, (unsigned)function);
	bool ready = begin(d, 0);
	verdict(ready, d, "takes its rings", "BAR 0 is at %lx", pci_bar((unsigned)function, 0));
	if (!ready)
		return;
	try_requests(d);
	try_interrupt_disable(d, (unsigned)function);
}

/* Calls the trial for each device of do=. */
static void for_each(void (*trial)(const struct device *d))
{
	char list[64], item[24], value[24];
	const char *rest = list;

	(void)args_text("do", list, sizeof(list));
	while (args_item(&rest, item, value, sizeof(item))) {
		unsigned i = 0;
		while (i < DEVICES && strcmp(devices[i]->name, item) != 0)
			i++;
		if (i < DEVICES)
			trial(devices[i]);
		else
			report(false, "rings: each word of do= is a device", "%s is none", item);
	}
}
int guest_main(void)
{
	char list[64], item[24], value[24];
	const char *rest = list;

	pic_init((uint8_t)args_number("base", PIC_BASE), PIC_EOI_SPECIFIC);
	request.patience = PATIENCE_MS;
	for_each(try_device);
	if (args_text("attack", list, sizeof(list))) {
		while (args_item(&rest, item, value, sizeof(item)))
			if (args_parse(item, &attacked))
				for_each(try_attack);
		if (args_number("look", 0) == 0)
			for_each(try_foreign_rings);
	}
	return report_end("rings");
}
