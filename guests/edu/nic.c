/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network device 82540EM, QEMU's e1000 (PCI/PCI-X Family of Gigabit Ethernet Controllers,
 * Software Developer's Manual, 317453, revision 4.0). Its PHY returns each packet, so a packet is
 * two transfers by DMA: a read of the memory that is sent, and a write where the packet arrives.
 *
 * Rule: each wait is for an interrupt, and has an end.
 */
#include "guests/edu/edu.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/clock.h"
#include "guests/lib/cpu.h"
#include "guests/lib/machine.h"
#include "guests/lib/pic.h"
#include "guests/lib/stats.h"
#include "guests/lib/traps.h"

#include <string.h>

/* Registers by offset (13.4). */
enum { CTRL = 0x00, MDIC = 0x20, ICR = 0xc0, IMS = 0xd0, IMC = 0xd8, RCTL = 0x100, TCTL = 0x400 };
/* Of the rings, from RING_RECEIVE or RING_TRANSMIT on. */
enum { RING_RECEIVE = 0x2800, RING_TRANSMIT = 0x3800 };
enum { RING_LOW = 0x00, RING_HIGH = 0x04, RING_BYTES = 0x08, RING_HEAD = 0x10, RING_TAIL = 0x18 };
/* CTRL: 6 link up. RCTL: 15 broadcasts | 4:3 all addresses | 1 on. TCTL: 3 fill packets | 1 on.
 * ICR: 7 a packet has arrived. */
enum { LINK_UP = 1 << 6, RECEIVE = 1 << 15 | 3 << 3 | 1 << 1, TRANSMIT = 1 << 3 | 1 << 1 };
enum { CAUSE_ARRIVED = 1 << 7 };
/* MDIC: 27:26 operation, 1: write | 25:21 PHY | 20:16 register | 15:0 value. PHY's register 0: 14
 * loopback. */
enum { PHY_LOOPBACK = 1 << 26 | 1 << 21 | 1 << 14 };
/* Descriptors (3.2.3, 3.3.3): 16 bytes each. Command: 3 report | 1 checksum | 0 end of packet. */
enum { COMMAND = 1 << 3 | 1 << 1 | 1 << 0, DONE = 1, DESCRIPTORS = 8 };
/* QEMU's device takes no packet for a second after RCTL was written. */
enum { PACKET = 256, PATIENCE_MS = 2000, READY_MS = 1200, OTHER = 0xc3, SPOIL = 0xa7 };

struct descriptor {
	uint64_t address;
	uint16_t bytes;
	uint8_t by_kind, command, status, errors;
	uint16_t special;
};

static struct {
	struct descriptor transmit[DESCRIPTORS], receive[DESCRIPTORS];
	uint8_t out[PACKET], in[PACKET];
} shared __attribute__((aligned(4096)));
static volatile uint8_t *registers;
static volatile uint32_t seen, sent_at, latency;
static uint64_t bus; /* of the guest's address 0 */
static unsigned next;

static volatile uint32_t *at(unsigned offset)
{
	return (volatile uint32_t *)(registers + offset);
}

static void handle_nic(uint64_t tsc)
{
	uint32_t causes = *at(ICR); /* the read acknowledges */

	if (causes == 0)
		return;
	latency = (uint32_t)tsc - sent_at;
	seen |= causes;
}

static void ring_set(unsigned ring, const void *descriptors)
{
	*at(ring + RING_LOW) = (uint32_t)(bus + (uintptr_t)descriptors);
	*at(ring + RING_HIGH) = 0;
	*at(ring + RING_BYTES) = DESCRIPTORS * sizeof(struct descriptor);
	*at(ring + RING_HEAD) = *at(ring + RING_TAIL) = 0;
}

/* Begins both rings anew: a packet that was lost leaves its descriptor in the ring. */
static void rings_begin(void)
{
	next = 0;
	ring_set(RING_RECEIVE, shared.receive);
	ring_set(RING_TRANSMIT, shared.transmit);
}

/* Sends what lies at `from`; the packet arrives at `to`: addresses on the bus. Returns whether its
 * interrupt came. */
static bool loop_packet(uint64_t from, uint64_t to)
{
	unsigned place = next;
	uint64_t start = cpu_tsc();

	next = (next + 1) % DESCRIPTORS;
	shared.receive[place] = (struct descriptor){ .address = to };
	shared.transmit[place] = (struct descriptor){ .address = from,
		                                      .bytes = PACKET,
		                                      .command = COMMAND };
	seen = 0;
	*at(RING_RECEIVE + RING_TAIL) = next;
	sent_at = (uint32_t)cpu_tsc();
	cpu_interrupts_on();
	__asm__ volatile("" : : : "memory"); /* the device reads what was written */
	*at(RING_TRANSMIT + RING_TAIL) = next;
	while (!(seen & CAUSE_ARRIVED) && !clock_over(start, PATIENCE_MS))
		cpu_pause();
	cpu_interrupts_off();
	__asm__ volatile("" : : : "memory"); /* and writes what is read */
	return seen & CAUSE_ARRIVED;
}

static uint64_t bus_of(const void *own)
{
	return bus + (uintptr_t)own;
}

void nic_init(uint64_t address, unsigned line, uint64_t bus_base)
{
	registers = machine_window(address);
	bus = bus_base;
	*at(IMC) = UINT32_MAX;
	*at(CTRL) |= LINK_UP;
	*at(MDIC) = PHY_LOOPBACK;
	rings_begin();
	*at(RCTL) = RECEIVE;
	*at(TCTL) = TRANSMIT;
	for (uint64_t start = cpu_tsc(); !clock_over(start, READY_MS);)
		cpu_pause();
	irq_install(line, handle_nic);
	pic_unmask(line);
	*at(IMS) = CAUSE_ARRIVED;
}

bool nic_packet(void)
{
	memset(shared.out, (int)(next + 1), PACKET);
	memset(shared.in, OTHER, PACKET);
	return loop_packet(bus_of(shared.out), bus_of(shared.in)) &&
	       memcmp(shared.out, shared.in, PACKET) == 0;
}

uint32_t nic_loop(uint32_t n)
{
	struct span span;

	device_settle();
	device_samples.n = 0;
	device_samples.wanted = n;
	span_begin(&span);
	while (device_samples.n < n && nic_packet())
		samples_add(&device_samples, latency);
	span_end(&span);
	stats_report("nic", &device_samples, &span);
	return device_samples.n;
}

bool nic_attack(uint64_t address)
{
	memset(shared.out, SPOIL, PACKET);
	memset(shared.in, OTHER, PACKET);
	rings_begin();
	(void)loop_packet(address, bus_of(shared.in));
	bool blind = true;
	for (unsigned i = 0; i < PACKET; i++)
		blind = blind && (shared.in[i] == 0 || shared.in[i] == OTHER);
	rings_begin();
	device_settle(); /* QEMU's VT-d drops a fault at the page of a record that waits */
	bool ended = loop_packet(bus_of(shared.out), address);
	rings_begin();
	device_settle();
	machine_print("edu: wrote by DMA to %lx, ended %u\n", (unsigned long)address, ended);
	return blind;
}
