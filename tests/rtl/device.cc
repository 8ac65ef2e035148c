/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/rtl/device.h"

#include "Vblock.h"
#include "Vblock___024root.h"
#include "verilated.h"
#include "verilated_cov.h"
#include "verilated_vcd_c.h"

#include <cstdio>
#include <cstdlib>

enum { CHIP_BITS = 87, CHIP_WORD_BITS = 64, ACK_CLOCKS = 64 };

device::device() : context(new VerilatedContext), block(new Vblock(context.get(), "block"))
{
	/* The first evaluation sees no edge of the clock. */
	block->clock = 0;
	block->eval();
	reset();
}

device::~device()
{
	stop_recording();
	block->final();
}

void device::record(const char *name)
{
#if VM_TRACE
	context->traceEverOn(true);
	file = std::make_unique<VerilatedVcdC>();
	block->trace(file.get(), 8);
	file->open(name);
#else
	(void)name;
#endif
}

void device::stop_recording(void)
{
	if (file)
		file->close();
	file.reset();
}

bool device::recording(void) const
{
	return file && file->isOpen();
}

void device::write_coverage(const char *name)
{
#if VM_COVERAGE
	context->coveragep()->write(name);
#else
	(void)name;
#endif
}

/* Two moments a clock. */
void device::show(unsigned moment)
{
	if (file)
		file->dump(2 * clock_count + moment);
}

void device::tick(void)
{
	block->clock = 1;
	block->eval();
	show(0);
	block->clock = 0;
	block->eval();
	show(1);
	clock_count++;
	nmi_risen |= block->nmi && !nmi_before;
	nmi_before = block->nmi;
}

void device::settle(void)
{
	for (unsigned i = 0; i < LINE_CLOCKS; i++)
		tick();
}

void device::reset(void)
{
	block->irq = 0;
	block->external = 0;
	block->inta = block->port_strobe = block->window_strobe = 0;
	block->reset = 1;
	tick();
	block->reset = 0;
	nmi_before = nmi_risen = false;
}

void device::drive_lines(uint16_t lines)
{
	block->irq = lines;
}

void device::drive_external(bool high)
{
	block->external = high;
}

uint16_t device::driven_lines(void) const
{
	return block->irq;
}

bool device::driven_external(void) const
{
	return block->external;
}

bool device::intr(void) const
{
	return block->intr;
}

bool device::nmi(void) const
{
	return block->nmi;
}

bool device::take_nmi(void)
{
	bool risen = nmi_risen;
	nmi_risen = false;
	return risen;
}

bool device::peek_nmi(void) const
{
	return nmi_risen;
}

/* ---- Accesses ---- */

/* A strobe without an acknowledge is a fault of the block, and the end of the program. */
static void wait(device *device, const CData &ack, const char *what)
{
	for (unsigned i = 0; i < ACK_CLOCKS; i++) {
		device->tick();
		if (ack)
			return;
	}
	fprintf(stderr, "rtl: no acknowledge of %s within %d clocks\n", what, ACK_CLOCKS);
	abort();
}

uint8_t device::acknowledge(void)
{
	block->inta = 1;
	wait(this, block->inta_ack, "INTA");
	block->inta = 0;
	tick();
	return block->inta_vector;
}

uint8_t device::port_read(uint16_t port)
{
	block->port_strobe = 1;
	block->port_write = 0;
	block->port_address = port;
	wait(this, block->port_ack, "a port's read");
	block->port_strobe = 0;
	tick();
	return block->port_data;
}

void device::port_write(uint16_t port, uint8_t value)
{
	block->port_strobe = 1;
	block->port_write = 1;
	block->port_address = port;
	block->port_value = value;
	wait(this, block->port_ack, "a port's write");
	block->port_strobe = 0;
	tick();
}

uint64_t device::window_read(uint32_t offset, unsigned size)
{
	block->window_strobe = 1;
	block->window_write = 0;
	block->window_address = (SData)(offset & 0xfff);
	block->window_size = (CData)(size & 15);
	wait(this, block->window_ack, "the window's read");
	block->window_strobe = 0;
	tick();
	return block->window_data;
}

void device::window_write(uint32_t offset, unsigned size, uint64_t value)
{
	block->window_strobe = 1;
	block->window_write = 1;
	block->window_address = (SData)(offset & 0xfff);
	block->window_size = (CData)(size & 15);
	block->window_value = value;
	wait(this, block->window_ack, "the window's write");
	block->window_strobe = 0;
	tick();
}

/* ---- The registers ---- */

struct device_registers device::registers(void) const
{
	const Vblock___024root *root = block->rootp;
	return {
		.route = root->block__DOT__route,
		.mask = root->block__DOT__mask,
		.share = root->block__DOT__share,
		.bank = root->block__DOT__connected,
		.status = root->block__DOT__status,
		.level = root->block__DOT__level,
		.lines = root->block__DOT__lines,
		.pulses = root->block__DOT__pulses,
		.external = (bool)root->block__DOT__external_risen,
		.controller_input = root->block__DOT__controller_input,
		.block_input = root->block__DOT__block_input,
	};
}

const uint32_t *device::bank(unsigned number) const
{
	return block->rootp->block__DOT__bank[number].data();
}

/* Returns `count` bits from bit `at` on, 64 at most. */
static uint64_t bits(const uint32_t *words, unsigned at, unsigned count)
{
	uint64_t value = 0;
	for (unsigned done = 0; done < count;) {
		unsigned offset = (at + done) % 32, here = 32 - offset;
		if (here > count - done)
			here = count - done;
		uint64_t part = words[(at + done) / 32] >> offset & ((1ull << here) - 1);
		value |= part << done;
		done += here;
	}
	return value;
}

static uint32_t modes(const uint32_t *words, unsigned chip)
{
	unsigned at = chip * CHIP_BITS + CHIP_WORD_BITS;
	return (uint32_t)(bits(words, at, 13) | bits(words, at + 13, 3) << 16 |
	                  bits(words, at + 16, 7) << 20);
}

uint64_t device::state_word(unsigned number, unsigned word) const
{
	const uint32_t *words = bank(number);
	if (word < 2)
		return bits(words, word * CHIP_BITS, CHIP_WORD_BITS);
	return modes(words, 0) | (uint64_t)modes(words, 1) << 32;
}

Vblock &device::top(void)
{
	return *block;
}

uint64_t device::clocks(void) const
{
	return clock_count;
}
