/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device's registers (QEMU documentation, "EDU device").
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

/* Registers by offset, 32 bits each; those of DMA have 64. */
enum {
	VERSION = 0x00,
	INVERSE = 0x04,
	FACTORIAL = 0x08,
	STATUS = 0x20,
	CAUSES = 0x24,
	RAISE = 0x60,
	ACKNOWLEDGE = 0x64,
	DMA_FROM = 0x80,
	DMA_TO = 0x88,
	DMA_BYTES = 0x90,
	DMA_COMMAND = 0x98
};
enum { STATUS_INTERRUPT = 0x80, DMA_START = 1, DMA_TO_MEMORY = 2, DMA_INTERRUPT = 4 };
enum { CAUSE_FACTORIAL = 1, CAUSE_PING = 2, CAUSE_DMA = 0x100, BUFFER = 0x40000 };
enum { VERSION_KIND = 0xed, VERSION_KIND_BITS = 0xff, PATIENCE_MS = 5000, SETTLE_MS = 200 };

static volatile uint8_t *registers;
static volatile uint32_t seen; /* causes that have interrupted */
static volatile uint32_t asserted_at, latency;
struct samples device_samples;

static volatile uint32_t *at(unsigned offset)
{
	return (volatile uint32_t *)(registers + offset);
}

static void handle_device(uint64_t tsc)
{
	uint32_t causes = *at(CAUSES);

	if (causes == 0) /* an interrupt of another device on the line */
		return;
	latency = (uint32_t)tsc - asserted_at;
	*at(ACKNOWLEDGE) = causes;
	seen |= causes;
}

void device_init(uint64_t address, unsigned line)
{
	registers = machine_window(address);
	irq_install(line, handle_device);
	pic_unmask(line);
}

bool device_answers(void)
{
	*at(INVERSE) = 0x12345678;
	return (*at(VERSION) & VERSION_KIND_BITS) == VERSION_KIND && *at(INVERSE) == ~0x12345678u;
}

/* The device works in the emulator's own time, so the guest does not sleep. */
static bool await(uint32_t cause)
{
	uint64_t start = cpu_tsc();

	cpu_interrupts_on();
	while (!(seen & cause) && !clock_over(start, PATIENCE_MS))
		cpu_pause();
	cpu_interrupts_off();
	bool came = seen & cause;
	seen = 0;
	return came;
}

uint32_t device_factorial(uint32_t n)
{
	*at(STATUS) = STATUS_INTERRUPT;
	*at(FACTORIAL) = n;
	bool came = await(CAUSE_FACTORIAL);
	*at(STATUS) = 0;
	return came ? *at(FACTORIAL) : 0;
}

uint32_t device_result(void)
{
	return *at(FACTORIAL);
}

/* The store asserts the line at once. The TSC is read three moves before the store. */
static inline void assert_line(void)
{
	__asm__ volatile("rdtsc\n\t"
	                 "movl %%eax, %0\n\t"
	                 "movq %1, %%rdx\n\t"
	                 "movl %2, %%eax\n\t"
	                 "movl %%eax, (%%rdx)"
	                 : "=m"(asserted_at)
	                 : "r"(at(RAISE)), "i"(CAUSE_PING)
	                 : "eax", "rdx", "memory");
}

void device_settle(void)
{
	for (uint64_t start = cpu_tsc(); !clock_over(start, SETTLE_MS);)
		cpu_pause();
}

uint32_t device_ping(uint32_t n)
{
	struct span span;

	device_settle();
	device_samples.n = 0;
	device_samples.wanted = n;
	span_begin(&span);
	cpu_interrupts_on();
	for (unsigned missed = 0; device_samples.n < n && missed < 3;) {
		uint64_t start = cpu_tsc();
		seen = 0;
		assert_line();
		while (!(seen & CAUSE_PING) && !clock_over(start, PATIENCE_MS))
			;
		if (seen & CAUSE_PING)
			samples_add(&device_samples, latency);
		else
			missed++;
	}
	cpu_interrupts_off();
	span_end(&span);
	seen = 0;
	stats_report("edu", &device_samples, &span);
	return device_samples.n;
}

static bool transfer(uint64_t from, uint64_t to, uint32_t bytes, uint32_t direction)
{
	*(volatile uint64_t *)at(DMA_FROM) = from;
	*(volatile uint64_t *)at(DMA_TO) = to;
	*(volatile uint64_t *)at(DMA_BYTES) = bytes;
	*at(DMA_COMMAND) = DMA_START | DMA_INTERRUPT | direction;
	return await(CAUSE_DMA);
}

bool device_copy(uint64_t from, uint64_t to, uint32_t bytes)
{
	return transfer(from, BUFFER, bytes, 0) && transfer(BUFFER, to, bytes, DMA_TO_MEMORY);
}
