/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mirror on VGA text: what the hardware would show is what a plain terminal shows.
 *
 * Rule: the screen is read as the hardware reads it, from video memory at the CRT controller's
 * start address. What the screen does not show of video memory is a guest's, and changes at any
 * time.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "tests/unit/check.h"

#include "arch/x86/machine/platform.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Video memory has its place in this process, too. */
enum { VIDEO_AT = 0xb8000, VIDEO_CELLS = 16384 };

static uint16_t *video;
static unsigned cells_written, port_writes;

/* The framebuffer's: this machine has none. */
bool pages_map_high(uint64_t first, uint64_t end, bool device)
{
	(void)first;
	(void)end;
	(void)device;
	fail_msg("a framebuffer is mapped");
	return false;
}

void fake_bytes_copied(const void *to, size_t bytes)
{
	assert_int_equal((uintptr_t)to % 8, 0);
	assert_int_equal(bytes % 8, 0);
	assert_in_range((uintptr_t)to, VIDEO_AT, VIDEO_AT + 2 * VIDEO_CELLS - bytes);
	cells_written += bytes / 2;
}

/* ---- The hardware ---- */

static uint8_t crtc_index, crtc[256];

void io_out8(uint16_t port, uint8_t value)
{
	assert_true(port == 0x3d4 || port == 0x3d5);
	port_writes++;
	if (port == 0x3d4)
		crtc_index = value;
	else
		crtc[crtc_index] = value;
}

static unsigned crtc_address(unsigned index)
{
	return crtc[index] << 8 | crtc[index + 1];
}

/* ---- The terminal, as one would write it down ---- */

static uint16_t screen[25][80];
static unsigned at_row, at_column;
static int escape; /* 1: after ESC, 2: after ESC [ */

static void plain_newline(void)
{
	at_column = 0;
	if (at_row < 24) {
		at_row++;
		return;
	}
	memmove(screen[0], screen[1], sizeof(screen) - sizeof(screen[0]));
	for (unsigned n = 0; n < 80; n++)
		screen[24][n] = 0x0720;
}

static void plain_character(char c)
{
	if (at_column == 80)
		plain_newline();
	screen[at_row][at_column++] = (uint16_t)(0x0700 | (unsigned char)c);
}

static void plain_escape(char c)
{
	if (escape == 1) {
		escape = c == '[' ? 2 : 0;
	} else if ((unsigned char)c >= '@') {
		escape = 0;
		for (unsigned n = at_column; c == 'K' && n < 80; n++)
			screen[at_row][n] = 0x0720;
	}
}

static void plain_put(char c)
{
	if (escape) {
		plain_escape(c);
		return;
	}
	switch (c) {
	case '\n':
		plain_newline();
		break;
	case '\r':
		at_column = 0;
		break;
	case '\b':
		at_column = at_column > 0 ? at_column - 1 : 0;
		break;
	case '\t':
		plain_character(' ');
		while (at_column % 8 != 0)
			plain_character(' ');
		break;
	case 0x1b:
		escape = 1;
		break;
	default:
		if ((unsigned char)c >= ' ')
			plain_character((unsigned char)c < 0x7f ? c : '?');
	}
}

/* ---- Both ---- */

static int begin(void **state)
{
	(void)state;
	memset(video, 0x55, 2 * VIDEO_CELLS);
	memset(crtc, 0x55, sizeof(crtc));
	memset(screen, 0, sizeof(screen));
	for (unsigned n = 0; n < 25 * 80; n++)
		screen[n / 80][n % 80] = 0x0720;
	at_row = at_column = 0;
	escape = 0;
	vga_init();
	cells_written = port_writes = 0;
	return 0;
}

static void expect_shown(void)
{
	unsigned first = crtc_address(0x0c);

	assert_in_range(first, 0, VIDEO_CELLS - 25 * 80);
	assert_memory_equal(video + first, screen, sizeof(screen));
	assert_int_equal(crtc_address(0x0e),
	                 first + at_row * 80 + (at_column < 80 ? at_column : 79));
}

/* A step shows one row at most. */
static bool show_a_step(void)
{
	unsigned cells = cells_written, ports = port_writes;
	bool more = vga_show();

	assert_in_range(cells_written - cells, 0, 80);
	assert_in_range(port_writes - ports, 0, 8);
	assert_true(cells_written == cells || port_writes == ports);
	return more;
}

static void show_all(void)
{
	unsigned steps = 0;

	while (show_a_step())
		assert_in_range(++steps, 1, 25);
	expect_shown();
	unsigned cells = cells_written, ports = port_writes;
	assert_false(vga_show()); /* nothing is left, and nothing is written */
	assert_int_equal(cells_written, cells);
	assert_int_equal(port_writes, ports);
}

static void put_both(const char *text, size_t size)
{
	vga_put(text, size);
	for (size_t n = 0; n < size; n++)
		plain_put(text[n]);
}

/* A guest writes where the screen is not. */
static void scribble(uint64_t *seed)
{
	unsigned first = crtc_address(0x0c);

	for (unsigned n = 0; n < VIDEO_CELLS; n++)
		if (n < first || n >= first + 25 * 80)
			video[n] = (uint16_t)random_next(seed);
}

static size_t random_text(uint64_t *seed, char *text, size_t most)
{
	static const char special[] = "\n\n\n\n\r\b\t\x1B[K\x7F\xFF\x01";
	size_t size = random_below(seed, (unsigned)most);

	for (size_t n = 0; n < size; n++)
		text[n] = random_below(seed, 8) == 0
		                  ? special[random_below(seed, sizeof(special) - 1)]
		                  : (char)(' ' + random_below(seed, 95));
	return size;
}

static void any_text_is_shown_as_a_terminal_shows_it(void **state)
{
	uint64_t seed = 12345;
	char text[3000];

	(void)state;
	expect_shown();
	for (unsigned round = 0; round < 3000; round++) {
		if (crtc_address(0x0c) != 0)
			scribble(&seed);
		put_both(text, random_text(&seed, text, round % 50 == 0 ? sizeof(text) : 200));
		show_all();
	}
}

static void text_may_come_while_the_last_is_being_shown(void **state)
{
	uint64_t seed = 54321;
	char text[3000];

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		put_both(text, random_text(&seed, text, 60));
		for (unsigned steps = random_below(&seed, 4); steps > 0; steps--)
			show_a_step();
		if (round % 100 == 0)
			show_all();
	}
	for (unsigned lines = 0; lines < 1000; lines++) /* more than video memory holds */
		put_both("and another\n", 12);
	show_all();
}

static void a_line_costs_one_row(void **state)
{
	enum { LINES = 10000 };

	(void)state;
	for (unsigned n = 0; n < LINES; n++) {
		put_both("\n", 1);
		show_all();
	}
	assert_in_range(cells_written + port_writes, LINES, 100 * LINES);
	assert_in_range(port_writes, LINES, 6 * LINES);
}

static void a_character_costs_one_write(void **state)
{
	(void)state;
	put_both("x", 1);
	show_all();
	assert_int_equal(cells_written, 4); /* of 8 bytes */
	put_both("\r", 1);
	show_all();
	assert_int_equal(cells_written, 4);
}

static void all_at_once_shows_the_same(void **state)
{
	uint64_t seed = 99;
	char text[3000];

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		size_t size = random_text(&seed, text, sizeof(text));

		vga_write(text, size);
		for (size_t n = 0; n < size; n++)
			plain_put(text[n]);
		expect_shown();
	}
}

/* ---- The prompt and the view ---- */

static void expect_row(unsigned row, uint16_t colours, const char *text)
{
	const uint16_t *cell = video + crtc_address(0x0c) + row * 80;

	for (unsigned n = 0; n < 80; n++) {
		char c = n < strlen(text) ? text[n] : ' ';

		assert_int_equal(cell[n], colours | (unsigned char)c);
	}
}

/* Rows of text are numbered, so that each one is known by its place. */
static void put_numbered(unsigned first, unsigned end)
{
	for (unsigned n = first; n < end; n++) {
		char text[] = "row 000\n";

		text[4] = (char)('0' + n / 100);
		text[5] = (char)('0' + n / 10 % 10);
		text[6] = (char)('0' + n % 10);
		vga_put(text, sizeof(text) - 1);
	}
}

static void show(void)
{
	while (show_a_step())
		;
}

static void the_prompt_keeps_the_last_row(void **state)
{
	(void)state;
	put_numbered(0, 30);
	vga_prompt("vms", 3, 3);
	show();
	expect_row(22, 0x0700, "row 029");
	expect_row(23, 0x0700, "");
	expect_row(24, 0x0700, "> vms");
	assert_int_equal(crtc_address(0x0e), crtc_address(0x0c) + 24 * 80 + 5);
	put_numbered(30, 500); /* more than video memory holds */
	show();
	expect_row(0, 0x0700, "row 477");
	expect_row(22, 0x0700, "row 499");
	expect_row(24, 0x0700, "> vms");
	vga_prompt("", 0, 0);
	show();
	expect_row(24, 0x0700, "> ");
	assert_int_equal(crtc_address(0x0e), crtc_address(0x0c) + 24 * 80 + 2);
}

static void a_prompt_on_a_screen_with_room_moves_no_text(void **state)
{
	(void)state;
	put_numbered(0, 3);
	vga_prompt("x", 1, 1);
	put_numbered(3, 4);
	show();
	expect_row(0, 0x0700, "row 000");
	expect_row(3, 0x0700, "row 003");
	expect_row(24, 0x0700, "> x");
}

static void of_a_long_prompt_the_end_is_shown(void **state)
{
	char text[200], shown[81] = "> ";

	(void)state;
	for (unsigned n = 0; n < sizeof(text); n++)
		text[n] = (char)('a' + n % 26);
	vga_prompt(text, sizeof(text), sizeof(text));
	show();
	memcpy(shown + 2, text + sizeof(text) - 77, 77);
	expect_row(24, 0x0700, shown);
	assert_int_equal(crtc_address(0x0e), crtc_address(0x0c) + 24 * 80 + 79);
	vga_prompt(text, sizeof(text), 77); /* as far right as nothing moves */
	show();
	memcpy(shown + 2, text, 77);
	expect_row(24, 0x0700, shown);
	assert_int_equal(crtc_address(0x0e), crtc_address(0x0c) + 24 * 80 + 79);
	vga_prompt(text, 5, 2);
	show();
	expect_row(24, 0x0700, "> abcde");
	assert_int_equal(crtc_address(0x0e), crtc_address(0x0c) + 24 * 80 + 4);
}

/* What comes meanwhile is there when the view ends. */
static void a_view_lies_over_the_text_and_loses_none(void **state)
{
	(void)state;
	put_numbered(0, 30);
	vga_view(0, "older", 5, false);
	vga_view(24, " hint", 5, true);
	expect_row(0, 0x0700, "older");
	expect_row(1, 0x0700, "row 007");
	expect_row(24, 0x7000, " hint");
	put_numbered(30, 500);
	assert_false(vga_show());
	expect_row(0, 0x0700, "older");
	vga_view(1, "and older\x01", 10, false);
	expect_row(1, 0x0700, "and older?");
	vga_view_end();
	show();
	expect_row(0, 0x0700, "row 476");
	expect_row(23, 0x0700, "row 499");
	expect_row(24, 0x0700, "");
	vga_view_end(); /* there is none */
	assert_false(vga_show());
}

static void a_panic_is_seen_through_a_view(void **state)
{
	(void)state;
	vga_view(0, "older", 5, false);
	vga_write("panic\n", 6);
	expect_row(0, 0x0700, "panic");
}

static int map_video(void **state)
{
	void *at = (void *)(uintptr_t)VIDEO_AT; /* a program has nothing so low */

	(void)state;
	video = mmap(at, 2 * VIDEO_CELLS, PROT_READ | PROT_WRITE,
	             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	return video == at ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(any_text_is_shown_as_a_terminal_shows_it, begin),
		cmocka_unit_test_setup(text_may_come_while_the_last_is_being_shown, begin),
		cmocka_unit_test_setup(a_line_costs_one_row, begin),
		cmocka_unit_test_setup(a_character_costs_one_write, begin),
		cmocka_unit_test_setup(all_at_once_shows_the_same, begin),
		cmocka_unit_test_setup(the_prompt_keeps_the_last_row, begin),
		cmocka_unit_test_setup(a_prompt_on_a_screen_with_room_moves_no_text, begin),
		cmocka_unit_test_setup(of_a_long_prompt_the_end_is_shown, begin),
		cmocka_unit_test_setup(a_view_lies_over_the_text_and_loses_none, begin),
		cmocka_unit_test_setup(a_panic_is_seen_through_a_view, begin),
	};

	return cmocka_run_group_tests_name("vga", tests, map_video, NULL);
}
