/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs from a seed.
 *
 * Rule: seed, number and length decide; the program is the same on every machine. The timer does
 * not run, so that time has no part in an answer.
 */
#include "guests/lib/random.h"
#include "guests/apicprobe/apicprobe.h"

static struct op *ops;
static unsigned used;
static uint64_t state;

static unsigned below(unsigned limit)
{
	return random_below(&state, limit);
}

static bool one_in(unsigned n)
{
	return below(n) == 0;
}

static void add(enum op_kind kind, unsigned reg, uint64_t value)
{
	if (used < PROBE_OPS_MAX)
		ops[used++] = (struct op){ (uint8_t)kind, (uint8_t)reg, value };
}

/* Few classes, so that interrupts meet; or any vector, the illegal ones too. */
static unsigned a_vector(void)
{
	return one_in(5) ? below(256) : 0x40 + below(0x40);
}

static void request(void)
{
	add(OP_WRITE, REG_SELF_IPI, a_vector() | (one_in(24) ? 1u << (8 + below(24)) : 0));
}

static void take(void)
{
	add(OP_TAKE, 0, 0);
}

static void end(void)
{
	add(OP_WRITE, REG_EOI, one_in(24) ? 1 : 0);
}

static void priority(void)
{
	add(OP_WRITE, REG_TPR,
	    one_in(24)  ? 0x100
	    : one_in(3) ? 0
	    : one_in(4) ? below(256)
	                : below(0x80));
}

/* ICR: 63:32 destination | 19:18 shorthand | 15 trigger mode | 14 level | 11 logical | 10:8 mode.
 * Fixed interrupts alone: the others reset the processor, or stop it. */
static void send(void)
{
	static const uint32_t to[] = { 0, 0, 1, 2, 0xffffffff };
	uint64_t value = a_vector() | (uint64_t)below(4) << 18 | (uint64_t)to[below(5)] << 32;

	if (one_in(3))
		value |= 1 << 11;
	if (one_in(4))
		value |= 1 << 15;
	add(OP_WRITE, REG_ICR, value | (one_in(24) ? 1 << 16 : 0));
	if (one_in(2))
		add(OP_READ, REG_ICR, 0);
}

/* Bits 14 and 12 are read-only. */
static void entry(void)
{
	unsigned reg = REG_TIMER + below(REG_ERROR - REG_TIMER + 1);
	uint32_t value = (reg == REG_TIMER ? a_vector() | below(3) << 17
	                                   : below(0x10000) & ~0x5700u);

	add(OP_WRITE, reg,
	    value | (one_in(2) ? 1 << 16 : 0) | (one_in(12) ? 1u << (20 + below(12)) : 0));
	add(OP_READ, reg, 0);
}

static void others(void)
{
	switch (below(4)) {
	case 0:
		add(OP_WRITE, REG_SVR, (one_in(3) ? 0 : 0x100) | a_vector());
		break;
	case 1:
		add(OP_WRITE, REG_ESR, one_in(6) ? 1 : 0);
		add(OP_READ, REG_ESR, 0);
		break;
	case 2:
		add(OP_WRITE, REG_DIVIDE, below(16) & 0xb);
		add(OP_READ, REG_DIVIDE, 0);
		break;
	default:
		/* a register that is read-only, write-only, or not there */
		add(one_in(2) ? OP_READ : OP_WRITE,
		    (const uint8_t[]){ REG_ID, REG_VERSION, REG_PPR, REG_LDR, REG_ISR, REG_IRR + 7,
		                       0x09, 0x0e, 0x31, REG_COUNT }[below(10)],
		    0);
		add(OP_READ, one_in(2) ? REG_EOI : REG_SELF_IPI, 0);
	}
}

static void read_back(void)
{
	static const uint8_t single[] = { REG_TPR, REG_PPR, REG_PPR, REG_SVR };
	static const uint8_t sets[] = { REG_ISR, REG_IRR, REG_ISR, REG_IRR, REG_TMR };

	if (one_in(2))
		add(OP_READ, single[below(4)], 0);
	else
		add(OP_READ, sets[below(5)] + (one_in(4) ? below(WORDS) : 2 + below(2)), 0);
}

unsigned probe_random(uint32_t seed, uint32_t index, unsigned length, struct op into[PROBE_OPS_MAX])
{
	static void (*const choices[])(void) = { request, request,   request,  request, take,
		                                 take,    take,      take,     end,     end,
		                                 end,     priority,  priority, send,    entry,
		                                 others,  read_back, read_back };
	enum { LOOK_OPS = 32 };

	ops = into;
	used = 0;
	state = (uint64_t)seed << 32 | index;
	for (unsigned i = 0; i < 4; i++)
		below(2);
	if (length > PROBE_OPS_MAX - LOOK_OPS)
		length = PROBE_OPS_MAX - LOOK_OPS;
	while (used < length)
		choices[below(sizeof(choices) / sizeof(choices[0]))]();
	for (unsigned i = 0; i < WORDS; i++) {
		add(OP_READ, REG_ISR + i, 0);
		add(OP_READ, REG_IRR + i, 0);
	}
	add(OP_READ, REG_PPR, 0);
	return used;
}
