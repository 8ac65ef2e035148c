/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Claims about one 8259A and the pair: for every state and every operation.
 *
 * Rule: as claims.h.
 */
#include "tests/proof/claims.h"

static unsigned claim_rank(const struct i8259 *chip, unsigned level)
{
	return (level - chip->lowest - 1) & 7; /* 0: highest */
}

void R07_int_means_that_an_acknowledge_brings_a_level(void)
{
	struct i8259 chip;
	bool raised;

	any_lone_chip(&chip);
	raised = i8259_int(&chip);
	CLAIM(raised == (i8259_acknowledge(&chip) >= 0));
}

void R09_what_is_acknowledged_is_requested_unmasked_and_of_highest_priority(void)
{
	struct i8259 chip, before;
	unsigned other = any8() & 7;
	uint8_t requests;
	int level;

	any_lone_chip(&chip);
	before = chip;
	requests = i8259_irr(&chip);
	level = i8259_acknowledge(&chip);
	CLAIM(level >= -1 && level <= 7);
	if (level < 0) {
		CLAIM(same_chip(&before, &chip));
		return;
	}
	CLAIM(before.step == I8259_READY);
	CLAIM(requests >> level & 1);
	CLAIM(!(before.imr >> level & 1));
	/* No other that is requested and unmasked comes before it; none in service that holds it
	 * back does. */
	if (other != (unsigned)level &&
	    claim_rank(&before, other) < claim_rank(&before, (unsigned)level)) {
		CLAIM(!(requests >> other & 1) || (before.imr >> other & 1));
		CLAIM(!(before.isr >> other & 1) ||
		      (before.special_mask && (before.imr >> other & 1)));
	}
	/* It takes its own request and goes into service, or not at all with AEOI; no other bit
	 * moves. */
	CLAIM(!((chip.edges | chip.held) >> level & 1));
	CLAIM(chip.edges == (before.edges & ~(1 << level)) &&
	      chip.held == (before.held & ~(1 << level)));
	CLAIM(chip.isr == (before.icw4 & ICW4_AEOI ? before.isr : (before.isr | 1 << level)));
	CLAIM(chip.imr == before.imr && chip.pins == before.pins && chip.step == before.step);
	CLAIM(chip.lowest ==
	      (before.icw4 & ICW4_AEOI && before.rotate_auto ? (uint8_t)level : before.lowest));
}

void R09_an_unmasked_request_with_nothing_in_service_raises_int(void)
{
	struct i8259 chip;

	any_lone_chip(&chip);
	assume(chip.step == I8259_READY && chip.isr == 0);
	CLAIM(i8259_int(&chip) == ((i8259_irr(&chip) & ~chip.imr) != 0));
}

void R07_requests_are_held_ones_levels_and_edges(void)
{
	struct i8259 chip;
	uint8_t level;

	any_lone_chip(&chip);
	level = chip.icw1 & ICW1_LTIM ? 0xff : chip.elcr;
	CLAIM(i8259_irr(&chip) == (chip.held | (chip.pins & level) | (chip.edges & ~level)));
}

void R09_a_request_goes_by_acknowledge_icw1_or_its_fall_and_by_nothing_else(void)
{
	struct i8259 chip, before;
	uint8_t value = any8();
	bool a0 = any1();

	any_lone_chip(&chip);
	before = chip;
	i8259_write(&chip, a0, value);
	if (!a0 && (value & ICW1_SELECT)) {
		CLAIM(chip.edges == 0 && chip.held == 0);
	} else {
		CLAIM(chip.edges == before.edges && chip.held == before.held);
	}
	CLAIM(chip.pins == before.pins && chip.elcr == before.elcr);

	chip = before;
	i8259_read(&chip, a0);
	if (before.poll) {
		i8259_acknowledge(&before); /* a poll's read is an acknowledge */
		before.poll = false;
	}
	CLAIM(same_chip(&before, &chip));
}

void R09_pins_latch_what_rises_and_drop_what_falls(void)
{
	struct i8259 chip, before;
	uint8_t pins = any8();

	any_lone_chip(&chip);
	before = chip;
	i8259_set_pins(&chip, pins);
	CLAIM(chip.pins == pins);
	CLAIM(chip.edges == ((before.edges | (pins & ~before.pins)) & pins));
	CLAIM(chip.held == before.held);
	chip.pins = before.pins;
	chip.edges = before.edges;
	CLAIM(same_chip(&before, &chip));
}

void R07_writes_keep_the_invariants(void)
{
	struct i8259 chip;
	bool a0 = any1();
	uint8_t value = any8();

	any_lone_chip(&chip);
	i8259_write(&chip, a0, value);
	CLAIM(is_chip(&chip, chip.is_slave));
	i8259_read(&chip, any1());
	CLAIM(is_chip(&chip, chip.is_slave));
	i8259_vector(&chip, any8() & 7);
}

/* ---- OCW1-OCW3, bit by bit ---- */

void R07_an_ocw_changes_what_the_datasheet_says_and_nothing_else(void)
{
	struct i8259 chip, before;
	uint8_t value = any8();

	any_lone_chip(&chip);
	assume(chip.step == I8259_READY && !(value & ICW1_SELECT));
	before = chip;
	i8259_write(&chip, false, value);
	CLAIM(chip.imr == before.imr && chip.step == before.step);
	if (value & OCW3_SELECT) {
		CLAIM(chip.isr == before.isr && chip.lowest == before.lowest &&
		      chip.rotate_auto == before.rotate_auto);
		CLAIM(chip.special_mask ==
		      (value & OCW3_ESMM ? (value & OCW3_SMM) != 0 : before.special_mask));
		CLAIM(chip.poll == ((value & OCW3_P) != 0));
		CLAIM(IMPLIES(!(value & OCW3_RR), chip.read_isr == before.read_isr));
		CLAIM(IMPLIES((value & OCW3_RR) && !(value & OCW3_P),
		              chip.read_isr == (value & OCW3_RIS)));
		return;
	}
	CLAIM(chip.special_mask == before.special_mask && chip.poll == before.poll &&
	      chip.read_isr == before.read_isr);
	/* EOI: at most one bit goes, and with SL it is that level's. */
	CLAIM((chip.isr & ~before.isr) == 0);
	CLAIM(IMPLIES(!(value & OCW2_EOI), chip.isr == before.isr));
	if (value & OCW2_EOI && value & OCW2_SL) {
		CLAIM(chip.isr == (before.isr & ~(1 << (value & OCW2_LEVEL))));
	} else if (value & OCW2_EOI) {
		uint8_t gone = before.isr & ~chip.isr;
		uint8_t may = before.special_mask ? before.isr & ~before.imr : before.isr;

		CLAIM((gone & (gone - 1)) == 0 && (gone & ~may) == 0);
		CLAIM((gone != 0) == (may != 0));
	}
	CLAIM(IMPLIES(!(value & OCW2_R), chip.lowest == before.lowest));
	CLAIM(IMPLIES((value & OCW2_R) && (value & OCW2_SL), chip.lowest == (value & OCW2_LEVEL)));
	CLAIM(chip.rotate_auto == (value >> 5 == 4   ? true
	                           : value >> 5 == 0 ? false
	                                             : before.rotate_auto));
}

void R07_a_non_specific_eoi_ends_the_highest_that_may_be_ended(void)
{
	struct i8259 chip, before;
	unsigned ended = any8() & 7, other = any8() & 7;
	bool rotate = any1();

	any_lone_chip(&chip);
	before = chip;
	i8259_write(&chip, false, rotate ? OCW2_R | OCW2_EOI : OCW2_EOI);
	if ((before.isr & ~chip.isr) != 1 << ended)
		return;
	CLAIM(chip.lowest == (rotate ? ended : before.lowest));
	if (claim_rank(&before, other) < claim_rank(&before, ended))
		CLAIM(!(before.isr >> other & 1) ||
		      (before.special_mask && (before.imr >> other & 1)));
}

/* ---- The pair ---- */

void R07_after_any_operation_the_cascade_follows_the_slave(void)
{
	struct pair pair, before;
	uint16_t some = any16();

	any_pair(&pair);
	assume(is_pair(&pair) && cascade_agrees(&pair));
	before = pair;
	pair_port_write(&pair, any16(), any8());
	CLAIM(cascade_agrees(&pair) && is_pair(&pair));
	pair = before;
	pair_port_read(&pair, any16());
	CLAIM(cascade_agrees(&pair) && is_pair(&pair));
	pair = before;
	pair_acknowledge(&pair);
	CLAIM(cascade_agrees(&pair) && is_pair(&pair));
	pair = before;
	pair_set_pins(&pair, some);
	CLAIM(cascade_agrees(&pair) && is_pair(&pair));
	CLAIM(((pair_pins(&pair) ^ some) & ~CASCADE_LINE) == 0);
	pair = before;
	pair_hold(&pair, some & ~CASCADE_LINE);
	CLAIM(cascade_agrees(&pair) && is_pair(&pair));
	pair = before;
	pair_pulse(&pair, some & pair_pins(&before) & ~CASCADE_LINE);
	CLAIM(cascade_agrees(&pair) && is_pair(&pair));
}

void R09_the_pair_delivers_what_is_requested_and_unmasked(void)
{
	struct pair pair, before;
	uint16_t requests, masked;
	uint8_t vector;
	unsigned input;

	any_pair(&pair);
	assume(is_pair(&pair));
	/* As firmware and systems set a pair up; between two operations the cascade follows the
	 * slave. */
	assume(pair.chip[0].step == I8259_READY && pair.chip[1].step == I8259_READY);
	assume((pair.chip[0].icw4 & ICW4_UPM) && (pair.chip[1].icw4 & ICW4_UPM));
	assume(!((pair.chip[0].icw1 | pair.chip[1].icw1) & ICW1_SNGL));
	assume(pair.chip[0].icw3 == CASCADE_LINE && pair.chip[1].icw3 == PAIR_CASCADE);
	assume((pair.chip[0].icw2 & 0xf8) == 0x20 && (pair.chip[1].icw2 & 0xf8) == 0x28);
	assume(cascade_agrees(&pair) && pair_intr(&pair));
	before = pair;
	requests = pair_irr(&pair);
	masked = (uint16_t)(pair.chip[0].imr | pair.chip[1].imr << 8);
	vector = pair_acknowledge(&pair);
	CLAIM(vector >= 0x20 && vector < 0x30 && vector != 0x22);
	input = vector - 0x20;
	CLAIM(requests >> input & 1);
	CLAIM(!(masked >> input & 1));
	CLAIM(IMPLIES(input >= 8, !(masked & CASCADE_LINE)));
	CLAIM(cascade_agrees(&pair));
	/* Nothing else was taken. */
	CLAIM(IMPLIES(input >= 8, pair.chip[0].held == before.chip[0].held));
	CLAIM(IMPLIES(input >= 8,
	              ((pair.chip[0].edges ^ before.chip[0].edges) & ~CASCADE_LINE) == 0));
	CLAIM(IMPLIES(input < 8, same_chip(&pair.chip[1], &before.chip[1])));
}

void R07_other_ports_do_nothing(void)
{
	struct pair pair, before;
	uint16_t port = any16();

	any_pair(&pair);
	assume(is_pair(&pair) && cascade_agrees(&pair));
	assume(port != 0x20 && port != 0x21 && port != 0xa0 && port != 0xa1 && port != 0x4d0 &&
	       port != 0x4d1);
	before = pair;
	CLAIM(pair_port_read(&pair, port) == 0xff);
	pair_port_write(&pair, port, any8());
	CLAIM(same_pair(&before, &pair));
}
