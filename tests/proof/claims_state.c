/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Claims about state: the invariants hold from reset on, a guest reaches its bank and nothing else
 * (rule 5), a bank that is not connected stands still (rule 4), and what was saved is what is
 * restored.
 *
 * Rule: as claims.h. save -> any operations of others -> restore is the identity, by these: the
 * words say all there is of a pair (R07 the words...), whatever was there before; nothing but the
 * words of a bank changes it while it is not connected; and leaving a controller and coming back is
 * nothing to it (R11 away and back...).
 */
#include "tests/proof/claims.h"

void R07_reset_has_the_invariants(void)
{
	struct block block;

	block_reset(&block);
	CLAIM(is_rest(&block));
	for (unsigned bank = 0; bank < BLOCK_BANKS; bank++)
		CLAIM(is_pair(&block.bank[bank]) && cascade_agrees(&block.bank[bank]));
	CLAIM(!block_intr(&block) && !block.nmi && block.out == false);
}

/* ---- The words ---- */

static void claim_words(unsigned first, unsigned second, unsigned third)
{
	struct pair from, to;

	any_pair(&from);
	any_pair(&to);
	assume(is_pair(&from) && is_pair(&to));
	pair_set_word(&to, first, pair_word(&from, first));
	pair_set_word(&to, second, pair_word(&from, second));
	pair_set_word(&to, third, pair_word(&from, third));
	CLAIM(same_pair(&from, &to));
}

void R07_the_words_are_all_there_is_of_a_pair_in_any_order(void)
{
	claim_words(0, 1, 2);
	claim_words(0, 2, 1);
	claim_words(1, 0, 2);
	claim_words(1, 2, 0);
	claim_words(2, 0, 1);
	claim_words(2, 1, 0);
}

void R07_any_words_make_a_pair(void)
{
	struct pair pair;
	uint64_t first;
	unsigned word = any32();

	any_pair(&pair);
	assume(is_pair(&pair) && word < PAIR_WORDS);
	pair_set_word(&pair, word, any64());
	CLAIM(is_pair(&pair));
	first = pair_word(&pair, word);
	pair_set_word(&pair, word, first);
	CLAIM(pair_word(&pair, word) == first);
}

void R07_reading_words_has_no_effect(void)
{
	struct pair pair, before;

	any_pair(&pair);
	assume(is_pair(&pair));
	before = pair;
	pair_word(&pair, any32() % PAIR_WORDS);
	pair_irr(&pair);
	pair_enabled(&pair);
	pair_intr(&pair);
	CLAIM(same_pair(&before, &pair));
}

/* ---- Rule 5: a guest's accesses ---- */

void R05_rule_5_a_guest_reaches_its_bank_and_nothing_else(void)
{
	struct block block;
	struct block before;

	by_status_alone();
	any_whole(&block);
	before = block;
	block_port_write(&block, any16(), any8());
	CLAIM(is_whole(&block) && same_rest(&before, &block));
	CLAIM(same_pair(&before.bank[THERE], &block.bank[THERE]));
	block = before;
	block_port_read(&block, any16());
	CLAIM(is_whole(&block) && same_rest(&before, &block));
	CLAIM(same_pair(&before.bank[THERE], &block.bank[THERE]));
	block = before;
	block_acknowledge(&block);
	CLAIM(is_whole(&block) && same_rest(&before, &block));
	CLAIM(same_pair(&before.bank[THERE], &block.bank[THERE]));
}

/* The same for any two banks of the sixteen: what stands for all of them elsewhere is bank HERE,
 * connected, and bank THERE. */
void R16_whichever_bank_is_connected_the_others_stand_still(void)
{
	struct block block;
	struct pair before;
	unsigned other = any8() & 15;

	any_block(&block);
	for (unsigned bank = 0; bank < BLOCK_BANKS; bank++)
		any_bank(&block, bank);
	assume(other != block.connected);
	before = block.bank[other];
	block_port_write(&block, any16(), any8());
	CLAIM(same_pair(&before, &block.bank[other]));
	block_port_read(&block, any16());
	CLAIM(same_pair(&before, &block.bank[other]));
	block_acknowledge(&block);
	CLAIM(same_pair(&before, &block.bank[other]));
	block_set_line(&block, any8(), any1());
	CLAIM(same_pair(&before, &block.bank[other]));
}

/* ---- Rule 4 ---- */

void R16_rule_4_a_line_reaches_the_connected_bank_alone(void)
{
	struct block block;
	struct block before;
	unsigned line = any8() & 15;

	by_status_alone();
	any_whole(&block);
	before = block;
	block_set_line(&block, line, any1());
	CLAIM(same_pair(&before.bank[THERE], &block.bank[THERE]));
}

void R16_rule_4_a_line_that_is_not_routed_reaches_no_bank(void)
{
	struct block block;
	struct block before;
	unsigned line = any8() & 15;
	uint16_t inputs = 0;

	by_status_alone();
	any_whole(&block);
	assume(!(block.routed >> line & 1));
	/* No state word was written behind the inputs' back. */
	for (unsigned other = 0; other < BLOCK_LINES; other++)
		if ((block.routed & block.lines) >> other & 1)
			inputs |= (uint16_t)(1u << (block.controller_input >> (4 * other) & 15));
	for (unsigned other = 0; other < BLOCK_LINES; other++) {
		unsigned input = block.controller_input >> (4 * other) & 15;

		if (block.routed >> other & 1)
			assume((pair_pins(&block.bank[HERE]) >> input & 1) ==
			       (inputs >> input & 1));
	}
	assume(cascade_agrees(&block.bank[HERE]));
	before = block;
	block_set_line(&block, line, any1());
	CLAIM(same_pair(&before.bank[HERE], &block.bank[HERE]));
	CLAIM(same_pair(&before.bank[THERE], &block.bank[THERE]));
}

void R16_rule_4_select_touches_no_bank_but_the_one_that_it_connects(void)
{
	struct block block;
	struct block before;
	uint16_t bank = any16();

	by_status_alone();
	any_whole(&block);
	before = block;
	block_select(&block, any16(), any16(), any16(), HERE, any1());
	CLAIM(same_pair(&before.bank[THERE], &block.bank[THERE]));
	block = before;
	block_select(&block, any16(), any16(), any16(), THERE, any1());
	CLAIM(same_pair(&before.bank[HERE], &block.bank[HERE]));
	block = before;
	assume(bank >= BLOCK_BANKS);
	block_select(&block, any16(), any16(), any16(), bank, any1());
	CLAIM(same_pair(&before.bank[THERE], &block.bank[THERE]));
	block = before;
	block_set_inputs(&block, any64(), any64());
	CLAIM(same_pair(&before.bank[THERE], &block.bank[THERE]));
	block = before;
	block_clear_status(&block, any16(), any1());
	block_set_level(&block, any16());
	block_raise_external(&block);
	CLAIM(same_pair(&before.bank[HERE], &block.bank[HERE]) &&
	      same_pair(&before.bank[THERE], &block.bank[THERE]));
}

/*
 * An exit and an entry with whatever others do in between: the bank is as it was, if the lines that
 * come back are as they were and none of them has a latch. For three settings of the inputs: as
 * ever; lines 0 and 1 crossed, 4 and 5 at one input and 9 at none; each at its opposite.
 */
static const uint64_t claim_inputs[] = { WINDOW_INPUTS_IDENTITY, UINT64_C(0xfedcba2876443201),
	                                 UINT64_C(0x01d3456789abc2ef) };

static void claim_away_and_back(bool other_bank, uint64_t inputs)
{
	struct block block;
	struct block before;
	uint16_t route = any16(), share = any16();

	by_status_alone();
	any_block(&block);
	any_bank(&block, HERE);
	any_bank(&block, THERE);
	block.connected = HERE;
	block.controller_input = inputs;
	block.trivial = inputs == WINDOW_INPUTS_IDENTITY;
	if (block.trivial)
		block.block_input = inputs;
	block.routed = block.route & (uint16_t)~without_input(inputs);
	block.latch &= ~block.routed;
	/* The state that the VM leaves: its lines routed and followed. */
	block_select(&block, route, any16(), share, HERE, any1());
	/* a shared line's latch may stand: then the assertion is pending for the VM that comes */
	assume(!(block.latch & block.routed));
	before = block;
	block_select(&block, other_bank ? any16() : 0, any16(), any16(), other_bank ? THERE : HERE,
	             any1());
	assume(!(block.latch & before.routed));
	block_select(&block, route, any16(), any16(), HERE, any1());
	CLAIM(same_pair(&before.bank[HERE], &block.bank[HERE]));
}

void R11_away_and_back_is_nothing_to_the_controller(void)
{
	claim_away_and_back(false, claim_inputs[0]);
}

void R11_away_and_back_with_lines_crossed(void)
{
	claim_away_and_back(false, claim_inputs[1]);
}

void R11_away_and_back_with_lines_reversed(void)
{
	claim_away_and_back(false, claim_inputs[2]);
}

void R16_to_another_bank_and_back_is_nothing_to_the_controller(void)
{
	claim_away_and_back(true, claim_inputs[0]);
}

void R16_to_another_bank_and_back_with_lines_crossed(void)
{
	claim_away_and_back(true, claim_inputs[1]);
}

/* ---- The window ---- */

void R07_an_improper_access_reads_zero_and_changes_nothing(void)
{
	struct block block;
	struct block before;
	uint32_t offset = any32(), size = any32();
	bool proper = (size == 1 || size == 2 || size == 4 || size == 8) &&
	              (offset & (size - 1)) == 0 && offset < WINDOW_BYTES;

	by_status_alone();
	any_whole(&block);
	assume(!proper);
	before = block;
	CLAIM(block_window_read(&block, offset, size) == 0);
	block_window_write(&block, offset, size, any64());
	CLAIM(same_rest(&before, &block));
	CLAIM(same_pair(&before.bank[HERE], &block.bank[HERE]) &&
	      same_pair(&before.bank[THERE], &block.bank[THERE]));
}

void R07_a_read_changes_nothing_but_the_pulses(void)
{
	struct block block;
	struct block before;
	uint32_t offset = any32();
	uint8_t shift = any8() & 3;

	by_status_alone();
	any_whole(&block);
	before = block;
	block_window_read(&block, offset, 1u << shift);
	CLAIM(IMPLIES(block.pulses != before.pulses,
	              block.pulses == 0 && offset <= 0x1b && 0x1b < offset + (1u << shift)));
	block.pulses = before.pulses;
	CLAIM(same_rest(&before, &block));
	CLAIM(same_pair(&before.bank[HERE], &block.bank[HERE]) &&
	      same_pair(&before.bank[THERE], &block.bank[THERE]));
}

void R07_a_write_below_the_states_keeps_the_invariants(void)
{
	struct block block;
	uint32_t offset = any32();
	uint8_t shift = any8() & 3;
	uint64_t value = any64();

	by_status_alone();
	any_whole(&block);
	assume(offset < WINDOW_STATE);
	/* The bank that it may connect: one of the two that this looks at, or none. */
	block_window_write(&block, offset, 1u << shift, value);
	assume(block.connected == HERE || block.connected == THERE);
	CLAIM(is_whole(&block));
}

void R07_a_write_of_state_reaches_its_bank_alone(void)
{
	struct block block;
	struct block before;
	uint32_t offset = any32();
	uint8_t shift = any8() & 3;

	by_status_alone();
	any_whole(&block);
	assume(offset >= WINDOW_STATE);
	before = block;
	block_window_write(&block, offset, 1u << shift, any64());
	CLAIM(is_whole(&block) && same_rest(&before, &block));
	if (offset < WINDOW_STATE + HERE * WINDOW_STATE_STRIDE ||
	    offset >= WINDOW_STATE + (HERE + 1) * WINDOW_STATE_STRIDE)
		CLAIM(same_pair(&before.bank[HERE], &block.bank[HERE]));
	if (offset < WINDOW_STATE + THERE * WINDOW_STATE_STRIDE ||
	    offset >= WINDOW_STATE + (THERE + 1) * WINDOW_STATE_STRIDE)
		CLAIM(same_pair(&before.bank[THERE], &block.bank[THERE]));
}
