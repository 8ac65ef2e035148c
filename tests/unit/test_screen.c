/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console on a PC's screen and keyboard, with COM1 or without.
 *
 * Rule: the tests are the background work, as in test_console.c; time is what looking takes.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/work.h"
#include "arch/x86/log/log.h"
#include "tests/unit/console_kit.h"
#include "tests/unit/fake_log.h"
#include "tests/unit/fake_screen.h"
#include "vmm/operator/console.h"
#include "vmm/operator/pager.h"
#include "vmm/operator/screen.h"
#include "vmm/operator/typing.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_ROWS = VGA_ROWS - 1, LINES_PUT = 100 };

/* ---- A machine ---- */

static struct vmm_config config;
static uint64_t numbered; /* where the numbered lines begin in the log */

static void boot(const char *console, enum keyboard_use keyboard, enum end_policy end)
{
	memset(&config, 0, sizeof(config));
	strcpy(config.console, console);
	config.keyboard = keyboard;
	config.end = end;
	screen_init(&config, console_init(console) == 0 && console_lines() != 0);
	screen_begin();
	while (typing_step())
		;
}

static int begin(void **state)
{
	(void)state;
	fake_vmm_reset();
	fake_screen_reset();
	log_set_output(NULL);
	memset(&com1, 0, sizeof(com1));
	com1.absent = com1.polled = true;
	work_inside = true;
	log_bytes("\n", 1);
	numbered = log_end();
	for (unsigned n = 0; n < LINES_PUT; n++)
		log_format("line %u\n", n);
	printed_clear();
	return 0;
}

/* The interrupt comes for each byte, and the background work looks when it is wanted. */
static void serve(void)
{
	while (fake_screen.first < fake_screen.end) {
		fake_screen.handler();
		assert_true(screen_has_keys());
		while (typing_step())
			;
	}
}

static void strike(const char *text)
{
	for (; *text != '\0'; text++)
		fake_character(*text);
	serve();
}

static void press(uint8_t code)
{
	fake_code(fake_tsc, 0xe0);
	fake_code(fake_tsc, code);
	fake_code(fake_tsc, 0xe0);
	fake_code(fake_tsc, code | 0x80);
	serve();
}

/* Ctrl-C: the line editor outlives a test. */
static void clear_line(void)
{
	static const uint8_t codes[] = { 0x1d, 0x2e, 0xae, 0x9d };

	for (size_t i = 0; i < sizeof(codes); i++)
		fake_code(fake_tsc, codes[i]);
	serve();
	assert_string_equal(fake_screen.prompt, "");
}

/* ---- Who has a console where ---- */

static void the_keyboard_is_taken_where_no_uart_is(void **state)
{
	static const struct {
		const char *console;
		bool uart;
		enum keyboard_use keyboard;
		bool taken, waits;
	} rows[] = {
		{ "com1", true, KEYBOARD_AUTO, false, false },
		{ "com1", false, KEYBOARD_AUTO, true, true },
		{ "auto", true, KEYBOARD_AUTO, false, false },
		{ "auto", false, KEYBOARD_AUTO, true, true },
		{ "vga", true, KEYBOARD_AUTO, true, true },
		{ "none", true, KEYBOARD_AUTO, false, false },
		{ "none", false, KEYBOARD_AUTO, false, false },
		{ "com1", true, KEYBOARD_ON, true, false },
		{ "vga", false, KEYBOARD_OFF, false, true },
		{ "com1", false, KEYBOARD_OFF, false, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(state);
		com1.absent = !rows[i].uart;
		boot(rows[i].console, rows[i].keyboard, END_AUTO);
		assert_int_equal(fake_screen.handler != NULL, rows[i].taken);
		assert_int_equal(fake_screen.prompted, rows[i].taken);
		assert_int_equal(screen_waits(), rows[i].waits);
		assert_int_equal(fake_screen.wait != NULL, rows[i].waits);
	}
}

static void without_a_keyboard_that_is_said_and_no_prompt_comes(void **state)
{
	(void)state;
	fake_screen.no_keyboard = true;
	boot("vga", KEYBOARD_AUTO, END_AUTO);
	assert_non_null(strstr(printed(), "no keyboard answers at ports 60h and 64h"));
	assert_false(fake_screen.prompted);
	begin(state);
	fake_screen.line_taken = true;
	boot("vga", KEYBOARD_AUTO, END_AUTO);
	assert_false(fake_screen.prompted);
}

/* ---- Keys ---- */

static void R14_what_is_typed_is_a_command(void **state)
{
	(void)state;
	boot("vga", KEYBOARD_AUTO, END_AUTO);
	printed_clear();
	fake_screen.settled = 0;
	strike("vmx");
	assert_string_equal(fake_screen.prompt, "vmx");
	strike("\x7f"
	       "s");
	assert_string_equal(fake_screen.prompt, "vms");
	assert_string_equal(printed(), "");
	strike("\r");
	assert_string_equal(fake_screen.prompt, "");
	assert_int_equal(strncmp(printed(), "> vms\n  vm  ", 11), 0);
	assert_non_null(strstr(printed(), "  scribe "));
	assert_int_equal(console_dropped(), 0); /* nobody waits for a UART that is not there */
	assert_true(fake_screen.settled > 0);
}

static void com1_and_the_keyboard_type_on_one_line(void **state)
{
	(void)state;
	com1.absent = false;
	boot("auto", KEYBOARD_ON, END_AUTO);
	console_flush();
	wire_clear();
	strike("li");
	strcpy(com1.keys, "nes");
	com1.key_end = 3;
	console_set_interrupts(true);
	console_interrupt();
	while (typing_step())
		;
	assert_string_equal(fake_screen.prompt, "lines");
	console_set_interrupts(false);
	console_flush();
	assert_non_null(strstr(com1.wire, "> lines"));
	strike("\r");
	assert_non_null(strstr(printed(), "VMM block"));
}

/* More bytes than a service takes, before anybody looks. */
static void R14_a_service_is_bounded_and_loses_no_key(void **state)
{
	char text[31];

	(void)state;
	boot("vga", KEYBOARD_AUTO, END_AUTO);
	memset(text, 'k', 30);
	text[30] = '\0';
	for (unsigned i = 0; i < 30; i++)
		fake_character('k');
	fake_screen.handler();
	assert_in_range(fake_screen.first, 1, 16);
	while (typing_step())
		;
	assert_string_equal(fake_screen.prompt, text);
	clear_line();
}

/* ---- What has scrolled off ---- */

static void expect_rows_from(uint64_t row)
{
	char text[VGA_COLUMNS + 1];

	assert_true(fake_screen.viewing);
	for (unsigned i = 0; i < PAGE_ROWS; i++, row = pager_next(row)) {
		text[pager_text(row, text)] = '\0';
		assert_string_equal(fake_screen.row[i], text);
		assert_false(fake_screen.reverse[i]);
	}
	assert_true(fake_screen.reverse[PAGE_ROWS]);
}

static void page_up_goes_back_and_page_down_comes_on(void **state)
{
	(void)state;
	boot("vga", KEYBOARD_AUTO, END_AUTO);
	uint64_t last = pager_move(log_end(), -PAGE_ROWS);

	press(CODE_PAGE_UP);
	expect_rows_from(pager_move(last, -(PAGE_ROWS - 1)));
	assert_string_equal(fake_screen.row[PAGE_ROWS],
	                    " PgUp, PgDn: what has scrolled off. Any other key: back to the end.");
	press(CODE_PAGE_UP);
	expect_rows_from(pager_move(last, -2 * (PAGE_ROWS - 1)));
	log_format("a line that comes meanwhile\n"); /* the page stays */
	expect_rows_from(pager_move(last, -2 * (PAGE_ROWS - 1)));
	press(CODE_PAGE_DOWN);
	expect_rows_from(pager_move(last, -(PAGE_ROWS - 1)));
	press(CODE_PAGE_DOWN);
	press(CODE_PAGE_DOWN);
	assert_false(fake_screen.viewing);
	press(CODE_PAGE_DOWN); /* there is nothing below */
	assert_false(fake_screen.viewing);
}

static void the_first_page_is_the_logs_first(void **state)
{
	(void)state;
	boot("vga", KEYBOARD_AUTO, END_AUTO);
	for (unsigned i = 0; i < 100; i++)
		press(CODE_PAGE_UP);
	expect_rows_from(log_begin());
}

static void another_key_ends_the_view_and_is_typed(void **state)
{
	(void)state;
	boot("vga", KEYBOARD_AUTO, END_AUTO);
	press(CODE_PAGE_UP);
	strike("l");
	assert_false(fake_screen.viewing);
	assert_string_equal(fake_screen.prompt, "l");
	clear_line();
}

static void the_command_log_begins_with_the_oldest_page(void **state)
{
	(void)state;
	boot("vga", KEYBOARD_AUTO, END_AUTO);
	strike("log\r");
	expect_rows_from(log_begin());
	press(CODE_PAGE_DOWN);
	expect_rows_from(pager_move(log_begin(), PAGE_ROWS - 1));
}

static void R13_a_view_does_not_hold_the_processor(void **state)
{
	(void)state;
	boot("vga", KEYBOARD_AUTO, END_AUTO);
	kit.points = 0;
	press(CODE_PAGE_UP);
	assert_true(kit.points >= PAGE_ROWS);
}

/* ---- The end ---- */

/* A key so many seconds after now, and its release. */
static void key_after(unsigned seconds, uint8_t code)
{
	fake_code(fake_tsc + seconds * UINT64_C(1000000), code);
	fake_code(fake_tsc + seconds * UINT64_C(1000000), code | 0x80);
}

static void print_a_report(unsigned lines)
{
	screen_mark_report();
	for (unsigned n = 0; n < lines; n++)
		log_format("report %u\n", n);
	screen_mark_summary();
	log_format("summary\nend: status 0\n");
}

static void expect_last_page(const char *said)
{
	assert_string_equal(fake_screen.row[0], "summary");
	assert_string_equal(fake_screen.row[1], "end: status 0");
	assert_string_equal(fake_screen.row[2], said);
	assert_string_equal(fake_screen.row[3], "");
	assert_string_equal(
		fake_screen.row[PAGE_ROWS],
		" -- end: PgUp: what came before; any other key powers the machine off --");
}

static void the_report_waits_for_a_key_page_by_page(void **state)
{
	(void)state;
	boot("vga", KEYBOARD_AUTO, END_AUTO);
	print_a_report(60);
	uint64_t begun = fake_tsc;

	for (unsigned page = 1; page <= 3; page++)
		key_after(page, CODE_SPACE);
	key_after(10, CODE_ENTER);
	fake_screen.views = 0;
	fake_screen.wait();
	assert_int_equal(fake_screen.views, 3 + 1); /* 60 rows in pages of 24, and the last one */
	assert_in_range(fake_tsc - begun, 10000000, 10100000);
	expect_last_page("signalbox: a key powers the machine off");
}

/* Nobody is there: the last page comes all the same, and stays. */
static void a_page_goes_by_itself_and_the_last_one_stays(void **state)
{
	(void)state;
	boot("vga", KEYBOARD_AUTO, END_AUTO);
	print_a_report(60);
	uint64_t begun = fake_tsc;

	key_after(1000, CODE_SPACE);
	fake_screen.wait();
	assert_in_range(fake_tsc - begun, 1000000000, 1000100000);
	expect_last_page("signalbox: a key powers the machine off");
}

static void pages_are_turned_at_the_end_too(void **state)
{
	(void)state;
	boot("vga", KEYBOARD_AUTO, END_AUTO);
	print_a_report(30);
	key_after(1, CODE_SPACE);
	key_after(2, CODE_SPACE);
	key_after(3, CODE_PAGE_UP);
	key_after(4, CODE_PAGE_UP);
	key_after(5, CODE_PAGE_DOWN);
	key_after(6, CODE_SPACE);
	fake_screen.views = 0;
	fake_screen.wait();
	assert_int_equal(fake_screen.views, 2 + 4);
	assert_string_equal(fake_screen.row[0], "report 6"); /* a page above the summary */
}

static void what_was_typed_before_is_no_answer(void **state)
{
	(void)state;
	com1.absent = false;
	boot("auto", KEYBOARD_ON, END_WAIT);
	print_a_report(0);
	strcpy(com1.keys, "quit\r\n");
	com1.key_end = 6;
	uint64_t begun = fake_tsc;

	key_after(5, CODE_SPACE);
	fake_screen.wait();
	assert_in_range(fake_tsc - begun, 5000000, 5100000);
	assert_non_null(strstr(com1.wire, "signalbox: a key powers the machine off\r\n"));
}

static void a_machine_that_ends_early_waits_with_its_last_lines(void **state)
{
	(void)state;
	boot("vga", KEYBOARD_AUTO, END_AUTO);
	log_format("no VMX\n");
	key_after(1, CODE_SPACE);
	fake_screen.wait();
	assert_string_equal(fake_screen.row[PAGE_ROWS - 2], "no VMX");
	assert_string_equal(fake_screen.row[PAGE_ROWS - 1],
	                    "signalbox: a key powers the machine off");
}

#define ON_SCREEN(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SCREEN(the_keyboard_is_taken_where_no_uart_is),
		ON_SCREEN(without_a_keyboard_that_is_said_and_no_prompt_comes),
		ON_SCREEN(R14_what_is_typed_is_a_command),
		ON_SCREEN(com1_and_the_keyboard_type_on_one_line),
		ON_SCREEN(R14_a_service_is_bounded_and_loses_no_key),
		ON_SCREEN(page_up_goes_back_and_page_down_comes_on),
		ON_SCREEN(the_first_page_is_the_logs_first),
		ON_SCREEN(another_key_ends_the_view_and_is_typed),
		ON_SCREEN(the_command_log_begins_with_the_oldest_page),
		ON_SCREEN(R13_a_view_does_not_hold_the_processor),
		ON_SCREEN(the_report_waits_for_a_key_page_by_page),
		ON_SCREEN(a_page_goes_by_itself_and_the_last_one_stays),
		ON_SCREEN(pages_are_turned_at_the_end_too),
		ON_SCREEN(what_was_typed_before_is_no_answer),
		ON_SCREEN(a_machine_that_ends_early_waits_with_its_last_lines),
	};

	return cmocka_run_group_tests_name("screen", tests, NULL, NULL);
}
