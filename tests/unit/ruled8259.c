/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 8259A pair with rules: see the header.
 *
 * Rule: whatever happens to a chip ends with update(), which works out INT and carries the slave's
 * to the master.
 */
#include "tests/unit/ruled8259.h"

#include <string.h>

enum { SLAVE_INPUT = 2, SPURIOUS = 7, NOBODY = 0xff };
enum step { READY, ICW2, ICW3, ICW4 };
enum { IC4 = 0x01, SNGL = 0x02, ADI = 0x04, LTIM = 0x08 };         /* ICW1 */
enum { UPM = 0x01, AEOI = 0x02, SFNM = 0x10 };                     /* ICW4 */
enum { EOI = 0x20, SL = 0x40, R = 0x80 };                          /* OCW2 */
enum { RIS = 0x01, RR = 0x02, P = 0x04, SMM = 0x20, ESMM = 0x40 }; /* OCW3 */

struct chip {
	bool slave;
	uint8_t pins, latch, isr, imr, elcr;
	uint8_t icw1, icw2, icw3, icw4;
	enum step step;
	unsigned lowest;
	bool read_isr, poll, special_mask, rotate;
	bool out;        /* INT */
	unsigned chosen; /* INT_LATCHED: the level that INT is for */
};

static struct chip chips[2];
static uint32_t on;

static bool rule(uint32_t which)
{
	return on & which;
}

static bool has(uint8_t set, unsigned level)
{
	return set >> level & 1;
}

static uint8_t bit(unsigned level)
{
	return (uint8_t)(1u << level);
}

/* 0 is the highest priority. */
static unsigned priority(const struct chip *c, unsigned level)
{
	return (level + 8 - (c->lowest + 1)) % 8;
}

/* The level of the highest priority in set, -1 for none. */
static int highest(const struct chip *c, uint8_t set)
{
	for (unsigned level = 0, best = 8; best-- > 0;)
		if (has(set, level = (c->lowest + 8 - best) % 8))
			return (int)level;
	return -1;
}

/* ---- Requests ---- */

static uint8_t irr(const struct chip *c)
{
	uint8_t level = rule(RULE_LEVEL_STORED) ? 0 : c->elcr;

	if (c->icw1 & LTIM && !rule(RULE_LTIM_IGNORED))
		level = 0xff;
	return (uint8_t)((c->latch & ~level) | (c->pins & level));
}

static bool is_slave_input(const struct chip *c, unsigned level)
{
	if (c->slave)
		return false;
	if (rule(RULE_CASCADE_FIXED))
		return level == SLAVE_INPUT;
	return !(c->icw1 & SNGL) && has(c->icw3, level);
}

/* The level that asks and is not held back, -1 for none. */
static int request(const struct chip *c)
{
	bool sfnm = c->icw4 & SFNM && !rule(RULE_SFNM_NONE);
	uint8_t serving = c->isr, asking = irr(c) & (uint8_t)~c->imr;

	if (c->step != READY && !rule(RULE_INT_IN_INIT))
		return -1;
	if (c->special_mask && rule(RULE_SMM_ALL)) {
		asking &= (uint8_t)~c->isr;
		serving = 0;
	} else if (c->special_mask) {
		serving &= (uint8_t)~c->imr;
	}
	if (sfnm && rule(RULE_SFNM_LOWER) && !c->slave)
		serving &= (uint8_t)~bit(SLAVE_INPUT);
	int asks = highest(c, asking), serves = highest(c, serving);
	if (asks < 0 || serves < 0)
		return asks;
	if (priority(c, (unsigned)asks) < priority(c, (unsigned)serves))
		return asks;
	return asks == serves && sfnm && is_slave_input(c, (unsigned)asks) ? asks : -1;
}

static void update(struct chip *c);

/* Tell the master what the slave's INT is. */
static void cascade(bool high)
{
	struct chip *m = &chips[0];
	uint8_t before = m->pins;

	if (high) {
		m->pins |= bit(SLAVE_INPUT);
		m->latch |= m->pins & (uint8_t)~before;
	} else {
		m->pins &= (uint8_t)~bit(SLAVE_INPUT);
		if (!rule(RULE_EDGE_STAYS) ||
		    (has(m->elcr, SLAVE_INPUT) && rule(RULE_LEVEL_STORED)))
			m->latch &= (uint8_t)~bit(SLAVE_INPUT);
	}
	if (!rule(RULE_INT_LATCHED) || m->pins & (uint8_t)~before)
		update(m);
}

/* INT_LATCHED: the first request is it; without any that is not masked INT falls, if anybody
 * looks. */
static void update_latched(struct chip *c)
{
	int top = highest(c, c->isr), asks = request(c);
	bool any = irr(c) & (uint8_t)~c->imr;

	if (!c->special_mask && top >= 0 && priority(c, (unsigned)top) == 0)
		return;
	if (any && !c->out && asks >= 0) {
		c->out = true;
		c->chosen = (unsigned)asks;
		if (c->slave)
			cascade(true);
	} else if (!any && c->out) {
		c->out = false;
		if (c->slave)
			cascade(false);
	}
}

static void update(struct chip *c)
{
	if (rule(RULE_INT_LATCHED)) {
		update_latched(c);
		return;
	}
	c->out = request(c) >= 0;
	if (c->slave)
		cascade(c->out);
}

/* A mode has changed, no request, mask or end of one. */
static void update_mode(struct chip *c)
{
	if (!rule(RULE_INT_LATER) && !rule(RULE_INT_LATCHED))
		update(c);
}

void ruled_line(unsigned line, bool high)
{
	struct chip *c = &chips[line / 8];
	uint8_t mine = bit(line % 8), before = c->pins;

	c->pins = (uint8_t)(high ? before | mine : before & ~mine);
	if (high)
		c->latch |= c->pins & (uint8_t)~before;
	else if (!rule(RULE_EDGE_STAYS) || (c->elcr & mine && rule(RULE_LEVEL_STORED)))
		c->latch &= (uint8_t)~mine;
	if (high || !rule(RULE_INT_LATCHED))
		update(c);
}

/* ---- Acknowledge ---- */

/* The level goes into service, at the first INTA or by a poll. */
static void serve(struct chip *c, unsigned level)
{
	if (!rule(RULE_LEVEL_STORED) || !has(c->elcr, level))
		c->latch &= (uint8_t)~bit(level);
	if (!(c->icw4 & AEOI))
		c->isr |= bit(level);
	else if (c->rotate)
		c->lowest = level;
}

static uint8_t vector(const struct chip *c, unsigned level)
{
	if (c->icw4 & UPM || rule(RULE_MCS80_IGNORED))
		return (uint8_t)((c->icw2 & 0xf8) | level);
	if (c->icw1 & ADI)
		return (uint8_t)((c->icw1 & 0xe0) | level << 2);
	return (uint8_t)((c->icw1 & 0xc0) | level << 3);
}

/* Which level does INTA find? -1: none. */
static int acknowledged(struct chip *c)
{
	bool any = irr(c) & (uint8_t)~c->imr;

	if (rule(RULE_INT_LATER) || rule(RULE_INT_LATCHED))
		c->out = false;
	if (!rule(RULE_INT_LATCHED))
		return request(c);
	return any ? (int)c->chosen : -1;
}

static uint8_t acknowledge_slave(unsigned input)
{
	struct chip *m = &chips[0], *s = &chips[1];
	bool mine = s->step == READY && !(s->icw1 & SNGL) && s->icw3 == input;

	if (!mine && !rule(RULE_CASCADE_FIXED)) {
		update(m);
		return NOBODY;
	}
	if (!rule(RULE_CASCADE_NO_EDGE))
		m->pins &= (uint8_t)~bit(SLAVE_INPUT);
	int level = acknowledged(s);
	if (level >= 0)
		serve(s, (unsigned)level);
	if (level >= 0 || !rule(RULE_INT_LATCHED)) {
		update(s);
		update(m);
	}
	return vector(s, level < 0 ? SPURIOUS : (unsigned)level);
}

uint8_t ruled_acknowledge(void)
{
	struct chip *m = &chips[0];
	int level = acknowledged(m);

	if (level < 0)
		return vector(m, SPURIOUS);
	serve(m, (unsigned)level);
	if (!is_slave_input(m, (unsigned)level)) {
		update(m);
		return vector(m, (unsigned)level);
	}
	return acknowledge_slave((unsigned)level);
}

bool ruled_intr(void)
{
	return chips[0].out;
}

/* ---- Commands ---- */

static void write_icw1(struct chip *c, uint8_t value)
{
	uint8_t levels = rule(RULE_LEVEL_STORED) ? c->elcr : 0;

	c->icw1 = value;
	c->icw4 = 0;
	if (rule(RULE_INIT_NO_BASE))
		c->icw2 = 0;
	if (c->slave)
		c->icw3 = 7;
	c->latch &= rule(RULE_INIT_DROPS_LEVEL) ? 0 : levels;
	if (rule(RULE_INIT_FORGETS))
		c->pins = 0;
	c->isr = c->imr = 0;
	c->lowest = 7;
	c->rotate = false;
	if (!rule(RULE_INIT_KEEPS))
		c->special_mask = c->read_isr = c->poll = false;
	c->step = ICW2;
	if (!rule(RULE_INT_LATCHED)) {
		update(c);
		return;
	}
	c->out = false;
	if (c->slave && rule(RULE_INIT_LEAVES_MASTER))
		chips[0].pins &= (uint8_t)~bit(SLAVE_INPUT);
	else if (c->slave)
		cascade(false);
}

static void end(struct chip *c, int level, bool rotates)
{
	if (level < 0)
		return;
	c->isr &= (uint8_t)~bit((unsigned)level);
	if (rotates)
		c->lowest = (unsigned)level;
}

static void end_highest(struct chip *c, bool rotates)
{
	bool spares_masked = c->special_mask && !rule(RULE_EOI_ENDS_MASKED);
	bool by_one = rotates && rule(RULE_ROTATE_BY_ONE);
	int level = highest(c, spares_masked ? c->isr & (uint8_t)~c->imr : c->isr);

	end(c, level, rotates && !by_one);
	if (by_one)
		c->lowest = (c->lowest + 1) % 8;
	if (level < 0 && rule(RULE_INT_LATER))
		return;
	update(c);
}

static void write_ocw2(struct chip *c, uint8_t value)
{
	unsigned level = value & 7;

	if (level != 0 && !(value & SL) && rule(RULE_OCW2_LISTED))
		return;
	switch (value & (R | SL | EOI)) {
	case EOI:
	case R | EOI:
		end_highest(c, value & R);
		return;
	case SL | EOI:
	case R | SL | EOI:
		end(c, (int)level, value & R);
		break;
	case R | SL:
		c->lowest = level;
		if (rule(RULE_INT_LATCHED))
			return;
		break;
	case SL: /* no operation */
		return;
	default:
		c->rotate = value & R;
		update_mode(c);
		return;
	}
	update(c);
}

static void write_ocw3(struct chip *c, uint8_t value)
{
	if (value & P && rule(RULE_POLL_ALONE)) {
		c->poll = true;
		return;
	}
	c->poll = value & P || (c->poll && rule(RULE_POLL_STAYS));
	if (value & RR)
		c->read_isr = value & RIS;
	if (!(value & ESMM))
		return;
	c->special_mask = value & SMM;
	if (rule(RULE_INT_LATCHED) && c->special_mask)
		update(c);
	else
		update_mode(c);
}

static void write_icw(struct chip *c, uint8_t value)
{
	bool needs_4 = c->icw1 & IC4, single = c->icw1 & SNGL && !rule(RULE_SNGL_IGNORED);

	switch (c->step) {
	case ICW2:
		c->icw2 = value;
		c->step = !single ? ICW3 : needs_4 ? ICW4 : READY;
		break;
	case ICW3:
		c->icw3 = c->slave ? value & 7 : value;
		c->step = needs_4 ? ICW4 : READY;
		break;
	default:
		c->icw4 = value;
		c->step = READY;
	}
	update_mode(c);
}

void ruled_write(uint16_t port, uint8_t value)
{
	struct chip *c = &chips[port == 0xa0 || port == 0xa1 || port == 0x4d1];

	if (port == 0x4d0 || port == 0x4d1) {
		c->elcr = value & (c->slave ? 0xde : 0xf8);
		update_mode(c);
	} else if (port & 1 && c->step != READY) {
		write_icw(c, value);
	} else if (port & 1) {
		c->imr = value;
		update(c);
	} else if (value & 0x10) {
		write_icw1(c, value);
	} else if (value & 0x08) {
		write_ocw3(c, value);
	} else {
		write_ocw2(c, value);
	}
}

/* ---- Reads ---- */

static uint8_t poll(struct chip *c)
{
	c->poll = false;
	if (rule(RULE_POLL_ENDS)) {
		end(c, highest(c, c->isr), false);
		update(c);
		return (uint8_t)c->chosen;
	}
	int level = request(c);
	if (level >= 0)
		serve(c, (unsigned)level);
	update(c);
	return level < 0 ? 0 : (uint8_t)(0x80 | level);
}

uint8_t ruled_read(uint16_t port)
{
	struct chip *c = &chips[port == 0xa0 || port == 0xa1 || port == 0x4d1];

	if (port == 0x4d0 || port == 0x4d1)
		return c->elcr;
	if (c->poll)
		return poll(c);
	if (port & 1)
		return c->imr;
	return c->read_isr ? c->isr : irr(c);
}

void ruled_reset(uint32_t rules)
{
	on = rules;
	memset(chips, 0, sizeof(chips));
	for (unsigned i = 0; i < 2; i++) {
		chips[i].slave = i;
		chips[i].lowest = 7;
		chips[i].imr = 0xff;
	}
}
