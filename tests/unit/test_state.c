/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Banks and state words (docs/register-window.md, section 4): reading and writing is the identity,
 * a restored controller goes on exactly as the saved one would have, banks and unrouted lines stand
 * still.
 *
 * Rule: R07 and R11 for a single state, then for states that random programs reach; the transcripts
 * of two blocks must agree.
 */
#include "tests/unit/block_kit.h"
#include "tests/unit/block_ops.h"
#include "tests/unit/check.h"

#include <string.h>

static struct block block;

static int begin(void **state)
{
	(void)state;
	block_reset(&block);
	return 0;
}

/* ---- A guest's random acts ---- */

enum acts { PORTS = 1, LINES = 2, ALL = 3 };

/* One act of a guest or a device on the connected bank; what the guest sees of it. */
static unsigned act(struct block *b, uint64_t *seed, enum acts which)
{
	static const uint16_t ports[] = { MASTER, MASTER_DATA, SLAVE,      SLAVE_DATA,
		                          MASTER, SLAVE,       PORT_ELCR1, PORT_ELCR2 };
	unsigned kind = random_below(seed, 16), value = random_below(seed, 256),
		 port = ports[random_below(seed, 8)];
	unsigned line = random_below(seed, 16);

	if ((which & LINES) && kind < 6) {
		block_set_line(b, line, value & 1);
		return 0;
	}
	if (kind < 9)
		return block_intr(b) ? block_acknowledge(b) : 0x100;
	if (kind < 11)
		return block_port_read(b, (uint16_t)port);
	if (value % 16 == 1) { /* initialise properly now and then */
		kit_initialise(b, (uint8_t)(1 | random_below(seed, 32)));
		return 0;
	}
	if (port == MASTER || port == SLAVE) {
		static const uint8_t commands[] = { 0x20, 0x60, 0x67, 0xa0, 0xe3, 0xc5, 0x80,
			                            0x00, 0x68, 0x48, 0x0a, 0x0b, 0x0c, 0x0e };

		value = value % 8 ? commands[random_below(seed, sizeof(commands))] : value;
	}
	block_port_write(b, (uint16_t)port, (uint8_t)value);
	return 0;
}

static void mix(struct block *b, uint64_t *seed, unsigned acts)
{
	kit_initialise(b, ICW4_UPM);
	for (unsigned i = 0; i < acts; i++)
		act(b, seed, ALL);
}

/* ---- One state ---- */

static void R07_each_field_is_where_the_page_says(void **state)
{
	(void)state;
	kit_initialise(&block, ICW4_UPM | ICW4_SFNM);
	block_port_write(&block, MASTER_DATA, 0x9a);
	block_port_write(&block, PORT_ELCR2, 0x42);
	block_port_write(&block, MASTER, 0xc3); /* lowest: 3 */
	block_port_write(&block, SLAVE, 0x0b);  /* read ISR */
	block_port_write(&block, SLAVE, 0x68);  /* special mask */
	block_port_write(&block, SLAVE, 0x80);  /* rotate in AEOI */
	block_port_write(&block, MASTER, 0x0c); /* poll */
	kit_raise(&block, 6);
	kit_raise(&block, 12);
	assert_int_equal(kit_word(&block, 0, 0), UINT64_C(0x04200000449a0044));
	assert_int_equal(kit_word(&block, 0, 1), UINT64_C(0x0228420010000010));
	assert_int_equal(kit_word(&block, 0, 2), UINT64_C(0x01d7111101231111));
	/* the poll's answer: 6 comes before 2 now */
	assert_int_equal(block_port_read(&block, MASTER), 0x86);
	assert_int_equal(kit_word(&block, 0, 0), UINT64_C(0x04200000449a4004));
	assert_int_equal(kit_word(&block, 0, 2), UINT64_C(0x01d7111101031111));
	/* 2 is lower than 6 is: no INT */
	assert_int_equal(kit_word(&block, 0, 3), UINT64_C(0xff61) << 16 | 0x1000);

	kit_route(&block, 0);
	kit_raise(&block, 5);
	block_set_line(&block, 5, false);
	kit_route(&block, 0xffff);
	assert_int_equal(kit_word(&block, 0, 0), UINT64_C(0x04200020449a4004)); /* held */
	block_port_write(&block, SLAVE, 0x11);
	assert_int_equal(kit_word(&block, 0, 2) >> 56, I8259_ICW2);
	block_port_write(&block, SLAVE_DATA, 0x28);
	assert_int_equal(kit_word(&block, 0, 2) >> 56, I8259_ICW3);
	block_port_write(&block, SLAVE_DATA, 0x02);
	assert_int_equal(kit_word(&block, 0, 2) >> 56, I8259_ICW4);
}

static void R07_view_answers_requests_enabled_and_int(void **state)
{
	(void)state;
	assert_int_equal(kit_word(&block, 0, 3), 0); /* never initialised: nothing is enabled */
	kit_initialise(&block, ICW4_UPM);
	assert_int_equal(kit_word(&block, 0, 3), UINT64_C(0xfffb) << 16);
	block_port_write(&block, SLAVE_DATA, 0x02);
	block_port_write(&block, MASTER_DATA, 0x81);
	assert_int_equal(kit_word(&block, 0, 3), UINT64_C(0xfd7a) << 16);
	kit_raise(&block, 7);
	assert_int_equal(kit_word(&block, 0, 3), UINT64_C(0xfd7a) << 16 | 0x80);
	kit_raise(&block, 15);
	assert_int_equal(kit_word(&block, 0, 3),
	                 UINT64_C(1) << 32 | UINT64_C(0xfd7a) << 16 | 0x8080);
	block_port_write(&block, MASTER_DATA, 0x04); /* closes the slave */
	assert_int_equal(kit_word(&block, 0, 3),
	                 UINT64_C(1) << 32 | UINT64_C(0x00fb) << 16 | 0x8080);
}

static void R07_what_no_chip_can_be_in_is_brought_to_the_nearest(void **state)
{
	(void)state;
	for (unsigned word = 0; word < 2; word++) {
		kit_set_word(&block, 7, word, UINT64_C(0x00000000000000ff));
		assert_int_equal(kit_word(&block, 7, word), 0); /* edges need pins */
		kit_set_word(&block, 7, word, UINT64_C(0x00000000a50000ff));
		assert_int_equal(kit_word(&block, 7, word), UINT64_C(0x00000000a50000a5));
		kit_set_word(&block, 7, word, UINT64_C(0x0000ff0000000000));
		assert_int_equal(kit_word(&block, 7, word) >> 40 & 0xff, word == 0 ? 0xf8 : 0xde);
	}
	for (unsigned step = 0; step < 8; step++) {
		kit_set_word(&block, 7, 2, (uint64_t)step << 56 | step << 24);
		assert_int_equal(kit_word(&block, 7, 2) >> 56, step <= 4 ? step : 1);
		assert_int_equal(kit_word(&block, 7, 2) >> 24 & 0xff, step <= 4 ? step : 1);
	}
	kit_set_word(&block, 7, 2, UINT64_MAX);
	assert_int_equal(kit_word(&block, 7, 2) & UINT64_C(0xf8080000f8080000), 0);
}

static void R07_any_words_written_twice_are_the_words_read(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		unsigned bank = random_below(&seed, 16), word = random_below(&seed, 3);
		uint64_t first;

		kit_set_word(&block, bank, word, random_next(&seed));
		first = kit_word(&block, bank, word);
		kit_set_word(&block, bank, word, first);
		assert_int_equal(kit_word(&block, bank, word), first);
	}
}

/* ---- Save, and restore elsewhere ---- */

static const uint8_t word_orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
	                                   { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

static void R07_a_state_that_programs_reach_is_the_same_when_read_and_written(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		const uint8_t *order = word_orders[i % 6];
		struct block before;
		uint64_t words[3];

		mix(&block, &seed, random_below(&seed, 40));
		kit_route(&block, 0);
		before = block;
		for (unsigned word = 0; word < 3; word++)
			words[word] = kit_word(&block, 0, word);
		assert_memory_equal(&before, &block, sizeof(block)); /* reading has no effect */
		memset(&block.bank[0], 0, sizeof(block.bank[0]));
		block.bank[0].chip[1].is_slave = true; /* wiring, not state */
		for (unsigned word = 0; word < 3; word++)
			kit_set_word(&block, 0, order[word], words[order[word]]);
		assert_memory_equal(&before, &block, sizeof(block));
		kit_route(&block, 0xffff);
	}
}

/*
 * Two blocks, one guest: the same acts on both, but on the second the guest is switched away and
 * back now and then, with another guest's acts on the same bank in between (520, 540). The first
 * guest must see the same.
 */
static void R11_save_anything_restore_is_the_identity_for_the_guest(void **state)
{
	static struct block alone, shared;
	uint64_t seed = 11, other = 13;

	(void)state;
	block_reset(&alone);
	block_reset(&shared);
	for (unsigned i = 0; i < 300000; i++) {
		uint64_t seed_shared = seed;

		assert_int_equal(act(&alone, &seed, ALL), act(&shared, &seed_shared, ALL));
		assert_int_equal(block_intr(&alone), block_intr(&shared));
		if (random_below(&other, 10) == 0) {
			const uint8_t *order = word_orders[random_below(&other, 6)];
			uint64_t words[3];

			kit_route(&shared, 0);
			for (unsigned word = 0; word < 3; word++)
				words[word] = kit_word(&shared, 0, word);
			/* the other guest, whatever state it is in */
			for (unsigned word = 0; word < 3; word++)
				kit_set_word(&shared, 0, word, random_next(&other));
			for (unsigned n = random_below(&other, 20); n > 0; n--)
				act(&shared, &other, PORTS);
			for (unsigned word = 0; word < 3; word++)
				kit_set_word(&shared, 0, order[word], words[order[word]]);
			kit_select(&shared, 0xffff, 0xffff, 0, 0);
		}
		for (unsigned word = 0; word < 4; word++)
			assert_int_equal(kit_word(&alone, 0, word), kit_word(&shared, 0, word));
	}
}

/* The same with a bank for each guest: a switch is one write, and nothing is saved. */
static void R16_with_banks_a_switch_is_one_write_and_the_guest_sees_nothing_of_it(void **state)
{
	static struct block alone, banked;
	uint64_t seed = 17, other = 19;

	(void)state;
	block_reset(&alone);
	block_reset(&banked);
	for (unsigned i = 0; i < 300000; i++) {
		uint64_t seed_banked = seed;

		assert_int_equal(act(&alone, &seed, ALL), act(&banked, &seed_banked, ALL));
		if (random_below(&other, 10) == 0) {
			kit_select(&banked, 0, 0xffff, 0, (uint16_t)(1 + random_below(&other, 15)));
			for (unsigned n = random_below(&other, 20); n > 0; n--)
				act(&banked, &other, PORTS);
			kit_select(&banked, 0xffff, 0xffff, 0, 0);
		}
		for (unsigned word = 0; word < 4; word++)
			assert_int_equal(kit_word(&alone, 0, word), kit_word(&banked, 0, word));
	}
}

static void R16_nothing_of_a_bank_changes_while_it_is_not_connected(void **state)
{
	uint64_t seed = 23;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		unsigned connected = random_below(&seed, 16);
		struct block before;
		uint8_t bytes[64];
		struct op_stream stream = { bytes, bytes + sizeof(bytes) };
		struct op op;

		kit_select(&block, 0xffff, 0xffff, (uint16_t)random_next(&seed),
		           (uint16_t)connected);
		mix(&block, &seed, 10);
		before = block;
		for (unsigned i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)random_next(&seed);
		while (op_next(&stream, &op)) {
			if (op.kind == OP_LINE)
				block_set_line(&block, op.a, op.high);
			if (op.kind == OP_WRITE)
				block_port_write(&block, (uint16_t)op.a, (uint8_t)op.value);
			if (op.kind == OP_READ)
				block_port_read(&block, (uint16_t)op.a);
			if (op.kind == OP_ACKNOWLEDGE)
				block_acknowledge(&block);
			if (op.kind == OP_WINDOW_WRITE && op.a < WINDOW_STATE &&
			    (op.a + op.size <= WINDOW_BANK || op.a >= WINDOW_STATUS))
				block_window_write(&block, op.a, op.size, op.value);
		}
		block.bank[connected] = before.bank[connected];
		assert_memory_equal(before.bank, block.bank, sizeof(block.bank));
	}
}

static void R16_an_unrouted_line_leaves_its_input_as_it_was(void **state)
{
	(void)state;
	kit_initialise(&block, ICW4_UPM);
	kit_raise(&block, 3);
	for (unsigned line = 0; line < 16; line++) {
		struct pair before;

		kit_route(&block, (uint16_t) ~(1u << line));
		before = block.bank[0];
		block_set_line(&block, line, line != 3); /* 3 was high when it left */
		assert_memory_equal(&before, &block.bank[0], sizeof(before));
		kit_route(&block, 0);
		block_set_line(&block, line, line == 3);
		kit_clear(&block, 0xffff);
		kit_route(&block, 0xffff);
		/* the level is what it was */
		assert_memory_equal(&before, &block.bank[0], sizeof(before));
	}
	assert_int_equal(kit_irr(&block), 1 << 3);
}

static void R16_the_sixteen_banks_are_sixteen(void **state)
{
	(void)state;
	for (uint16_t bank = 0; bank < 16; bank++) {
		kit_select(&block, 0xffff, 0xffff, 0, bank);
		kit_initialise(&block, ICW4_UPM);
		block_port_write(&block, MASTER_DATA, (uint8_t)(bank * 7));
	}
	for (uint16_t bank = 0; bank < 16; bank++) {
		kit_select(&block, 0xffff, 0xffff, 0, bank);
		assert_int_equal(block_port_read(&block, MASTER_DATA), bank * 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(R07_each_field_is_where_the_page_says, begin),
		cmocka_unit_test_setup(R07_view_answers_requests_enabled_and_int, begin),
		cmocka_unit_test_setup(R07_what_no_chip_can_be_in_is_brought_to_the_nearest, begin),
		cmocka_unit_test_setup(R07_any_words_written_twice_are_the_words_read, begin),
		cmocka_unit_test_setup(
			R07_a_state_that_programs_reach_is_the_same_when_read_and_written, begin),
		cmocka_unit_test_setup(R11_save_anything_restore_is_the_identity_for_the_guest,
		                       begin),
		cmocka_unit_test_setup(
			R16_with_banks_a_switch_is_one_write_and_the_guest_sees_nothing_of_it,
			begin),
		cmocka_unit_test_setup(R16_nothing_of_a_bank_changes_while_it_is_not_connected,
		                       begin),
		cmocka_unit_test_setup(R16_an_unrouted_line_leaves_its_input_as_it_was, begin),
		cmocka_unit_test_setup(R16_the_sixteen_banks_are_sixteen, begin),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
