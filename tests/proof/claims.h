/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the claims are made of: any values, any state, and the invariants that every state has.
 *
 * Rule: a claim is a function R.._in_words() without parameters: it takes a state of which only the
 * invariants are known, does one operation with any arguments, and says what must hold. Since every
 * operation keeps the invariants (claims_state.c), what one operation keeps is kept by sequences of
 * any length. prove.py puts it to the solver.
 */
#ifndef TESTS_PROOF_CLAIMS_H
#define TESTS_PROOF_CLAIMS_H

#include "chipset/block/block.h"
#include "chipset/block/window.h"

/* Known to the checker: a new unknown each time; what may be taken for granted; what must hold. */
bool any1(void);
uint8_t any8(void);
uint16_t any16(void);
uint32_t any32(void);
uint64_t any64(void);
void assume(bool condition);
void claim(bool condition, int line);
/*
 * From here on block_status() is taken as some function of the latches and the block inputs,
 * whatever it is: that it is one, and which, is a claim of its own
 * (R05_status_is_the_latches_by_input).
 */
void by_status_alone(void);
#define CLAIM(condition) claim((condition), __LINE__)
/* If the one, then the other. */
#define IMPLIES(a, b) (!(a) || (b))

enum { CASCADE_LINE = 1 << 2, ELCR_MASTER = 0xf8, ELCR_SLAVE = 0xde };

/* ---- Any chip, and what every chip is ---- */

static inline void any_chip(struct i8259 *chip, bool is_slave)
{
	chip->edges = any8();
	chip->held = any8();
	chip->pins = any8();
	chip->isr = any8();
	chip->imr = any8();
	chip->elcr = any8();
	chip->icw1 = any8();
	chip->icw2 = any8();
	chip->icw3 = any8();
	chip->icw4 = any8();
	chip->lowest = any8();
	chip->step = any8();
	chip->read_isr = any1();
	chip->poll = any1();
	chip->special_mask = any1();
	chip->rotate_auto = any1();
	chip->is_slave = is_slave;
}

static inline bool is_chip(const struct i8259 *chip, bool is_slave)
{
	bool common = (chip->edges & ~chip->pins) == 0 && chip->lowest <= 7 &&
	              chip->step <= I8259_ICW4 && chip->icw4 <= 0x1f &&
	              (chip->elcr & ~(is_slave ? ELCR_SLAVE : ELCR_MASTER)) == 0 &&
	              chip->is_slave == is_slave;

	return common && (is_slave ? chip->icw3 <= 7 : !(chip->held & CASCADE_LINE));
}

/* One chip alone, whatever its place. */
static inline void any_lone_chip(struct i8259 *chip)
{
	bool is_slave = any1();

	any_chip(chip, is_slave);
	assume(is_chip(chip, is_slave));
}

static inline void any_pair(struct pair *pair)
{
	any_chip(&pair->chip[PAIR_MASTER], false);
	any_chip(&pair->chip[PAIR_SLAVE], true);
}

static inline bool is_pair(const struct pair *pair)
{
	return is_chip(&pair->chip[PAIR_MASTER], false) && is_chip(&pair->chip[PAIR_SLAVE], true);
}

/* The master's IR2 is the slave's INT: so after every operation but the writing of state words. */
static inline bool cascade_agrees(const struct pair *pair)
{
	return ((pair->chip[PAIR_MASTER].pins & CASCADE_LINE) != 0) ==
	       i8259_int(&pair->chip[PAIR_SLAVE]);
}

static inline bool same_chip(const struct i8259 *a, const struct i8259 *b)
{
	return a->edges == b->edges && a->held == b->held && a->pins == b->pins &&
	       a->isr == b->isr && a->imr == b->imr && a->elcr == b->elcr && a->icw1 == b->icw1 &&
	       a->icw2 == b->icw2 && a->icw3 == b->icw3 && a->icw4 == b->icw4 &&
	       a->lowest == b->lowest && a->step == b->step && a->read_isr == b->read_isr &&
	       a->poll == b->poll && a->special_mask == b->special_mask &&
	       a->rotate_auto == b->rotate_auto && a->is_slave == b->is_slave;
}

static inline bool same_pair(const struct pair *a, const struct pair *b)
{
	return same_chip(&a->chip[0], &b->chip[0]) && same_chip(&a->chip[1], &b->chip[1]);
}

/* ---- Any block ---- */

static inline uint16_t without_input(uint64_t inputs)
{
	uint16_t lines = CASCADE_LINE;

	for (unsigned line = 0; line < BLOCK_LINES; line++)
		if ((inputs >> (4 * line) & 15) == PAIR_CASCADE)
			lines |= (uint16_t)(1u << line);
	return lines;
}

/* An unmasked status bit stands. block_status() is judged by itself (claims_block.c). */
static inline bool stands(const struct block *block)
{
	return (block_status(block) & ~block->mask) != 0;
}

/* All but the banks. */
static inline void any_rest(struct block *block)
{
	block->lines = any16();
	block->latch = any16();
	block->route = any16();
	block->share = any16();
	block->level = any16();
	block->routed = any16();
	block->mask = any16();
	block->connected = any16();
	block->controller_input = any64();
	block->block_input = any64();
	block->external = any1();
	block->external_pin = any1();
	block->out = any1();
	block->trivial = any1();
	block->pulses = any8();
	block->nmi = any1();
}

static inline bool is_rest(const struct block *block)
{
	bool trivial = block->controller_input == WINDOW_INPUTS_IDENTITY &&
	               block->block_input == WINDOW_INPUTS_IDENTITY;

	return !((block->lines | block->latch) & CASCADE_LINE) && block->connected < BLOCK_BANKS &&
	       block->routed ==
	               (block->route & (uint16_t)~without_input(block->controller_input)) &&
	       block->trivial == trivial && block->out == stands(block);
}

static inline bool same_rest(const struct block *a, const struct block *b)
{
	return a->lines == b->lines && a->latch == b->latch && a->route == b->route &&
	       a->share == b->share && a->level == b->level && a->routed == b->routed &&
	       a->mask == b->mask && a->connected == b->connected &&
	       a->controller_input == b->controller_input && a->block_input == b->block_input &&
	       a->external == b->external && a->external_pin == b->external_pin &&
	       a->out == b->out && a->trivial == b->trivial && a->pulses == b->pulses &&
	       a->nmi == b->nmi;
}

/*
 * Any block, as far as one operation can look. Banks differ by their number alone, so those that an
 * operation might touch are unknown and the others are as after reset: the claims about banks
 * choose which.
 */
static inline void any_block(struct block *block)
{
	block_reset(block);
	any_rest(block);
	assume(is_rest(block));
}

static inline void any_bank(struct block *block, unsigned bank)
{
	any_pair(&block->bank[bank]);
	assume(is_pair(&block->bank[bank]));
}

/* The whole: bank 5 connected, and bank 9 as the one that is not. */
enum { HERE = 5, THERE = 9 };

static inline void any_whole(struct block *block)
{
	any_block(block);
	assume(block->connected == HERE);
	block->connected = HERE;
	any_bank(block, HERE);
	any_bank(block, THERE);
}

static inline bool is_whole(const struct block *block)
{
	return is_rest(block) && is_pair(&block->bank[HERE]) && is_pair(&block->bank[THERE]);
}

#endif
