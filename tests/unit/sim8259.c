/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cascaded pair of 8259As: see the header.
 *
 * Rule: every change of a chip ends with settle(), which carries the slave's output to the master's
 * input 2.
 */
#include "tests/unit/sim8259.h"

#include <string.h>

enum { CASCADE = 2, SPURIOUS = 7 };
enum { ICW1_IC4 = 0x01, ICW1_SNGL = 0x02, ICW1 = 0x10, OCW3 = 0x08, ICW4_AUTO_EOI = 0x02 };

struct sim_pic sim_pic;

/* ---- Priorities ---- */

/* The input of highest priority in set, or -1. */
static int highest(const struct sim_chip *c, uint8_t set)
{
	for (unsigned i = 1; i <= 8; i++) {
		unsigned input = (c->lowest + i) % 8;

		if (set >> input & 1)
			return (int)input;
	}
	return -1;
}

/* Is input a of higher priority than b? */
static bool above(const struct sim_chip *c, int a, int b)
{
	return (a + 15 - (int)c->lowest) % 8 < (b + 15 - (int)c->lowest) % 8;
}

static uint8_t requests(const struct sim_chip *c)
{
	return (uint8_t)((c->irr & ~c->elcr) | (c->level & c->elcr));
}

/* The input whose request drives the output, or -1 (fully nested: something in service holds back
 * its own priority and below; special mask mode: only its own, while it is masked). */
static int request(const struct sim_chip *c)
{
	int in, serviced;

	if (c->expects && sim_pic.silent_in_initialisation)
		return -1;
	in = highest(c, requests(c) & ~c->imr);
	serviced = highest(c, c->special_mask ? c->isr & ~c->imr : c->isr);
	if (in < 0 || (serviced >= 0 && !above(c, in, serviced)))
		return -1;
	return in;
}

/* ---- Inputs ---- */

static void set_input(struct sim_chip *c, unsigned input, bool high)
{
	uint8_t bit = (uint8_t)(1u << input);

	if (high && !(c->level & bit))
		c->irr |= bit;
	if (!high && !sim_pic.keeps_fallen_edges)
		c->irr &= (uint8_t)~bit;
	if (high)
		c->level |= bit;
	else
		c->level &= (uint8_t)~bit;
}

static void settle(void)
{
	struct sim_chip *master = &sim_pic.chip[SIM_MASTER];
	bool output = request(&sim_pic.chip[SIM_SLAVE]) >= 0;

	/* The slave's output is a real wire, whatever becomes of the devices' edges: a request that
	 * is gone takes it down. */
	if (!output)
		master->irr &= (uint8_t) ~(1u << CASCADE);
	set_input(master, CASCADE, output);
	sim_pic.intr |= request(master) >= 0;
	if (request(master) < 0 || sim_pic.level < 0)
		sim_pic.level = request(master);
}

void sim_pic_set_line(unsigned line, bool high)
{
	set_input(&sim_pic.chip[line / 8], line % 8, high);
	settle();
}

void sim_pic_reset(void)
{
	for (unsigned i = 0; i < 2; i++) {
		memset(&sim_pic.chip[i], 0, sizeof(sim_pic.chip[i]));
		sim_pic.chip[i].lowest = 7;
		sim_pic.chip[i].imr = 0xff;
	}
}

/* ---- Acknowledge ---- */

static void serve(struct sim_chip *c, unsigned input)
{
	uint8_t bit = (uint8_t)(1u << input);

	c->irr &= (uint8_t)~bit;
	if (c->icw4 & ICW4_AUTO_EOI) {
		if (c->rotate_auto)
			c->lowest = input;
	} else {
		c->isr |= bit;
	}
}

bool sim_pic_interrupt(void)
{
	return request(&sim_pic.chip[SIM_MASTER]) >= 0 || (sim_pic.intr_stays && sim_pic.intr);
}

uint8_t sim_pic_acknowledge(void)
{
	struct sim_chip *master = &sim_pic.chip[SIM_MASTER], *slave = &sim_pic.chip[SIM_SLAVE];
	int in = request(master);
	uint8_t vector;

	if (in >= 0 && sim_pic.level_stays)
		in = sim_pic.level;
	sim_pic.intr = false;
	sim_pic.level = -1;
	if (in < 0)
		return (uint8_t)((master->icw2 & 0xf8) + SPURIOUS);
	serve(master, (unsigned)in);
	vector = (uint8_t)((master->icw2 & 0xf8) + in);
	if (in == CASCADE) {
		int from = request(slave);

		if (from >= 0) {
			serve(slave, (unsigned)from);
			/* The output falls, also where automatic EOI leaves another request
			 * standing. */
			set_input(master, CASCADE, false);
		}
		vector = (uint8_t)((slave->icw2 & 0xf8) + (from < 0 ? SPURIOUS : from));
	}
	settle();
	return vector;
}

/* ---- Ports ---- */

static void write_icw1(struct sim_chip *c, uint8_t value)
{
	uint8_t level = c->level, elcr = c->elcr;

	/* "The edge sense circuit is reset": an input that is high has to rise anew. IMR and ISR
	 * are cleared, input 7 has the lowest priority, special mask mode is off, status read is
	 * IRR; without IC4 all that ICW4 selects is off. */
	memset(c, 0, sizeof(*c));
	c->level = level;
	c->elcr = elcr;
	c->lowest = 7;
	c->icw1 = value;
	c->expects = 2;
}

static void write_icw(struct sim_chip *c, uint8_t value)
{
	switch (c->expects) {
	case 2:
		c->icw2 = value;
		c->expects = !(c->icw1 & ICW1_SNGL) ? 3 : (c->icw1 & ICW1_IC4) ? 4 : 0;
		break;
	case 3:
		c->icw3 = value;
		c->expects = (c->icw1 & ICW1_IC4) ? 4 : 0;
		break;
	default:
		c->icw4 = value;
		c->expects = 0;
	}
}

static void write_ocw2(struct sim_chip *c, uint8_t value)
{
	int level = value & 7, ended = highest(c, c->special_mask ? c->isr & ~c->imr : c->isr);

	switch (value >> 5) {
	case 0: /* rotate in auto EOI, clear */
	case 4: /* set */
		c->rotate_auto = value >> 7;
		break;
	case 1: /* non-specific EOI */
	case 5: /* and rotate */
		if (ended < 0)
			break;
		c->isr &= (uint8_t) ~(1u << ended);
		if (value & 0x80)
			c->lowest = (unsigned)ended;
		break;
	case 3: /* specific EOI */
	case 7: /* and rotate */
		c->isr &= (uint8_t) ~(1u << level);
		if (value & 0x80)
			c->lowest = (unsigned)level;
		break;
	case 6: /* set priority */
		c->lowest = (unsigned)level;
		break;
	default: /* no operation */
		break;
	}
}

static void write_ocw3(struct sim_chip *c, uint8_t value)
{
	if (value & 0x40)
		c->special_mask = value >> 5 & 1;
	c->poll = value >> 2 & 1;
	if (!c->poll && (value & 2))
		c->read_isr = value & 1;
}

/* ELCR1 and ELCR2 (ICH9 datasheet 13.4.11, 13.4.12). */
static bool is_elcr(uint16_t port)
{
	return (port & ~1) == 0x4d0;
}

void sim_pic_write(uint16_t port, uint8_t value)
{
	static const uint8_t elcr_bits[] = { 0xf8, 0xde };
	struct sim_chip *c = is_elcr(port) ? &sim_pic.chip[port & 1] : &sim_pic.chip[port >> 7];

	if (is_elcr(port)) {
		c->elcr = value & elcr_bits[port & 1];
	} else if (port & 1) {
		if (c->expects)
			write_icw(c, value);
		else
			c->imr = value;
	} else if (value & ICW1) {
		write_icw1(c, value);
	} else if (value & OCW3) {
		write_ocw3(c, value);
	} else {
		write_ocw2(c, value);
	}
	if (port >> 7 == SIM_MASTER)
		sim_pic.intr = false;
	settle();
}

uint8_t sim_pic_read(uint16_t port)
{
	struct sim_chip *c = is_elcr(port) ? &sim_pic.chip[port & 1] : &sim_pic.chip[port >> 7];
	uint8_t value;
	int in;

	if (is_elcr(port))
		return c->elcr;
	if (c->poll) {
		c->poll = false;
		in = request(c);
		value = in < 0 ? 0 : (uint8_t)(0x80 | in);
		if (in >= 0)
			serve(c, (unsigned)in);
		settle();
		return value;
	}
	if (port & 1)
		return c->imr;
	return c->read_isr ? c->isr : requests(c);
}
