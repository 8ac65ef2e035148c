/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block on the simulated board. See the header for the rule.
 */
#include "tests/unit/sim_window.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"
#include "chipset/block/window.h"
#include "tests/unit/sim_board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a firmware puts it. */
enum { FUNCTION = 7 << 3, COMMAND_MEMORY = 1 << 1, NMI_OF_BLOCK = -2 };
#define BAR 0xc0000000u

struct sim_window sim_window;

/* ---- Lines, INTR and NMI ---- */

static void settle(int line)
{
	if (block_take_nmi(&sim_window.block))
		board_raise_nmi(line);
}

static void set_line(unsigned line, bool high)
{
	block_set_line(&sim_window.block, line, high);
	settle((int)line);
}

static void external(void)
{
	block_set_external(&sim_window.block, true);
	block_set_external(&sim_window.block, false);
	settle(-1);
}

static bool interrupt(void)
{
	return block_intr(&sim_window.block);
}

static uint8_t acknowledge(void)
{
	return block_acknowledge(&sim_window.block);
}

static uint8_t read(uint16_t port)
{
	return block_port_read(&sim_window.block, port);
}

static void write(uint16_t port, uint8_t value)
{
	block_port_write(&sim_window.block, port, value);
	settle(NMI_OF_BLOCK);
}

static bool in_service(unsigned input)
{
	const struct block *block = &sim_window.block;

	return block->bank[block->connected].chip[input / 8].isr >> (input & 7) & 1;
}

static const struct board_controller the_block = {
	.set_line = set_line,
	.external = external,
	.interrupt = interrupt,
	.acknowledge = acknowledge,
	.read = read,
	.write = write,
	.in_service = in_service,
};

void sim_window_detach(void)
{
	memset(&sim_window, 0, sizeof(sim_window));
}

void sim_window_attach(void)
{
	sim_window = (struct sim_window){ .present = true,
		                          .function = FUNCTION,
		                          .ids = (uint32_t)WINDOW_PCI_DEVICE << 16 |
		                                 WINDOW_PCI_VENDOR,
		                          .bar = BAR,
		                          .id = WINDOW_ID_VALUE,
		                          .version = WINDOW_VERSION_VALUE,
		                          .banks = BLOCK_BANKS };
	block_reset(&sim_window.block);
	board.controller = &the_block;
}

unsigned sim_window_accesses(void)
{
	unsigned count = (unsigned)(sim_window.reads + sim_window.writes);

	sim_window.reads = sim_window.writes = 0;
	return count;
}

void sim_window_direct_nmi(void)
{
	board_raise_nmi(-1);
}

void sim_window_print(void)
{
	const struct block *b = &sim_window.block;

	fprintf(stderr,
	        "block: lines %04x, latch %04x, route %04x, share %04x, mask %04x, bank %u, "
	        "pulses %u\n",
	        b->lines, b->latch, b->route, b->share, b->mask, b->connected, b->pulses);
	for (unsigned i = 0; i < BLOCK_BANKS; i++) {
		const struct i8259 *m = &b->bank[i].chip[PAIR_MASTER],
				   *s = &b->bank[i].chip[PAIR_SLAVE];

		if (m->step != I8259_RAW)
			fprintf(stderr,
			        "bank %u: edges %02x %02x, held %02x %02x, pins %02x %02x, isr "
			        "%02x %02x, imr %02x "
			        "%02x\n",
			        i, m->edges, s->edges, m->held, s->held, m->pins, s->pins, m->isr,
			        s->isr, m->imr, s->imr);
	}
}

/* ---- Memory ---- */

static void access(void)
{
	board.accesses++;
	if (board.between)
		board.between();
}

static bool hit(uint64_t address, uint32_t *offset)
{
	bool decoded = sim_window.present && sim_window.command & COMMAND_MEMORY;
	uint64_t base = sim_window.bar & ~15u;

	*offset = (uint32_t)(address - base);
	return decoded && address >= base && address - base < WINDOW_BYTES;
}

static uint64_t said(uint32_t offset, unsigned size, uint64_t value)
{
	if (offset == WINDOW_ID && size == 4)
		return sim_window.id;
	if (offset == WINDOW_VERSION && size == 4)
		return sim_window.version;
	if (offset == WINDOW_CAPABILITY && size == 4)
		return (value & ~0xffull) | sim_window.banks;
	return value;
}

static uint64_t window_read(uint64_t address, unsigned size)
{
	uint32_t offset;

	if (!hit(address, &offset))
		return UINT64_MAX; /* nobody answers */
	access();
	sim_window.reads++;
	uint64_t value = said(offset, size, block_window_read(&sim_window.block, offset, size));
	if (sim_window.logs)
		fprintf(stderr, "window: %03x reads %lx\n", offset, (unsigned long)value);
	return value;
}

static void window_write(uint64_t address, unsigned size, uint64_t value)
{
	uint32_t offset;

	if (!hit(address, &offset)) {
		fprintf(stderr, "a write to memory that is nobody's: %lx\n",
		        (unsigned long)address);
		abort();
	}
	access();
	sim_window.writes++;
	if (sim_window.logs)
		fprintf(stderr, "window: %03x takes %lx\n", offset, (unsigned long)value);
	block_window_write(&sim_window.block, offset, size, value);
	settle(NMI_OF_BLOCK);
}

#define ACCESS(bits)                                                   \
	uint##bits##_t mmio_read##bits(uint64_t address)               \
	{                                                              \
		return (uint##bits##_t)window_read(address, bits / 8); \
	}                                                              \
	void mmio_write##bits(uint64_t address, uint##bits##_t value)  \
	{                                                              \
		if ((address & ~UINT64_C(0xfff)) == platform.ioapic)   \
			board_ioapic_write(address, (uint32_t)value);  \
		else                                                   \
			window_write(address, bits / 8, value);        \
	}
ACCESS(8)
ACCESS(16)
ACCESS(32)
ACCESS(64)

/* ---- PCI configuration space, mechanism #1 ---- */

enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc, HOST_BRIDGE = 0 };
enum { ID = 0x00, COMMAND = 0x04, HEADER = 0x0c, BAR0 = 0x10 };
#define ENABLE 0x80000000u
#define HOST_BRIDGE_IDS 0x12378086u

static uint32_t config_address;

/* The register of a function that the address names; NULL: there is none. */
static uint32_t *config_register(uint32_t *read_only)
{
	unsigned function = config_address >> 8 & 0xff, offset = config_address & 0xfc;
	bool device_there = function >> 3 == HOST_BRIDGE ||
	                    function >> 3 == sim_window.function >> 3;

	*read_only = UINT32_MAX;
	if (!(config_address & ENABLE) || config_address & 0x7fff0000)
		return NULL;
	uint32_t *other = sim_window.others ? sim_window.others(function, offset) : NULL;
	if (other)
		return other;
	if (offset == HEADER && device_there) {
		*read_only = (function & 7) == 0 ? (uint32_t)sim_window.header << 16 : 0;
		return NULL;
	}
	if (function == HOST_BRIDGE || (device_there && (function & 7) == 0))
		*read_only = offset == ID ? HOST_BRIDGE_IDS : 0;
	if (!sim_window.present || function != sim_window.function)
		return NULL;
	*read_only = 0;
	switch (offset) {
	case ID:
		return &sim_window.ids;
	case COMMAND:
		return &sim_window.command;
	case BAR0:
		return &sim_window.bar;
	default:
		return NULL;
	}
}

uint32_t io_in32(uint16_t port)
{
	uint32_t read_only;

	if (port != CONFIG_DATA)
		abort();
	const uint32_t *found = config_register(&read_only);
	return found ? *found : read_only;
}

void io_out32(uint16_t port, uint32_t value)
{
	uint32_t read_only;

	if (port == CONFIG_ADDRESS) {
		config_address = value;
		return;
	}
	if (port != CONFIG_DATA)
		abort();
	uint32_t *found = config_register(&read_only);
	if (found == &sim_window.command)
		*found = value & 0xffff;
	else if (found == &sim_window.bar)
		*found = value & ~0xfffu;
	else if (found && sim_window.others) {
		*found = value;
		sim_window.others_written(config_address >> 8 & 0xff, config_address & 0xfc);
	}
}
