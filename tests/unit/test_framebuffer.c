/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text on a framebuffer: the pixels are read back as characters.
 *
 * Rule: the pixels lie in memory of the test's with a border, and nothing writes to the border. A
 * step of vga_show() draws one cell at most.
 */
#define _GNU_SOURCE /* MAP_32BIT */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/framebuffer.h"
#include "arch/x86/machine/platform.h"
#include "font.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { BORDER = 64, MOST = 1024 * 768 + 2 * BORDER };

static uint32_t *memory;
static struct boot_screen screen;
static unsigned scale;

void fake_bytes_copied(const void *to, size_t bytes)
{
	(void)to;
	(void)bytes;
	fail_msg("VGA's memory is written");
}

/* What was mapped above 4 GiB, and whether the processor can. */
static struct {
	bool possible;
	unsigned calls;
	uint64_t first, end;
} high;

bool pages_map_high(uint64_t first, uint64_t end, bool device)
{
	assert_true(device);
	high.calls++;
	high.first = first;
	high.end = end;
	return high.possible;
}

void io_out8(uint16_t port, uint8_t value)
{
	(void)value;
	fail_msg("port %xh is written", port);
}

static uint32_t pixel(unsigned x, unsigned y)
{
	return memory[BORDER + y * (screen.pitch / 4) + x];
}

/* The character of a cell, with bit 7 for one in reverse; each pixel of the font is a square. */
static unsigned character_at(unsigned row, unsigned column)
{
	uint64_t bits = 0;

	for (unsigned y = 0; y < 8 * scale; y++)
		for (unsigned x = 0; x < 5 * scale; x++) {
			uint32_t value = pixel(column * 5 * scale + x, row * 8 * scale + y);

			assert_true(value == 0 || value == 0xaaaaaa);
			assert_int_equal(value, pixel((column * 5 + x / scale) * scale,
			                              (row * 8 + y / scale) * scale));
			if (value != 0)
				bits |= 1ull << (y / scale * 5 + x / scale);
		}
	for (unsigned c = ' '; c < 0x7f; c++) {
		uint64_t glyph = 0;

		memcpy(&glyph, font + (c - ' ') * 5, 5);
		if (bits == glyph)
			return c;
		if (bits == (glyph ^ 0xffffffffff))
			return c | 0x80;
	}
	fail_msg("row %u, column %u: no character has these pixels", row, column);
	return 0;
}

/* A row without the blanks at its end. A cell in reverse stands in brackets. */
static const char *row_text(unsigned row)
{
	static char text[4 * 80 + 1];
	size_t length = 0, end = 0;

	for (unsigned column = 0; column < 80; column++) {
		unsigned c = character_at(row, column);

		if (c & 0x80)
			text[length++] = '[';
		text[length++] = (char)(c & 0x7f);
		if (c & 0x80)
			text[length++] = ']';
		if (c != ' ')
			end = length;
	}
	text[end] = '\0';
	return text;
}

static void begin_with(uint32_t width, uint32_t height, uint32_t pitch)
{
	screen = (struct boot_screen){ (uintptr_t)(memory + BORDER), pitch, width, height, 32, 1 };
	scale = width >= 800 && height >= 400 ? 2 : 1;
	for (unsigned i = 0; i < MOST; i++)
		memory[i] = 0x123456;
	/* A machine begins with nothing drawn; the first reset of a place is another cell. */
	assert_true(framebuffer_init(&screen));
	assert_true(framebuffer_is_on());
	for (unsigned row = 0; row < 25; row++)
		for (unsigned column = 0; column < 80; column++)
			framebuffer_draw(row, column, 0x0700 | 'x');
	vga_init();
}

static int begin(void **state)
{
	(void)state;
	if (memory == NULL)
		memory = mmap(NULL, sizeof(uint32_t) * MOST, PROT_READ | PROT_WRITE,
		              MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	assert_true(memory != MAP_FAILED);
	begin_with(800, 600, 3200);
	return 0;
}

/* Nothing is written but the 25 rows. */
static void expect_the_rest_is_untouched(void)
{
	for (unsigned i = 0; i < MOST; i++) {
		unsigned at = i - BORDER, x = at % (screen.pitch / 4), y = at / (screen.pitch / 4);

		if (i < BORDER || x >= 400 * scale || y >= 200 * scale)
			assert_int_equal(memory[i], 0x123456);
	}
}

static void write_text(const char *text)
{
	vga_write(text, strlen(text));
}

static void all_characters_are_drawn_on_each_size(void **state)
{
	static const uint32_t sizes[][3] = {
		{ 800, 600, 3200 }, { 1024, 768, 4096 }, { 640, 480, 2560 },
		{ 400, 200, 1600 }, { 800, 399, 3200 },  { 700, 500, 4000 },
	};
	char all[0x7f - ' ' + 1];

	(void)state;
	for (unsigned c = ' '; c < 0x7f; c++)
		all[c - ' '] = (char)c;
	all[0x7f - ' '] = '\0';
	for (unsigned n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
		begin_with(sizes[n][0], sizes[n][1], sizes[n][2]);
		write_text(all);
		char expected[sizeof(all)];
		memcpy(expected, all, 80);
		expected[80] = '\0';
		assert_string_equal(row_text(0), expected);
		snprintf(expected, sizeof(expected), "%s[ ]", all + 80);
		assert_string_equal(row_text(1), expected);
		assert_string_equal(row_text(2), "");
		expect_the_rest_is_untouched();
	}
}

/* The newest row goes down, then begins at the top; the row below is empty, the others stay. */
static void the_newest_row_wraps_around_and_an_empty_row_follows(void **state)
{
	char text[16];

	(void)state;
	for (unsigned n = 0; n < 300; n++) {
		snprintf(text, sizeof(text), "\nline %u", n);
		write_text(text);
		unsigned row = (n + 1) % 25;
		snprintf(text, sizeof(text), "line %u[ ]", n);
		assert_string_equal(row_text(row), text);
		if (n < 24)
			continue;
		assert_string_equal(row_text((row + 1) % 25), "");
		snprintf(text, sizeof(text), "line %u", n - 23);
		assert_string_equal(row_text((row + 2) % 25), text);
		snprintf(text, sizeof(text), "line %u", n - 1);
		assert_string_equal(row_text((row + 24) % 25), text);
	}
	expect_the_rest_is_untouched();
}

/* The prompt is the newest row. */
static void the_prompt_and_its_cursor_stay_below_the_text(void **state)
{
	(void)state;
	vga_prompt("vms", 3, 1);
	while (vga_show())
		;
	assert_string_equal(row_text(24), "> v[m]s");
	for (unsigned n = 0; n < 30; n++)
		write_text("text\n");
	/* 30 lines and the first: the ring has turned by 7 */
	assert_string_equal(row_text(6), "> v[m]s");
	assert_string_equal(row_text(7), "");
	assert_string_equal(row_text(5), "");
	assert_string_equal(row_text(4), "text");
	vga_prompt("vms", 3, 3);
	while (vga_show())
		;
	assert_string_equal(row_text(6), "> vms[ ]");
}

static void a_view_lies_over_the_text(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 40; n++)
		write_text(n % 2 ? "odd\n" : "even\n");
	char before[25][81];
	for (unsigned row = 0; row < 25; row++)
		strcpy(before[row], row_text(row));
	for (unsigned row = 0; row < 25; row++)
		vga_view(row, "older", 5, row == 24);
	while (vga_show())
		;
	for (unsigned row = 0; row < 24; row++)
		assert_string_equal(row_text(row), "older");
	assert_int_equal(character_at(24, 0), 'o' | 0x80);
	assert_int_equal(character_at(24, 79), ' ' | 0x80);
	vga_view_end();
	while (vga_show())
		;
	for (unsigned row = 0; row < 25; row++)
		assert_string_equal(row_text(row), before[row]);
	expect_the_rest_is_untouched();
}

/* A step writes the pixels of one cell. */
static void a_step_draws_one_cell_at_most(void **state)
{
	static uint32_t before[MOST];
	unsigned steps = 0;

	(void)state;
	vga_put("a line of text", 14);
	for (bool more = true; more; steps++) {
		unsigned changed = 0;

		memcpy(before, memory, sizeof(before));
		more = vga_show();
		for (unsigned i = 0; i < MOST; i++)
			changed += before[i] != memory[i];
		assert_in_range(changed, 0, 5 * 8 * scale * scale);
	}
	assert_in_range(steps, 12, 20);
	assert_string_equal(row_text(0), "a line of text[ ]");
}

/* Cells that show the right character already are looked at 16 at a time. */
static void a_step_looks_at_16_cells_at_most(void **state)
{
	unsigned steps = 0;

	(void)state;
	while (vga_show())
		;
	for (unsigned row = 0; row < 25; row++)
		vga_view(row, "", 0, false);
	while (vga_show())
		steps++;
	assert_in_range(steps, 25 * 80 / 16, 25 * 80 / 16 + 1);
}

static void expect_refused(const struct boot_screen *s, bool said)
{
	assert_int_equal(framebuffer_init(s), !said);
	assert_false(framebuffer_is_on());
}

static void a_framebuffer_of_no_use_is_refused(void **state)
{
	struct boot_screen s = screen;

	(void)state;
	expect_refused(NULL, false);
	s.type = 2; /* VGA's text */
	expect_refused(&s, false);
	s.type = 0; /* a palette */
	expect_refused(&s, true);
	s = screen;
	s.bits = 24;
	expect_refused(&s, true);
	s = screen;
	s.width = 399;
	expect_refused(&s, true);
	s = screen;
	s.height = 199;
	expect_refused(&s, true);
	s = screen;
	s.pitch = 4 * s.width - 1;
	expect_refused(&s, true);
	s = screen;
	s.address = UINT64_MAX - 4096;
	expect_refused(&s, true);
	s.address = (1ull << 39) - s.pitch * s.height + 1;
	expect_refused(&s, true);
	assert_int_equal(high.calls, 0);
}

/* The place is mapped, uncached, before anything is drawn. No memory of the host lies there. */
static void a_framebuffer_above_4_gib_is_mapped(void **state)
{
	struct boot_screen s = screen;

	(void)state;
	high.calls = 0;
	high.possible = true;
	s.address = 0xffffffff - s.pitch * s.height; /* ends below */
	assert_true(framebuffer_init(&s));
	assert_int_equal(high.calls, 0);
	s.address += 2; /* ends above */
	assert_true(framebuffer_init(&s));
	assert_true(framebuffer_is_on());
	assert_int_equal(high.calls, 1);
	s.address = 0x4000000000;
	assert_true(framebuffer_init(&s));
	assert_int_equal(high.first, s.address);
	assert_int_equal(high.end, s.address + s.pitch * s.height);
	high.possible = false; /* a processor without pages of 1 GiB */
	expect_refused(&s, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_characters_are_drawn_on_each_size, begin),
		cmocka_unit_test_setup(the_newest_row_wraps_around_and_an_empty_row_follows, begin),
		cmocka_unit_test_setup(the_prompt_and_its_cursor_stay_below_the_text, begin),
		cmocka_unit_test_setup(a_view_lies_over_the_text, begin),
		cmocka_unit_test_setup(a_step_draws_one_cell_at_most, begin),
		cmocka_unit_test_setup(a_step_looks_at_16_cells_at_most, begin),
		cmocka_unit_test_setup(a_framebuffer_of_no_use_is_refused, begin),
		cmocka_unit_test_setup(a_framebuffer_above_4_gib_is_mapped, begin),
	};

	return cmocka_run_group_tests_name("framebuffer", tests, NULL, NULL);
}
