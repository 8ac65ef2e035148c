/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Verilated block behind its Wishbone bus (chipset/rtl/wishbone.sv) beside the model: lanes,
 * holes, tags, cycles without a pause, cycles that are given up, and resets.
 *
 * Rule: a test has a line of output, and fails by its status. Registers and state words are read by
 * the bus itself.
 */
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "Vwishbone.h"
#include "verilated.h"

extern "C" {
#include "chipset/block/block.h"
#include "chipset/block/window.h"
}

enum tag { TAG_WINDOW = 1, TAG_PORT = 2, TAG_INTA = 4, TAGS = 8 };
/* Clocks. */
enum { LONGEST = 64, SETTLE = 4, CYCLE = 5, NEXT_PORT = 4, NO_PORT = 2, REFUSAL = 1 };
enum {
	LANES = 8,
	RANDOM = 200000,
	SPAN = 0x340 /* bytes of the window with registers, and a hole */
};
enum { STATES = (unsigned)BLOCK_BANKS * (unsigned)WINDOW_STATE_STRIDE };

static Vwishbone bus;
static struct block model;
static unsigned wrong;
static uint64_t cycles;

static void expect(const char *what, uint64_t wanted, uint64_t found)
{
	if (wanted == found)
		return;
	if (++wrong < 10)
		fprintf(stderr, "rtl: wishbone: %s is %" PRIx64 ", not %" PRIx64 "\n", what, found,
		        wanted);
}

static void verdict(const char *name)
{
	static unsigned before;
	printf("R07 rtl: wishbone: %s ... %s\n", name, wrong == before ? "ok" : "FAILED");
	before = wrong;
}

/* ---- The bus ---- */

static uint64_t next_random(void)
{
	static uint64_t seed = 88172645463325252u;
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void tick(void)
{
	bus.clk_i = 1;
	bus.eval();
	bus.clk_i = 0;
	bus.eval();
}

/* Puts a cycle on the bus. No clock passes. */
static void ask(unsigned tag, bool write, unsigned address, uint8_t lanes, uint64_t value)
{
	bus.cyc_i = bus.stb_i = 1;
	bus.we_i = write;
	bus.tgc_i = (CData)tag;
	bus.adr_i = (SData)(address >> 3);
	bus.sel_i = lanes;
	bus.dat_i = value;
}

static void release(void)
{
	bus.cyc_i = bus.stb_i = 0;
}

/* Clocks until the cycle's end; LONGEST: the cycle has no end. */
static unsigned finish(void)
{
	unsigned clocks = 0;
	do
		tick();
	while (++clocks < LONGEST && !bus.ack_o && !bus.err_o);
	expect("an acknowledge beside an error", 0, bus.ack_o && bus.err_o);
	cycles++;
	return clocks;
}

/* A whole cycle and a clock of pause. Returns the data. */
static uint64_t cycle(unsigned tag, bool write, unsigned address, uint8_t lanes, uint64_t value)
{
	/* At a read the master may drive anything. */
	ask(tag, write, address, lanes, write ? value : next_random());
	unsigned ports = (unsigned)__builtin_popcount(lanes), wanted = CYCLE;
	if (tag == TAG_PORT)
		wanted = CYCLE + NEXT_PORT * (ports - 1);
	if (tag == TAG_PORT && ports == 0)
		wanted = NO_PORT;
	expect("clocks of the cycle", wanted, finish());
	expect("the cycle's acknowledge", 1, bus.ack_o);
	uint64_t data = bus.dat_o;
	release();
	tick();
	expect("an acknowledge behind the cycle", 0, bus.ack_o || bus.err_o);
	return data;
}

static void reset(void)
{
	release();
	bus.irq = 0;
	bus.external = 0;
	bus.rst_i = 1;
	tick();
	bus.rst_i = 0;
	block_reset(&model);
}

/* ---- The same cycle on the model ---- */

static bool lanes_of(uint8_t lanes, unsigned *offset, unsigned *size)
{
	for (*size = 1; *size <= LANES; *size *= 2)
		for (*offset = 0; *offset < LANES; *offset += *size)
			if (lanes == (uint8_t)(((1u << *size) - 1) << *offset))
				return true;
	return false;
}

static uint64_t model_window(bool write, unsigned address, uint8_t lanes, uint64_t value)
{
	unsigned offset, size;
	if (!lanes_of(lanes, &offset, &size))
		return 0;
	if (!write)
		return block_window_read(&model, address + offset, size) << 8 * offset;
	block_window_write(&model, address + offset, size, value >> 8 * offset);
	return 0;
}

static uint64_t model_ports(bool write, unsigned address, uint8_t lanes, uint64_t value)
{
	uint64_t data = 0;
	for (unsigned lane = 0; lane < LANES; lane++) {
		uint16_t port = (uint16_t)(address + lane);
		if (!(lanes >> lane & 1))
			continue;
		if (write)
			block_port_write(&model, port, (uint8_t)(value >> 8 * lane));
		else
			data |= (uint64_t)block_port_read(&model, port) << 8 * lane;
	}
	return data;
}

/* Plays a cycle on both sides. The data of a read has to be the model's. */
static void both(unsigned tag, bool write, unsigned address, uint8_t lanes, uint64_t value)
{
	uint64_t data = cycle(tag, write, address, lanes, value), wanted;
	if (tag == TAG_WINDOW)
		wanted = model_window(write, address, lanes, value);
	else if (tag == TAG_PORT)
		wanted = model_ports(write, address, lanes, value);
	else
		wanted = block_acknowledge(&model);
	if (!write)
		expect("the data of a read", wanted, data);
}

static void same(void)
{
	for (unsigned slot = WINDOW_SELECT; slot <= WINDOW_BLOCK_INPUT; slot += LANES)
		both(TAG_WINDOW, false, slot, 0xff, 0);
	for (unsigned slot = 0; slot < STATES; slot += LANES)
		both(TAG_WINDOW, false, WINDOW_STATE + slot, 0xff, 0);
	expect("INTR", block_intr(&model), bus.intr);
}

static void drive(uint16_t lines)
{
	bus.irq = lines;
	for (unsigned i = 0; i < SETTLE; i++)
		tick();
	for (unsigned line = 0; line < BLOCK_LINES; line++)
		block_set_line(&model, line, lines >> line & 1);
}

/* A pair as a PC's firmware makes a pair, with every input open. */
static void initialise(void)
{
	static const uint16_t master[] = { 0x11, 0x20, 4, 1, 0 }, slave[] = { 0x11, 0x28, 2, 1, 0 };
	for (unsigned i = 0; i < sizeof(master) / sizeof(master[0]); i++) {
		unsigned lane = i ? 1 : 0;
		both(TAG_PORT, true, 0x20, (uint8_t)(1 << lane), (uint64_t)master[i] << 8 * lane);
		both(TAG_PORT, true, 0xa0, (uint8_t)(1 << lane), (uint64_t)slave[i] << 8 * lane);
	}
}

/* ---- The tests ---- */

static void every_lane(void)
{
	reset();
	initialise();
	for (unsigned lanes = 0; lanes < 256; lanes++) {
		for (unsigned slot = 0; slot < SPAN; slot += LANES) {
			both(TAG_WINDOW, false, slot, (uint8_t)lanes, 0);
			both(TAG_WINDOW, true, slot, (uint8_t)lanes, next_random());
			both(TAG_WINDOW, false, slot, (uint8_t)lanes, 0);
		}
		both(TAG_WINDOW, true, 0xff8, (uint8_t)lanes, next_random());
		both(TAG_WINDOW, false, 0xff8, (uint8_t)lanes, 0);
	}
	same();
	verdict("every set of lanes at every register and in holes: 1, 2, 4 or 8 aligned bytes, "
	        "or nothing");
}

/* An access that is wider than a byte is an access to each port, the lowest first. */
static void wide_ports(void)
{
	static const uint16_t places[] = { 0x20, 0xa0, 0x4d0, 0x28, 0, 0xfff8 };
	for (unsigned lanes = 0; lanes < 256; lanes++) {
		reset();
		initialise();
		drive(0x0208);
		for (uint16_t place : places) {
			both(TAG_PORT, false, place, (uint8_t)lanes, 0);
			both(TAG_PORT, true, place, (uint8_t)lanes, next_random());
			both(TAG_PORT, false, place, (uint8_t)lanes, 0);
		}
		same();
	}
	verdict("ports of every width: each byte is an access of its own, and other ports are FFh");
}

/* A cycle with no tag or with several tags asks for several things, or for nothing. */
static void bad_tags(void)
{
	reset();
	initialise();
	drive(1 << 3);
	for (unsigned tag = 0; tag < TAGS; tag++) {
		for (unsigned write = 0; write < 2; write++) {
			bool proper = tag == TAG_WINDOW || tag == TAG_PORT ||
			              (tag == TAG_INTA && !write);
			if (proper)
				continue;
			ask(tag, write, 0x20, 0xff, 0);
			expect("clocks to an error", REFUSAL, finish());
			expect("the error", 1, bus.err_o);
			release();
			tick();
			same();
		}
	}
	verdict("no tag, several tags, and a write of INTA: an error, and nothing happens");
}

/* The strobe stays high from cycle to cycle. Each cycle has one acknowledge. */
static void without_a_pause(void)
{
	enum { MANY = 300 };
	reset();
	initialise();
	drive(0x0208);
	for (unsigned i = 0; i < MANY; i++) {
		unsigned tag = 1u << i % 3;
		ask(tag, false, tag == TAG_PORT ? 0x20 : WINDOW_STATE, tag == TAG_PORT ? 1 : 0xff,
		    0);
		unsigned clocks = finish();
		/* The clock of the acknowledge before belongs to this count. */
		expect("clocks of a cycle", i ? CYCLE + 1 : CYCLE, clocks);
		uint64_t wanted = tag == TAG_INTA   ? block_acknowledge(&model)
		                  : tag == TAG_PORT ? model_ports(false, 0x20, 1, 0)
		                                    : model_window(false, WINDOW_STATE, 0xff, 0);
		expect("the data without a pause", wanted, bus.dat_o);
	}
	release();
	tick();
	same();
	verdict("cycles without a pause: 6 clocks each, and each happens once");
}

/* Begins an INTA of line 3 on a fresh block. clocks: so many clocks of the INTA pass. */
static void begin_inta(unsigned clocks)
{
	reset();
	initialise();
	drive(1 << 3);
	ask(TAG_INTA, false, 0, 0xff, 0);
	for (unsigned i = 0; i < clocks; i++)
		tick();
}

/* The master gives an INTA up after some clocks, and reads a register in the next clock but one. */
static void given_up(void)
{
	for (unsigned clocks = 1; clocks < CYCLE; clocks++) {
		begin_inta(clocks);
		release();
		tick();
		expect("an acknowledge of a cycle that was given up", 0, bus.ack_o || bus.err_o);
		block_acknowledge(&model); /* an INTA that was taken happens */
		/* The next cycle waits for the end of the INTA. */
		ask(TAG_WINDOW, false, WINDOW_STATE, 0xff, 0);
		expect("clocks behind a cycle that was given up", 2 * CYCLE - 1 - clocks, finish());
		expect("the acknowledge", 1, bus.ack_o);
		expect("the data", model_window(false, WINDOW_STATE, 0xff, 0), bus.dat_o);
		release();
		tick();
		same();
	}
	verdict("a cycle that its master gives up leaves the next cycle whole");
}

static void reset_in_an_inta(void)
{
	for (unsigned clocks = 0; clocks <= CYCLE; clocks++) {
		begin_inta(clocks);
		reset();
		for (unsigned i = 0; i < 2 * CYCLE; i++) {
			tick();
			expect("an acknowledge behind a reset", 0, bus.ack_o || bus.err_o);
		}
		same();
		initialise();
		drive(1 << 3);
		both(TAG_INTA, false, 0, 0xff, 0);
		same();
	}
	verdict("a reset in the middle of an INTA leaves block and bus as after power-on");
}

/* Random cycles and lines. */
static void random_cycles(void)
{
	static const uint16_t ports[] = { 0x20, 0xa0, 0x20, 0xa0, 0x4d0, 0x60 };
	reset();
	initialise();
	for (unsigned i = 0; i < RANDOM; i++) {
		uint64_t random = next_random();
		bool write = random & 1;
		uint8_t lanes = (uint8_t)(random & 2 ? random >> 8 : 0xff);
		unsigned slot = (unsigned)(random >> 16) % SPAN & ~7u;
		/* The state words of the connected bank may not be written while lines change. */
		if (slot >= WINDOW_STATE &&
		    model.connected == (slot - WINDOW_STATE) / WINDOW_STATE_STRIDE)
			write = false;
		switch (random >> 32 & 7) {
		case 0:
		case 1:
			drive((uint16_t)(bus.irq ^ (next_random() & next_random() &
			                            1u << (random >> 40 & 15))));
			break;
		case 2:
			both(TAG_INTA, false, 0, 0xff, 0);
			break;
		case 3:
		case 4:
			both(TAG_PORT, write, ports[(random >> 40) % 6],
			     (uint8_t)(random & 4 ? 3 : lanes), next_random());
			break;
		default:
			both(TAG_WINDOW, write, slot, lanes, next_random());
			break;
		}
		if (i % 1000 == 0)
			same();
	}
	same();
	verdict("random cycles and lines");
}

int main(void)
{
	bus.clk_i = 0;
	bus.eval();
	every_lane();
	wide_ports();
	bad_tags();
	without_a_pause();
	given_up();
	reset_in_an_inta();
	random_cycles();
	printf("R07 rtl: wishbone: %" PRIu64 " cycles; %d clocks from strobe to acknowledge\n",
	       cycles, (int)CYCLE);
	return wrong != 0;
}
