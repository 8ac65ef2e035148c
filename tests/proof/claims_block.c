/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Claims about multiplexers, latches, mask, status and NMI: the rules of "nothing is lost" for
 * every state and every argument.
 *
 * Rule: as claims.h.
 */
#include "tests/proof/claims.h"

static uint16_t claim_input(const struct block *block, unsigned line)
{
	return (uint16_t)(1u << (block->controller_input >> (4 * line) & 15));
}

/* The line's input, at the pair's two chips. */
static uint16_t claim_edges(const struct pair *pair)
{
	return (uint16_t)(pair->chip[0].edges | pair->chip[1].edges << 8);
}

static uint16_t claim_held(const struct pair *pair)
{
	return (uint16_t)(pair->chip[0].held | pair->chip[1].held << 8);
}

static uint16_t claim_pins(const struct pair *pair)
{
	return (uint16_t)(pair->chip[0].pins | pair->chip[1].pins << 8);
}

/* Rule 3, for an operation between two states. */
static void claim_rule_3(const struct block *before, const struct block *after, bool told,
                         bool external_rose)
{
	bool due = (stands(after) && !stands(before)) || external_rose ||
	           (told && (stands(after) || after->external));

	CLAIM(after->nmi == (before->nmi || due));
	CLAIM(after->pulses == (due && before->pulses < 255 ? before->pulses + 1 : before->pulses));
}

/* ---- Rule 1 ---- */

void R08_rule_1_an_edge_to_the_vmm_block_sets_its_latch_and_none_else(void)
{
	struct block block;
	struct block before;
	unsigned line = any32();
	bool high = any1();

	by_status_alone();
	any_whole(&block);
	before = block;
	block_set_line(&block, line, high);
	CLAIM(is_whole(&block));
	if (line >= BLOCK_LINES || line == BLOCK_LINE_ABSENT) {
		CLAIM(same_rest(&before, &block) &&
		      same_pair(&before.bank[HERE], &block.bank[HERE]));
		return;
	}
	CLAIM(block.lines == (high ? before.lines | 1 << line : before.lines & ~(1 << line)));
	if (high && !(before.lines >> line & 1) &&
	    (!(before.routed >> line & 1) || (before.share >> line & 1))) {
		CLAIM(block.latch == (before.latch | 1 << line));
	} else {
		CLAIM(block.latch == before.latch);
	}
	CLAIM(block.route == before.route && block.mask == before.mask &&
	      block.share == before.share);
	claim_rule_3(&before, &block, false, false);
}

void R09_an_edge_to_the_controller_becomes_a_request_at_its_input(void)
{
	struct block block;
	struct block before;
	unsigned line = any8() & 15;
	uint16_t input;

	by_status_alone();
	any_whole(&block);
	assume(line != BLOCK_LINE_ABSENT && !(block.lines >> line & 1) &&
	       (block.routed >> line & 1));
	before = block;
	block_set_line(&block, line, true);
	input = claim_input(&before, line);
	CLAIM(claim_pins(&block.bank[HERE]) & input);
	CLAIM(claim_edges(&block.bank[HERE]) & input);
	CLAIM(claim_held(&block.bank[HERE]) == claim_held(&before.bank[HERE]));
}

void R09_a_request_of_one_line_outlives_what_other_lines_do(void)
{
	struct block block;
	struct block before;
	unsigned line = any8() & 15;
	uint16_t edges;

	by_status_alone();
	any_whole(&block);
	before = block;
	block_set_line(&block, line, any1());
	CLAIM(claim_held(&block.bank[HERE]) == claim_held(&before.bank[HERE]));
	/* An edge goes only with its input's level. */
	edges = claim_edges(&before.bank[HERE]) & ~claim_edges(&block.bank[HERE]) & ~CASCADE_LINE;
	CLAIM((edges & claim_pins(&block.bank[HERE])) == 0);
}

void R08_rule_1_a_latch_is_cleared_as_written_but_not_under_a_level(void)
{
	struct block block;
	struct block before;
	uint16_t inputs = any16(), stands, written = 0;
	bool external = any1();

	by_status_alone();
	any_whole(&block);
	before = block;
	block_clear_status(&block, inputs, external);
	CLAIM(is_whole(&block));
	stands = before.level & before.lines & (uint16_t)(~before.routed | before.share);
	for (unsigned line = 0; line < BLOCK_LINES; line++)
		if (inputs >> (before.block_input >> (4 * line) & 15) & 1)
			written |= (uint16_t)(1u << line);
	CLAIM(block.latch == (before.latch & ~(written & ~stands)));
	CLAIM(block.external == (before.external && !external));
	CLAIM(same_pair(&before.bank[HERE], &block.bank[HERE]));
	claim_rule_3(&before, &block, true, false);
}

/* ---- Rule 2 ---- */

static void claim_select(uint16_t bank)
{
	struct block block;
	struct block before;
	uint16_t route = any16(), mask = any16(), share = any16(), arriving, input;
	unsigned line = any8() & 15;
	bool told = any1();

	by_status_alone();
	any_whole(&block);
	before = block;
	block_select(&block, route, mask, share, bank, told);
	CLAIM(is_whole(&block));
	CLAIM(block.connected == (bank < BLOCK_BANKS ? bank : HERE));
	CLAIM(block.route == (bank < BLOCK_BANKS ? route : 0));
	CLAIM(block.mask == mask && block.share == share && block.lines == before.lines);
	CLAIM(block.external == before.external && block.level == before.level);
	/* Each latch becomes a request exactly when its line comes to a controller, and then is
	 * gone unless shared. */
	arriving = bank == HERE ? block.routed & ~before.routed : block.routed;
	CLAIM(block.latch == (before.latch & ~(arriving & ~share)));
	if (bank < BLOCK_BANKS) {
		const struct pair *now = &block.bank[bank], *then = &before.bank[bank];

		CLAIM((claim_held(then) & ~claim_held(now)) == 0);
		if (line != BLOCK_LINE_ABSENT) {
			input = claim_input(&block, line);
			if ((before.latch & arriving) >> line & 1)
				CLAIM((block.lines >> line & 1 ? claim_edges(now)
				                               : claim_held(now)) &
				      input);
			/* A line that is routed is followed, up or down. */
			if ((block.routed & block.lines) >> line & 1)
				CLAIM(claim_pins(now) & input);
		}
		/* Nothing is latched that was not, nor comes out of nowhere. */
		CLAIM(IMPLIES(!(before.latch & arriving), claim_held(now) == claim_held(then)));
		/* What was latched by an edge goes only with its input's level. */
		CLAIM((claim_edges(then) & ~claim_edges(now) & claim_pins(now) & ~CASCADE_LINE) ==
		      0);
	} else {
		CLAIM(block.routed == 0);
	}
	claim_rule_3(&before, &block, told, false);
}

void R08_rule_2_select_of_the_same_bank(void)
{
	claim_select(HERE);
}

void R16_rule_2_select_of_another_bank(void)
{
	claim_select(THERE);
}

void R16_select_of_a_bank_that_is_not_there(void)
{
	uint16_t bank = any16();

	assume(bank >= BLOCK_BANKS);
	claim_select(bank);
}

void R03_other_inputs_keep_every_assertion(void)
{
	struct block block;
	struct block before;
	uint64_t controller = any64(), vmm = any64();
	uint16_t arriving;

	by_status_alone();
	any_whole(&block);
	before = block;
	block_set_inputs(&block, controller, vmm);
	CLAIM(is_whole(&block));
	CLAIM(block.controller_input == controller && block.block_input == vmm);
	CLAIM(block.routed == (block.route & (uint16_t)~without_input(controller)));
	arriving = block.routed & ~before.routed;
	CLAIM(block.latch == (before.latch & ~(arriving & ~block.share)));
	CLAIM((claim_held(&before.bank[HERE]) & ~claim_held(&block.bank[HERE])) == 0);
	claim_rule_3(&before, &block, false, false);
}

/* ---- Rule 3 ---- */

void R06_rule_3_the_external_signal(void)
{
	struct block block;
	struct block before;
	bool high = any1(), rises;

	by_status_alone();
	any_whole(&block);
	before = block;
	block_set_external(&block, high);
	rises = high && !before.external_pin;
	CLAIM(block.external == (before.external || rises));
	CLAIM(block.external_pin == high);
	claim_rule_3(&before, &block, false, rises);
	before = block;
	block_raise_external(&block);
	CLAIM(block.external && is_whole(&block));
	claim_rule_3(&before, &block, false, true);
}

void R05_status_is_the_latches_by_input(void)
{
	struct block block;
	struct block before;
	uint16_t status = 0;

	any_whole(&block);
	before = block;
	for (unsigned line = 0; line < BLOCK_LINES; line++)
		if (block.latch >> line & 1)
			status |= (uint16_t)(1u << (block.block_input >> (4 * line) & 15));
	CLAIM(block_status(&block) == status);
	CLAIM(block_intr(&block) == pair_intr(&block.bank[HERE]));
	CLAIM(block_take_nmi(&block) == before.nmi);
	CLAIM(!block.nmi);
	block.nmi = before.nmi;
	CLAIM(same_rest(&before, &block));
}

void R05_level_register_alone_changes_nothing_else(void)
{
	struct block block;
	struct block before;
	uint16_t level = any16();

	by_status_alone();
	any_whole(&block);
	before = block;
	block_set_level(&block, level);
	CLAIM(block.level == level && is_whole(&block));
	block.level = before.level;
	CLAIM(same_rest(&before, &block) && same_pair(&before.bank[HERE], &block.bank[HERE]));
}
