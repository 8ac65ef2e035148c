/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/proof/ghost.h"

enum { CASCADE = 1 << 2, MASTER_LINES = 0x00ff, SLAVE_LINES = 0xff00 };

static struct ghost_bank *connected(struct ghost *ghost)
{
	return &ghost->bank[ghost->connected];
}

uint16_t ghost_requests(const struct ghost *ghost, unsigned bank)
{
	const struct ghost_bank *b = &ghost->bank[bank];

	return (uint16_t)(b->hard | (b->soft & ~ghost->level) | (b->pins & ghost->level));
}

/* The highest of a set by priority; 0-7 fall from 0, and 8-15 stand among themselves. */
static int first(uint16_t set)
{
	return set ? __builtin_ctz(set) : -1;
}

/* Of one chip's requests, the one that its service registers let through. */
static int chip_next(uint16_t requests, uint16_t isr)
{
	int wants = first(requests), serves = first(isr);

	return wants >= 0 && (serves < 0 || wants < serves) ? wants : -1;
}

static int slave_next(const struct ghost *ghost)
{
	const struct ghost_bank *b = &ghost->bank[ghost->connected];

	return chip_next(ghost_requests(ghost, ghost->connected) & SLAVE_LINES & ~b->imr,
	                 b->isr & SLAVE_LINES);
}

static int master_next(const struct ghost *ghost)
{
	const struct ghost_bank *b = &ghost->bank[ghost->connected];
	uint16_t requests = ghost_requests(ghost, ghost->connected) & MASTER_LINES;

	if (b->slave_edge)
		requests |= CASCADE;
	return chip_next(requests & ~b->imr, b->isr & MASTER_LINES);
}

int ghost_next(const struct ghost *ghost)
{
	int level = master_next(ghost);

	return level == 2 ? slave_next(ghost) : level;
}

/* The slave's output is an edge-triggered input of the master's. */
static void settle(struct ghost *ghost)
{
	struct ghost_bank *b = connected(ghost);
	bool now = slave_next(ghost) >= 0;

	if (now && !b->slave_int)
		b->slave_edge = true;
	if (!now)
		b->slave_edge = false;
	b->slave_int = now;
}

static void follow(struct ghost *ghost)
{
	struct ghost_bank *b = connected(ghost);
	uint16_t levels = (uint16_t)((b->pins & ~ghost->route) | (ghost->lines & ghost->route));

	b->soft |= levels & ~b->pins;
	b->soft &= levels;
	b->pins = levels;
	settle(ghost);
}

void ghost_line(struct ghost *ghost, unsigned line, bool high)
{
	uint16_t bit = (uint16_t)(1u << line);
	bool rises = high && !(ghost->lines & bit);

	ghost->lines = (uint16_t)(high ? ghost->lines | bit : ghost->lines & ~bit);
	if (rises && (!(ghost->route & bit) || (ghost->share & bit)))
		ghost->pending |= bit;
	follow(ghost);
}

void ghost_select(struct ghost *ghost, uint16_t route, uint16_t mask, uint16_t share, uint8_t bank)
{
	uint16_t arriving = bank == ghost->connected ? route & ~ghost->route : route;

	ghost->connected = bank;
	ghost->route = route;
	ghost->mask = mask;
	ghost->share = share;
	/* low again: nothing else shows it */
	connected(ghost)->hard |= ghost->pending & arriving & ~ghost->lines;
	uint16_t rising = ghost->pending & arriving & ghost->lines;
	ghost->pending &= (uint16_t) ~(arriving & ~share);
	follow(ghost);
	connected(ghost)->soft |= rising;
	settle(ghost);
}

void ghost_clear(struct ghost *ghost, uint16_t lines, bool external)
{
	uint16_t stands = (uint16_t)(ghost->level & ghost->lines &
	                             (uint16_t)(~ghost->route | ghost->share));

	ghost->pending &= (uint16_t) ~(lines & ~stands);
	if (external)
		ghost->external = false;
}

void ghost_initialise(struct ghost *ghost)
{
	struct ghost_bank *b = connected(ghost);

	b->soft = b->hard = b->imr = b->isr = 0;
	b->slave_int = b->slave_edge = false;
	settle(ghost); /* a level-triggered input needs no edge */
}

void ghost_imr(struct ghost *ghost, uint16_t imr)
{
	connected(ghost)->imr = imr;
	settle(ghost);
}

void ghost_eoi(struct ghost *ghost, bool slave)
{
	struct ghost_bank *b = connected(ghost);
	int level = first(b->isr & (slave ? SLAVE_LINES : MASTER_LINES));

	if (level >= 0)
		b->isr &= (uint16_t) ~(1u << level);
	settle(ghost);
}

void ghost_inta(struct ghost *ghost)
{
	struct ghost_bank *b = connected(ghost);
	int line = ghost_next(ghost);
	uint16_t bit = (uint16_t)(1u << line);

	b->soft &= (uint16_t)~bit;
	b->hard &= (uint16_t)~bit;
	b->isr |= bit;
	if (line >= 8) {
		b->isr |= CASCADE;
		b->slave_edge = false;
	}
	settle(ghost);
}

bool ghost_stands(const struct ghost *ghost)
{
	return (ghost->pending & ~ghost->mask) || ghost->external;
}
