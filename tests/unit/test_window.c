/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register window against its datasheet (docs/register-window.md, section 3): each register,
 * each width, each side effect.
 *
 * Rule: the table of registers here is the page's; what it does not list must read as zero and
 * ignore writes.
 */
#include "tests/unit/block_kit.h"
#include "tests/unit/check.h"

#include <string.h>

static struct block block;

static int begin(void **state)
{
	(void)state;
	block_reset(&block);
	return 0;
}

static uint64_t read_at(uint32_t offset, unsigned size)
{
	return block_window_read(&block, offset, size);
}

static void write_at(uint32_t offset, unsigned size, uint64_t value)
{
	block_window_write(&block, offset, size, value);
}

/* writable: the bits that keep what is written. */
static const struct {
	uint32_t offset;
	unsigned size;
	uint64_t reset, writable;
} registers[] = {
	{ 0x000, 4, 0x584f4253, 0 },
	{ 0x004, 4, 0x00010000, 0 },
	{ 0x008, 4, 0x00031010, 0 },
	{ 0x010, 2, 0xffff, 0xffff },
	{ 0x012, 2, 0xffff, 0xffff },
	{ 0x014, 2, 0, 0xffff },
	{ 0x016, 2, 0, 0x000f },
	{ 0x018, 4, 0, 0 },
	{ 0x01c, 2, 0, 0xffff },
	{ 0x01e, 2, 0, 0 },
	{ 0x020, 8, UINT64_C(0xfedcba9876543210), UINT64_MAX },
	{ 0x028, 8, UINT64_C(0xfedcba9876543210), UINT64_MAX },
	{ 0x030, 1, 0, 0 },
};
enum { REGISTERS = sizeof(registers) / sizeof(registers[0]) };

static void R07_reset_values(void **state)
{
	(void)state;
	memset(&block, 0xa5, sizeof(block));
	block_reset(&block);
	for (unsigned i = 0; i < REGISTERS; i++)
		assert_int_equal(read_at(registers[i].offset, registers[i].size),
		                 registers[i].reset);
	for (unsigned bank = 0; bank < 16; bank++) {
		assert_int_equal(kit_word(&block, bank, 0), 0x0000000000ff0000);
		assert_int_equal(kit_word(&block, bank, 1), 0x0000000000ff0000);
		assert_int_equal(kit_word(&block, bank, 2), 0x0007000000070000);
		assert_int_equal(kit_word(&block, bank, 3), 0);
	}
	assert_false(block_intr(&block));
	assert_false(block_take_nmi(&block));
	assert_memory_equal("SBOX", &(uint32_t){ (uint32_t)read_at(0, 4) }, 4);
}

static void R07_headers_and_page_name_the_same_offsets(void **state)
{
	(void)state;
	assert_int_equal(WINDOW_ID, 0x000);
	assert_int_equal(WINDOW_VERSION, 0x004);
	assert_int_equal(WINDOW_CAPABILITY, 0x008);
	assert_int_equal(WINDOW_ROUTE, 0x010);
	assert_int_equal(WINDOW_MASK, 0x012);
	assert_int_equal(WINDOW_SHARE, 0x014);
	assert_int_equal(WINDOW_BANK, 0x016);
	assert_int_equal(WINDOW_STATUS, 0x018);
	assert_int_equal(WINDOW_LEVEL, 0x01c);
	assert_int_equal(WINDOW_LINES, 0x01e);
	assert_int_equal(WINDOW_CONTROLLER_INPUT, 0x020);
	assert_int_equal(WINDOW_BLOCK_INPUT, 0x028);
	assert_int_equal(WINDOW_EXTERNAL, 0x030);
	assert_int_equal(WINDOW_STATE, 0x100);
	assert_int_equal(WINDOW_STATE_STRIDE, 0x20);
	assert_int_equal(WINDOW_ID_VALUE, 0x584f4253);
	assert_int_equal(WINDOW_VERSION_VALUE, 0x00010000);
	assert_int_equal(WINDOW_PCI_VENDOR, 0x1234);
	assert_int_equal(WINDOW_PCI_DEVICE, 0x5b0c);
	assert_int_equal(WINDOW_PCI_CLASS, 0x088000);
	assert_int_equal(WINDOW_BYTES, 4096);
}

/* Bit by bit, both ways; BANK, whose values above 15 mean something else, is tested below. */
static void R07_what_can_be_written_reads_back_and_nothing_else(void **state)
{
	(void)state;
	for (unsigned i = 0; i < REGISTERS; i++)
		for (unsigned bit = 0; bit < registers[i].size * 8; bit++) {
			uint64_t one = UINT64_C(1) << bit;

			if (registers[i].offset == WINDOW_BANK && bit > 3)
				continue;
			begin(NULL);
			write_at(registers[i].offset, registers[i].size, one);
			if (registers[i].offset == WINDOW_STATUS ||
			    registers[i].offset == WINDOW_EXTERNAL)
				continue;
			assert_int_equal(read_at(registers[i].offset, registers[i].size),
			                 registers[i].writable ? one & registers[i].writable
			                                       : registers[i].reset);
			begin(NULL);
			write_at(registers[i].offset, registers[i].size,
			         ~one & registers[i].writable);
			assert_int_equal(read_at(registers[i].offset, registers[i].size),
			                 registers[i].writable ? ~one & registers[i].writable
			                                       : registers[i].reset);
		}
}

/* A pattern in every register that has one. */
static void fill(void)
{
	begin(NULL);
	write_at(WINDOW_SELECT, 8, UINT64_C(0x0003123456789abc));
	write_at(WINDOW_LEVEL, 2, 0x0ff0);
	write_at(WINDOW_CONTROLLER_INPUT, 8, UINT64_C(0x0123456789abcdef));
	write_at(WINDOW_BLOCK_INPUT, 8, UINT64_C(0x1032547698badcfe));
	for (unsigned line = 0; line < 16; line += 3)
		block_set_line(&block, line, true);
	for (unsigned bank = 0; bank < 16; bank++)
		for (unsigned word = 0; word < 3; word++)
			kit_set_word(&block, bank, word,
			             UINT64_C(0x0107053a01020713) * (bank + 1) + word);
}

static void R07_every_width_reads_the_same_bytes(void **state)
{
	(void)state;
	fill();
	for (uint32_t offset = 0; offset < WINDOW_BYTES; offset += 8) {
		uint64_t whole;
		uint8_t bytes[8];

		if (offset == 0x18)
			read_at(0x1b, 1); /* the pulses are gone after the first read */
		whole = read_at(offset, 8);
		memcpy(bytes, &whole, 8);
		for (unsigned size = 1; size < 8; size *= 2)
			for (unsigned i = 0; i < 8; i += size) {
				uint64_t part = read_at(offset + i, size);

				assert_memory_equal(&part, bytes + i, size);
				assert_int_equal(size == 8 ? 0 : part >> (8 * size), 0);
			}
	}
}

static void R07_every_width_writes_its_own_bytes_alone(void **state)
{
	static const uint32_t words[] = { 0x10, 0x20, 0x28, 0x140, 0x148 };

	(void)state;
	for (unsigned w = 0; w < sizeof(words) / sizeof(words[0]); w++)
		for (unsigned size = 1; size < 8; size *= 2)
			for (unsigned i = 0; i < 8; i += size) {
				uint64_t before, after, expected;
				uint64_t bytes = (UINT64_C(1) << (8 * size)) - 1;
				/* Values that every register keeps whole. */
				uint64_t value = UINT64_C(0x0002a8d858f8a8d8) >> (8 * i) & bytes;

				fill();
				if (words[w] == 0x140) /* an edge needs its pin */
					kit_set_word(&block, 2, 0, UINT64_C(0x00000000ff000000));
				if (words[w] == 0x148)
					kit_set_word(&block, 2, 1, UINT64_C(0x00000000ff000000));
				before = read_at(words[w], 8);
				/* bits beyond the width do not count */
				write_at(words[w] + i, size, value | ~bytes);
				after = read_at(words[w], 8);
				expected = (before & ~(bytes << (8 * i))) | value << (8 * i);
				if (words[w] >= 0x140 && ((8 * i) <= 24 && 24 < 8 * (i + size)))
					expected &= ~UINT64_C(0xff) | (expected >> 24 & 0xff);
				assert_int_equal(after & ~UINT64_C(0xff2100000000),
				                 expected & ~UINT64_C(0xff2100000000));
			}
}

static void R07_improper_accesses_read_zero_and_write_nothing(void **state)
{
	struct block before;

	(void)state;
	fill();
	before = block;
	for (uint32_t offset = 0; offset < WINDOW_BYTES + 64; offset++)
		for (unsigned size = 0; size <= 16; size++) {
			bool proper = (size == 1 || size == 2 || size == 4 || size == 8) &&
			              offset % size == 0 && offset + size <= WINDOW_BYTES;

			if (proper)
				continue;
			assert_int_equal(read_at(offset, size), 0);
			write_at(offset, size, UINT64_MAX);
		}
	assert_int_equal(read_at(UINT32_MAX - 7, 8), 0);
	write_at(UINT32_MAX - 7, 8, UINT64_MAX);
	assert_memory_equal(&before, &block, sizeof(block));
}

static void R07_where_no_register_is_reads_zero_and_writes_nothing(void **state)
{
	struct block before;

	(void)state;
	fill();
	before = block;
	for (uint32_t offset = 0; offset < WINDOW_BYTES; offset++) {
		bool is_register = offset < 0x0c || (offset >= 0x10 && offset < 0x31) ||
		                   (offset >= 0x100 && offset < 0x300);

		if (is_register)
			continue;
		assert_int_equal(read_at(offset, 1), 0);
		write_at(offset, 1, 0xff);
	}
	assert_memory_equal(&before, &block, sizeof(block));
}

static void R07_read_only_registers_ignore_writes(void **state)
{
	struct block before;

	(void)state;
	fill();
	before = block;
	write_at(0x00, 8, UINT64_MAX);
	write_at(0x08, 8, UINT64_MAX);
	write_at(0x1e, 2, 0xffff);
	for (unsigned bank = 0; bank < 16; bank++)
		kit_set_word(&block, bank, 3, UINT64_MAX);
	assert_memory_equal(&before, &block, sizeof(block));
}

static void R07_reads_have_no_side_effect_but_the_pulses(void **state)
{
	struct block before;

	(void)state;
	fill();
	before = block;
	for (uint32_t offset = 0; offset < WINDOW_BYTES; offset++)
		if (offset != 0x1b)
			read_at(offset, 1);
	assert_memory_equal(&before, &block, sizeof(block));
}

/* ---- SELECT ---- */

static void R10_select_takes_effect_in_one_step(void **state)
{
	(void)state;
	kit_initialise(&block, ICW4_UPM);
	kit_select(&block, 0, 0xffff, 0, 0);
	kit_raise(&block, 3);
	kit_raise(&block, 9);
	/* Mask opens and line 3 leaves in the same write: NMI is for 9 alone, and not for a moment
	 * in between. */
	kit_select(&block, 1 << 3 | 1 << 9, 0, 0, 0);
	assert_false(block_take_nmi(&block));
	assert_int_equal(kit_status(&block), 0);
	assert_int_equal(kit_irr(&block), 0x020c);

	/* Another bank and its lines in one write: the old one sees nothing of the new lines. */
	begin(NULL);
	kit_initialise(&block, ICW4_UPM);
	kit_select(&block, 1 << 3, 0xffff, 0, 0);
	kit_raise(&block, 4);
	kit_select(&block, 1 << 4, 0xffff, 0, 1);
	assert_int_equal(kit_word(&block, 0, 3) & 0xffff, 0);
	assert_int_equal(kit_word(&block, 1, 3) & 0xffff, 1 << 4);
}

static void R10_select_by_parts_is_the_same_registers(void **state)
{
	(void)state;
	write_at(WINDOW_SELECT, 8, UINT64_C(0x0003123456789abc));
	assert_int_equal(read_at(WINDOW_ROUTE, 2), 0x9abc);
	assert_int_equal(read_at(WINDOW_MASK, 2), 0x5678);
	assert_int_equal(read_at(WINDOW_SHARE, 2), 0x1234);
	assert_int_equal(read_at(WINDOW_BANK, 2), 3);
	write_at(WINDOW_ROUTE, 4, 0x11112222);
	assert_int_equal(read_at(WINDOW_SELECT, 8), UINT64_C(0x0003123411112222));
}

static void R16_a_bank_number_too_high_sends_every_line_to_the_vmm_block(void **state)
{
	static const uint16_t banks[] = { 16, 17, 0x100, 0x8000, 0xffff };

	(void)state;
	for (unsigned i = 0; i < sizeof(banks) / sizeof(banks[0]); i++)
		for (unsigned width = 2; width <= 8; width += 6) {
			begin(NULL);
			kit_select(&block, 0xffff, 0xffff, 0, 5);
			kit_initialise(&block, ICW4_UPM);
			if (width == 8)
				kit_select(&block, 0xffff, 0xffff, 0, banks[i]);
			else
				write_at(WINDOW_BANK, 2, banks[i]);
			assert_int_equal(read_at(WINDOW_BANK, 2), 5);
			assert_int_equal(read_at(WINDOW_ROUTE, 2), 0);
			for (unsigned line = 0; line < 16; line++)
				kit_raise(&block, line);
			assert_int_equal(kit_status(&block), 0xfffb);
			for (unsigned bank = 0; bank < 16; bank++)
				assert_int_equal(kit_word(&block, bank, 3) & 0xffff, 0);
			kit_select(&block, 0xffff, 0xffff, 0, 5);
			assert_int_equal(kit_irr(&block), 0xffff);
		}
}

/* ---- STATUS, LINES, EXTERNAL ---- */

static void R06_status_shows_intr_and_external_and_clears_what_is_written_one(void **state)
{
	(void)state;
	kit_initialise(&block, ICW4_UPM);
	kit_select(&block, 1, 0xffff, 0, 0);
	kit_raise(&block, 0);
	assert_int_equal(read_at(WINDOW_STATUS, 4), WINDOW_STATUS_INTR);
	write_at(WINDOW_STATUS, 4, WINDOW_STATUS_INTR); /* RO */
	assert_int_equal(read_at(WINDOW_STATUS, 4), WINDOW_STATUS_INTR);
	kit_raise(&block, 5);
	kit_raise(&block, 15);
	block_set_external(&block, true);
	assert_int_equal(read_at(WINDOW_STATUS, 4),
	                 1 << 24 | WINDOW_STATUS_INTR | WINDOW_STATUS_EXTERNAL | 0x8020);
	write_at(0x19, 1, 0x80);
	assert_int_equal(read_at(WINDOW_STATUS, 2), 0x0020);
	assert_true(kit_external(&block));
	write_at(0x1a, 1, 1);
	assert_false(kit_external(&block));
	assert_int_equal(read_at(WINDOW_STATUS, 2), 0x0020);
	write_at(WINDOW_STATUS, 1, 0x20);
	assert_int_equal(read_at(WINDOW_STATUS, 2), 0);
}

static void R06_pulses_counts_to_255_and_a_read_of_its_byte_clears_it(void **state)
{
	static const struct {
		uint32_t offset;
		unsigned size;
		bool clears;
	} rows[] = { { 0x18, 1, false }, { 0x18, 2, false }, { 0x1a, 1, false },
		     { 0x1a, 2, true },  { 0x1b, 1, true },  { 0x18, 4, true },
		     { 0x18, 8, true },  { 0x1c, 4, false }, { 0x10, 8, false } };

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(NULL);
		for (unsigned n = 0; n < 3; n++)
			write_at(WINDOW_EXTERNAL, 1, 1);
		read_at(rows[i].offset, rows[i].size);
		assert_int_equal(read_at(0x1b, 1), rows[i].clears ? 0 : 3);
	}
	for (unsigned n = 1; n <= 300; n++) {
		write_at(WINDOW_EXTERNAL, 1, 1);
		if (n == 254 || n == 255 || n == 256 || n == 300) {
			struct block copy = block;

			assert_int_equal(block_window_read(&copy, 0x1b, 1), n < 255 ? n : 255);
		}
	}
	assert_int_equal(read_at(0x1b, 1), 255);
	assert_int_equal(read_at(0x1b, 1), 0);
}

static void R06_pulses_counts_pulses_and_not_fetches(void **state)
{
	(void)state;
	kit_select(&block, 0, 0, 0, 0);
	kit_raise(&block, 4);
	kit_mask(&block, 0);
	assert_true(block_take_nmi(&block));
	assert_false(block_take_nmi(&block));
	assert_int_equal(read_at(0x1b, 1), 2);
}

static void R05_a_write_to_status_is_one_if_it_clears_nothing_as_well(void **state)
{
	(void)state;
	kit_select(&block, 0, 0, 0, 0);
	kit_raise(&block, 4);
	block_take_nmi(&block);
	for (uint32_t byte = 0x18; byte <= 0x1b; byte++) {
		write_at(byte, 1, 0);
		/* 1Bh is the pulses': read only */
		assert_int_equal(block_take_nmi(&block), byte != 0x1b);
	}
	write_at(WINDOW_LEVEL, 2, 0);
	write_at(WINDOW_SHARE, 4, 0);
	write_at(WINDOW_ROUTE, 2, 0);
	assert_false(block_take_nmi(&block));
	for (uint32_t byte = 0x12; byte <= 0x13; byte++) {
		write_at(byte, 1, 0);
		assert_true(block_take_nmi(&block));
	}
}

static void R06_writing_external_is_as_if_its_source_had_risen(void **state)
{
	(void)state;
	write_at(WINDOW_EXTERNAL, 1, 0xfe);
	assert_false(block_take_nmi(&block));
	write_at(WINDOW_EXTERNAL, 1, 1);
	assert_true(block_take_nmi(&block));
	assert_true(kit_external(&block));
	assert_int_equal(read_at(WINDOW_EXTERNAL, 1), 0);
	block_take_nmi(&block);
	block_set_external(&block, true); /* the source itself is another matter */
	assert_true(block_take_nmi(&block));
	write_at(WINDOW_EXTERNAL, 8, 1);
	assert_true(block_take_nmi(&block));
}

static void R05_lines_shows_levels_wherever_they_go(void **state)
{
	(void)state;
	for (unsigned route = 0; route < 2; route++) {
		kit_route(&block, route ? 0xffff : 0);
		for (unsigned line = 0; line < 16; line++) {
			block_set_line(&block, line, true);
			assert_int_equal(read_at(WINDOW_LINES, 2), line == 2 ? 0 : 1 << line);
			block_set_line(&block, line, false);
			assert_int_equal(read_at(WINDOW_LINES, 2), 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(R07_reset_values, begin),
		cmocka_unit_test_setup(R07_headers_and_page_name_the_same_offsets, begin),
		cmocka_unit_test_setup(R07_what_can_be_written_reads_back_and_nothing_else, begin),
		cmocka_unit_test_setup(R07_every_width_reads_the_same_bytes, begin),
		cmocka_unit_test_setup(R07_every_width_writes_its_own_bytes_alone, begin),
		cmocka_unit_test_setup(R07_improper_accesses_read_zero_and_write_nothing, begin),
		cmocka_unit_test_setup(R07_where_no_register_is_reads_zero_and_writes_nothing,
		                       begin),
		cmocka_unit_test_setup(R07_read_only_registers_ignore_writes, begin),
		cmocka_unit_test_setup(R07_reads_have_no_side_effect_but_the_pulses, begin),
		cmocka_unit_test_setup(R10_select_takes_effect_in_one_step, begin),
		cmocka_unit_test_setup(R10_select_by_parts_is_the_same_registers, begin),
		cmocka_unit_test_setup(R16_a_bank_number_too_high_sends_every_line_to_the_vmm_block,
		                       begin),
		cmocka_unit_test_setup(
			R06_status_shows_intr_and_external_and_clears_what_is_written_one, begin),
		cmocka_unit_test_setup(R06_pulses_counts_to_255_and_a_read_of_its_byte_clears_it,
		                       begin),
		cmocka_unit_test_setup(R06_pulses_counts_pulses_and_not_fetches, begin),
		cmocka_unit_test_setup(R05_a_write_to_status_is_one_if_it_clears_nothing_as_well,
		                       begin),
		cmocka_unit_test_setup(R06_writing_external_is_as_if_its_source_had_risen, begin),
		cmocka_unit_test_setup(R05_lines_shows_levels_wherever_they_go, begin),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
