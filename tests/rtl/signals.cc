/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The signals of the Verilated block, clock by clock: bad input, and the times that docs/rtl.md
 * states.
 *
 * Rule: a test has a line of output, and fails by its status. The block has pulses of NMI_CLOCKS.
 */
#include "tests/rtl/device.h"

#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "Vblock.h"
#include "verilated.h"

extern "C" {
#include "chipset/block/block.h"
#include "chipset/block/window.h"
}

enum { NMI_CLOCKS = 4, EDGE_TO_NMI = 3, EDGE_TO_INTR = 4, SELECT_TO_INTR = 3, ACCESS = 3 };
enum { LONGEST = 40, OFFSETS = WINDOW_BYTES, SIZES = 16 };

static unsigned wrong;

static void expect(const char *what, uint64_t wanted, uint64_t found)
{
	if (wanted == found)
		return;
	if (++wrong < 10)
		fprintf(stderr, "rtl: %s is %" PRIx64 ", not %" PRIx64 "\n", what, found, wanted);
}

static void verdict(const char *name)
{
	static unsigned before;
	printf("R07 rtl: %s ... %s\n", name, wrong == before ? "ok" : "FAILED");
	before = wrong;
}

static void expect_same(const class device &rtl, const struct block *model)
{
	struct device_registers now = rtl.registers();
	expect("ROUTE", model->route, now.route);
	expect("MASK", model->mask, now.mask);
	expect("SHARE", model->share, now.share);
	expect("BANK", model->connected, now.bank);
	expect("STATUS", block_status(model), now.status);
	expect("EXTERNAL", model->external, now.external);
	expect("the pulses", model->pulses, now.pulses);
	expect("LEVEL", model->level, now.level);
	expect("LINES", model->lines, now.lines);
	expect("CONTROLLER_INPUT", model->controller_input, now.controller_input);
	expect("BLOCK_INPUT", model->block_input, now.block_input);
	for (unsigned bank = 0; bank < BLOCK_BANKS; bank++)
		for (unsigned word = 0; word < PAIR_WORDS; word++)
			expect("a state word", pair_word(&model->bank[bank], word),
			       rtl.state_word(bank, word));
	expect("INTR", block_intr(model), rtl.intr());
}

/* A pair as a PC's firmware makes a pair, with every input open. */
static void initialise(class device *rtl, struct block *model)
{
	static const struct {
		uint16_t port;
		uint8_t value;
	} rows[] = { { 0x20, 0x11 }, { 0x21, 0x20 }, { 0x21, 4 }, { 0x21, 1 }, { 0xa0, 0x11 },
		     { 0xa1, 0x28 }, { 0xa1, 2 },    { 0xa1, 1 }, { 0x21, 0 }, { 0xa1, 0 } };
	for (const auto &row : rows) {
		rtl->port_write(row.port, row.value);
		if (model)
			block_port_write(model, row.port, row.value);
	}
}

static void reset(class device *rtl, struct block *model)
{
	rtl->reset();
	block_reset(model);
}

static void set_line(class device *rtl, struct block *model, unsigned line, bool high)
{
	uint16_t bit = (uint16_t)(1u << line), lines = rtl->driven_lines();
	rtl->drive_lines((uint16_t)(high ? lines | bit : lines & ~bit));
	rtl->settle();
	block_set_line(model, line, high);
}

/* ---- The window ---- */

/* Every offset with every size from 0 to 15: only proper accesses have effects. */
static void every_access(class device *rtl, struct block *model)
{
	uint64_t seed = 1;
	for (unsigned size = 0; size < SIZES; size++) {
		reset(rtl, model);
		initialise(rtl, model);
		for (uint32_t offset = 0; offset < OFFSETS; offset++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
			expect("a read", block_window_read(model, offset, size),
			       rtl->window_read(offset, size));
			rtl->window_write(offset, size, seed);
			block_window_write(model, offset, size, seed);
			expect("a read", block_window_read(model, offset, size),
			       rtl->window_read(offset, size));
		}
		expect_same(*rtl, model);
	}
	verdict("accesses of every size at every offset");
}

/* Numbers of banks that do not exist, all lines high and routed. */
static void absent_banks(class device *rtl, struct block *model)
{
	reset(rtl, model);
	initialise(rtl, model);
	for (uint32_t bank = BLOCK_BANKS; bank < 0x10000; bank += 251) {
		uint64_t there = 0xffffu | (uint64_t)0xffff << 16,
			 away = there | (uint64_t)bank << 48;
		rtl->window_write(WINDOW_SELECT, 8, there);
		block_window_write(model, WINDOW_SELECT, 8, there);
		rtl->window_write(WINDOW_SELECT, 8, away);
		block_window_write(model, WINDOW_SELECT, 8, away);
		expect("ROUTE", 0, rtl->registers().route);
		expect_same(*rtl, model);
	}
	verdict("a bank that does not exist is never connected");
}

/* Each bank is connected in turn, and gets a mask of its own by its ports. */
static void every_bank(class device *rtl, struct block *model)
{
	reset(rtl, model);
	for (uint32_t turn = 0; turn < 2 * BLOCK_BANKS; turn++) {
		uint32_t bank = turn * 5 % BLOCK_BANKS;
		uint8_t mask = (uint8_t)(0x5a + turn);
		rtl->window_write(WINDOW_BANK, 2, bank);
		block_window_write(model, WINDOW_BANK, 2, bank);
		initialise(rtl, model);
		rtl->port_write(0x21, mask);
		block_port_write(model, 0x21, mask);
		expect_same(*rtl, model);
	}
	verdict("every bank has its own ports while the bank is connected");
}

/* All 65,536 ports. A port that is none of the six reads FFh, and a write there does nothing. */
static void absent_ports(class device *rtl, struct block *model)
{
	enum { PORTS = 0x10000 };
	reset(rtl, model);
	initialise(rtl, model);
	set_line(rtl, model, 9, true);
	for (unsigned port = 0; port < PORTS; port++) {
		bool there = (port & ~0x81u) == 0x20 || (port & ~1u) == 0x4d0;
		uint8_t found = rtl->port_read((uint16_t)port);
		expect("a port", block_port_read(model, (uint16_t)port), found);
		if (there)
			continue;
		expect("a port that does not exist", 0xff, found);
		rtl->port_write((uint16_t)port, 0x11);
	}
	expect_same(*rtl, model);
	verdict("a port that does not exist reads FFh, and a write there does nothing");
}

/* ---- Lines ---- */

/* A line that is high for `clocks`, from `phase` clocks behind the start of an access on, while
 * accesses follow each other without a pause. Returns the pulses of NMI that were counted. */
static unsigned pulses_of_a_pulse(class device *rtl, unsigned clocks, unsigned phase)
{
	Vblock &top = rtl->top();
	rtl->reset();
	rtl->window_write(WINDOW_SELECT, 8, 0); /* every line to the VMM block, nothing masked */
	rtl->window_read(WINDOW_STATUS, 4);
	top.port_strobe = 1;
	top.port_write = 0;
	top.port_address = 0x21;
	for (unsigned i = 0; i < LONGEST; i++) {
		rtl->drive_lines(i >= phase && i < phase + clocks ? 1 << 5 : 0);
		rtl->tick();
	}
	top.port_strobe = 0;
	rtl->settle();
	uint64_t status = rtl->window_read(WINDOW_STATUS, 4);
	expect("the latch of a pulse that was counted", (status >> 24) != 0 ? 1 << 5 : 0,
	       status & 0xffff);
	return (unsigned)(status >> 24);
}

static void glitches(class device *rtl)
{
	unsigned seen = 0;
	for (unsigned phase = 0; phase < 12; phase++) {
		unsigned one = pulses_of_a_pulse(rtl, 1, phase);
		expect("a pulse of one clock, counted twice", 0, one > 1);
		seen += one;
		for (unsigned clocks = 2; clocks < 6; clocks++)
			expect("a pulse of two clocks or more", 1,
			       pulses_of_a_pulse(rtl, clocks, phase));
	}
	expect("pulses of one clock that were seen", 1, seen > 0);
	/* Between two clocks nobody looks. */
	rtl->reset();
	rtl->window_write(WINDOW_SELECT, 8, 0);
	rtl->drive_lines(0xffff);
	rtl->drive_lines(0);
	rtl->settle();
	expect("a glitch between two clocks", 0, rtl->registers().status);
	verdict("a line that is high for two clocks is never lost, and none is counted twice");
}

static void write_port(class device *rtl, struct block *model, uint16_t port, uint8_t value)
{
	rtl->port_write(port, value);
	block_port_write(model, port, value);
}

static void route(class device *rtl, struct block *model, uint16_t lines)
{
	rtl->window_write(WINDOW_ROUTE, 2, lines);
	block_window_write(model, WINDOW_ROUTE, 2, lines);
}

/* The master has forgotten the slave's edge, by a poll. A SELECT takes the slave's request back and
 * brings another request. INT falls and rises within the SELECT, and is a new edge. */
static void falls_within_a_step(class device *rtl, struct block *model)
{
	enum { EOI = 0x20, POLL = 0x0c };
	reset(rtl, model);
	initialise(rtl, model);
	set_line(rtl, model, 10, true);
	expect("the vector", block_acknowledge(model), rtl->acknowledge());
	write_port(rtl, model, PORT_SLAVE, EOI);
	write_port(rtl, model, PORT_MASTER, EOI);
	set_line(rtl, model, 9, true);
	write_port(rtl, model, PORT_MASTER, POLL);
	expect("the poll", block_port_read(model, PORT_MASTER), rtl->port_read(PORT_MASTER));
	write_port(rtl, model, PORT_MASTER, EOI);
	route(rtl, model, 0);
	set_line(rtl, model, 9, false);
	set_line(rtl, model, 10, false);
	set_line(rtl, model, 10, true);
	expect("INTR before", 0, rtl->intr());
	route(rtl, model, 0xffff);
	expect("INTR behind", 1, rtl->intr());
	expect_same(*rtl, model);
	verdict("an INT of the slave that falls and rises within SELECT is an edge");
}

static void write_word(class device *rtl, struct block *model, unsigned word, uint64_t value)
{
	enum { WORD_BYTES = 8 };
	rtl->window_write(WINDOW_STATE + WORD_BYTES * word, WORD_BYTES, value);
	block_window_write(model, WINDOW_STATE + WORD_BYTES * word, WORD_BYTES, value);
}

/* State words have an input high without an edge, while the line is low. The line rises. The input
 * stays high until the edge, so the slave's INT falls first, and its rise is an edge at IR2. */
static void rises_at_a_high_input(class device *rtl, struct block *model)
{
	const uint64_t pin_0 = 1u << 24, cascade_pin = 4u << 24;
	reset(rtl, model);
	initialise(rtl, model);
	write_word(rtl, model, 0, block_window_read(model, WINDOW_STATE, 8) | cascade_pin);
	write_word(rtl, model, 1, block_window_read(model, WINDOW_STATE + 8, 8) | pin_0);
	expect("INTR before", 0, rtl->intr());
	set_line(rtl, model, 8, true);
	expect("INTR behind", 1, rtl->intr());
	expect_same(*rtl, model);
	verdict("a line that rises at an input whose state is high already is an edge");
}

/* ---- Strobes ---- */

static void three_strobes(class device *rtl, struct block *model)
{
	Vblock &top = rtl->top();
	unsigned order[3] = {}, done = 0;
	reset(rtl, model);
	initialise(rtl, model);
	rtl->drive_lines(1 << 9);
	rtl->settle();
	block_set_line(model, 9, true);
	top.inta = top.port_strobe = top.window_strobe = 1;
	top.port_write = top.window_write = 0;
	top.port_address = 0x20;
	top.window_address = WINDOW_STATE;
	top.window_size = 8;
	uint8_t vector = block_acknowledge(model), irr = block_port_read(model, 0x20);
	uint64_t word = block_window_read(model, WINDOW_STATE, 8);
	for (unsigned i = 0; i < LONGEST; i++) {
		rtl->tick();
		expect("acknowledges in a clock", 0,
		       top.inta_ack + top.port_ack + top.window_ack > 1);
		if (top.inta_ack) {
			expect("the vector", vector, top.inta_vector);
			order[0] = ++done;
			top.inta = 0;
		} else if (top.port_ack) {
			expect("IRR", irr, top.port_data);
			order[1] = ++done;
			top.port_strobe = 0;
		} else if (top.window_ack) {
			expect("the state", word, top.window_data);
			order[2] = ++done;
			top.window_strobe = 0;
		}
	}
	expect("accesses that happened", 3, done);
	expect("the order", 0x123, order[0] << 8 | order[1] << 4 | order[2]);
	expect_same(*rtl, model);
	verdict("three strobes in a clock are three accesses: INTA, port, window");
}

/* A port that is read without end keeps no access to the window waiting. */
static void fair(class device *rtl)
{
	Vblock &top = rtl->top();
	unsigned ports = 0;
	rtl->reset();
	top.port_strobe = top.window_strobe = 1;
	top.port_write = top.window_write = 0;
	top.port_address = 0x21;
	top.window_address = 0;
	top.window_size = 8;
	for (unsigned i = 0; i < LONGEST && !top.window_ack; i++) {
		rtl->tick();
		ports += top.port_ack;
	}
	expect("an access to the window", 1, top.window_ack);
	expect("accesses to the port before", 1, ports);
	top.port_strobe = top.window_strobe = 0;
	for (unsigned i = 0; i < 8; i++)
		rtl->tick();
	verdict("no strobe waits for more than one access of each other kind");
}

static void reset_in_an_inta(class device *rtl, struct block *model)
{
	for (unsigned clocks = 0; clocks < 5; clocks++) {
		reset(rtl, model);
		initialise(rtl, model);
		rtl->drive_lines(1 << 3);
		rtl->settle();
		rtl->top().inta = 1;
		for (unsigned i = 0; i < clocks; i++)
			rtl->tick();
		reset(rtl, model);
		for (unsigned i = 0; i < 8; i++) {
			expect("an acknowledge behind a reset", 0, rtl->top().inta_ack);
			rtl->tick();
		}
		expect_same(*rtl, model);
		initialise(rtl, model);
		rtl->drive_lines(1 << 3);
		rtl->settle();
		block_set_line(model, 3, true);
		expect("the vector", block_acknowledge(model), rtl->acknowledge());
		expect_same(*rtl, model);
	}
	verdict("a reset in the middle of an INTA leaves the block as after power-on");
}

/* ---- Times ---- */

static unsigned clocks_until(class device *rtl, const CData &signal)
{
	unsigned clocks = 0;
	while (!signal && clocks < LONGEST) {
		rtl->tick();
		clocks++;
	}
	return clocks;
}

static void times(class device *rtl)
{
	Vblock &top = rtl->top();
	unsigned to_intr, to_nmi, select_to_intr, access;
	rtl->reset();
	initialise(rtl, NULL);
	rtl->drive_lines(1 << 3);
	to_intr = clocks_until(rtl, top.intr);
	rtl->reset();
	rtl->window_write(WINDOW_SELECT, 8, 0);
	rtl->drive_lines(1 << 3);
	to_nmi = clocks_until(rtl, top.nmi);
	/* A latched line is routed: from the strobe to INTR, and to the acknowledge. */
	rtl->reset();
	initialise(rtl, NULL);
	rtl->window_write(WINDOW_SELECT, 8, 0xffff0000u);
	rtl->drive_lines(1 << 3);
	rtl->settle();
	top.window_strobe = top.window_write = 1;
	top.window_address = WINDOW_SELECT;
	top.window_size = 8;
	top.window_value = 0xffffffffu;
	select_to_intr = clocks_until(rtl, top.intr);
	access = select_to_intr + clocks_until(rtl, top.window_ack);
	top.window_strobe = 0;
	rtl->tick();
	printf("R07 rtl: clocks from edge to NMI %u, edge to INTR %u, ", to_nmi, to_intr);
	printf("SELECT to INTR %u, strobe to acknowledge %u\n", select_to_intr, access);
	expect("edge to NMI", EDGE_TO_NMI, to_nmi);
	expect("edge to INTR", EDGE_TO_INTR, to_intr);
	expect("SELECT to INTR", SELECT_TO_INTR, select_to_intr);
	expect("strobe to acknowledge", ACCESS, access);
	verdict("the times are those of docs/rtl.md");
}

/* Causes in these clocks, a bit each; returns NMI's level in each clock from the first cause on. */
static uint64_t nmi_of(class device *rtl, uint64_t causes)
{
	uint64_t levels = 0;
	rtl->reset();
	for (unsigned i = 0; i < LONGEST; i++) {
		rtl->drive_external(causes >> i & 1);
		rtl->tick();
		levels |= (uint64_t)rtl->nmi() << i;
	}
	return levels >> (EDGE_TO_NMI - 1);
}

static void pulses(class device *rtl)
{
	const uint64_t pulse = (1 << NMI_CLOCKS) - 1;
	expect("the pulse of a cause", pulse, nmi_of(rtl, 1));
	expect("the pulses of two causes", pulse | pulse << 2 * NMI_CLOCKS, nmi_of(rtl, 5));
	expect("the pulses of three causes", pulse | pulse << 2 * NMI_CLOCKS, nmi_of(rtl, 0x15));
	expect("the count", 3, rtl->registers().pulses);
	expect("the pulses of causes apart", pulse | pulse << 20, nmi_of(rtl, 1 | 1 << 20));
	verdict("a cause during a pulse makes one more pulse behind that pulse");
}

/* The count of pulses stays at 255 until the byte is read. */
static void count_of_pulses(class device *rtl)
{
	enum { MANY = 300, MOST = 255 };
	rtl->reset();
	for (unsigned i = 0; i < MANY; i++)
		rtl->window_write(WINDOW_EXTERNAL, 1, 1);
	expect("the count of many pulses", MOST, rtl->window_read(WINDOW_STATUS + 3, 1));
	expect("the count behind a read", 0, rtl->window_read(WINDOW_STATUS + 3, 1));
	verdict("the count of pulses stays at 255");
}

/* signals [FILE]: the file gets the lines and toggles that were reached. */
int main(int argc, char **argv)
{
	static struct block model;
	static class device rtl;
	every_access(&rtl, &model);
	absent_banks(&rtl, &model);
	every_bank(&rtl, &model);
	absent_ports(&rtl, &model);
	glitches(&rtl);
	falls_within_a_step(&rtl, &model);
	rises_at_a_high_input(&rtl, &model);
	three_strobes(&rtl, &model);
	fair(&rtl);
	reset_in_an_inta(&rtl, &model);
	times(&rtl);
	pulses(&rtl);
	count_of_pulses(&rtl);
	if (argc > 1)
		rtl.write_coverage(argv[1]);
	return wrong != 0;
}
