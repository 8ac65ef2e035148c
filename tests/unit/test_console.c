/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console on a UART that is made of two buffers.
 *
 * Rule: the tests are the background work; while it sleeps, the UART sends.
 */
#include "tests/unit/check.h"

#include "arch/x86/log.h"
#include "arch/x86/platform.h"
#include "arch/x86/work.h"
#include "tests/unit/fake_log.h"
#include "tests/unit/fake_uart.h"
#include "tests/unit/fake_vmm.h"
#include "vmm/background.h"
#include "vmm/console.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The background work, which these tests are ---- */

volatile uint8_t work_open;
bool work_inside = true;
static bool wanted;
static unsigned sleeps, points;
static void let_it_run(void);

void work_pause(void)
{
}

void background_want(void)
{
	wanted = true;
}

void background_wake(void)
{
}

void background_point(void)
{
	points++;
}

/* The VMs run meanwhile, and the UART sends. */
void background_sleep(uint64_t until)
{
	(void)until;
	sleeps++;
	let_it_run();
}

uint64_t tsc_from_us(uint64_t us)
{
	return us;
}

/* The UART's interrupt takes the keys; the background work looks at them. */
static void type(const char *keys)
{
	size_t length = strlen(keys);

	memcpy(com1.keys, keys, length);
	com1.key_first = 0;
	com1.key_end = length;
	wanted = false;
	while (line_high())
		console_interrupt();
	assert_true(length == 0 || wanted);
	while (console_step())
		;
}

/* The world for a while: the FIFO runs empty, its interrupt is served. */
static void let_it_run(void)
{
	for (unsigned i = 0; i < 2000 && (com1.in_fifo > 0 || line_high()); i++) {
		fifo_runs_empty();
		if (line_high())
			console_interrupt();
	}
	assert_false(line_high());
}

/* Every test begins with a console that works by interrupt and has said everything. */
static int begin(void **state)
{
	(void)state;
	com1.absent = com1.stuck = false;
	com1.polled = true;
	fake_vmm_reset();
	assert_int_equal(console_init("com1"), 0);
	log_bytes("\n", 1); /* the test before may have stopped in the middle of a line */
	console_flush();
	com1.polled = false;
	console_set_interrupts(true);
	let_it_run();
	com1.room_asked = sleeps = points = 0;
	work_inside = true;
	wire_clear();
	printed_clear();
	return 0;
}

static void command(const char *line)
{
	type(line);
	let_it_run();
	wire_clear();
	printed_clear();
	type("\r");
	let_it_run();
}

/* ---- Transmitter ---- */

static void R14_the_transmitter_works_by_interrupt(void **state)
{
	(void)state;
	log_line("a line of more than sixteen bytes");
	assert_int_equal(com1.room_asked, 0); /* the handler alone touches the FIFO */
	assert_true(com1.transmit_interrupt);
	assert_true(line_high());
	console_interrupt();
	assert_int_equal(com1.sent, FIFO);
	let_it_run();
	assert_string_equal(com1.wire, "signalbox: a line of more than sixteen bytes\r\n");
	assert_false(com1.transmit_interrupt);
}

static void R14_the_transmitter_interrupt_is_off_when_there_is_nothing_to_send(void **state)
{
	(void)state;
	log_bytes("short", 5);
	console_interrupt();
	assert_false(com1.transmit_interrupt);
	assert_string_equal(com1.wire, "short");
	let_it_run();
	log_bytes("!\n", 2);
	let_it_run();
	assert_string_equal(com1.wire, "short!\r\n");
}

static void R14_service_goes_on_until_no_cause_stands(void **state)
{
	(void)state;
	log_bytes("0123456789abcdef0123456789abcdef0123456789abcdef", 48);
	com1.keys[0] = 'v';
	com1.key_first = 0;
	com1.key_end = 1;
	assert_true(line_high());
	console_interrupt();
	assert_false(line_high());
	assert_int_equal(com1.sent, FIFO);
	let_it_run();
	while (console_step())
		;
	type("\x03");
	let_it_run();
}

static void text_waits_for_the_uart_and_none_is_lost(void **state)
{
	char line[65];
	uint64_t before = console_dropped();

	(void)state;
	memset(line, 'x', 63);
	line[63] = '\n';
	line[64] = '\0';
	for (unsigned i = 0; i < 500; i++)
		log_bytes(line, 64);
	assert_true(sleeps > 10);
	let_it_run();
	assert_int_equal(console_dropped() - before, 0);
	assert_int_equal(com1.sent, 500 * 65);
}

/* Between an exit and an entry nobody waits. */
static void bytes_that_find_no_room_outside_of_the_work_are_counted(void **state)
{
	char line[65];
	uint64_t before = console_dropped();

	(void)state;
	work_inside = false;
	memset(line, 'x', 64);
	for (unsigned i = 0; i < 200; i++)
		log_bytes(line, 64);
	assert_int_equal(sleeps, 0);
	assert_true(console_dropped() - before > 1000);
	let_it_run();
	assert_int_equal(com1.sent + (console_dropped() - before), 200 * 64);
}

static void a_uart_that_stops_while_text_waits_is_given_up(void **state)
{
	char line[65];

	(void)state;
	memset(line, 'z', 64);
	com1.stuck = true;
	for (unsigned i = 0; i < 300; i++)
		log_bytes(line, 64);
	assert_true(sleeps <= 2);
	assert_int_equal(console_lines(), 0);
}

/* Each service is bounded; what is left is told, and taken by the next. */
static void R14_no_key_is_lost_however_many_come_at_once(void **state)
{
	(void)state;
	memset(com1.keys, 'k', 3000);
	com1.key_first = 0;
	com1.key_end = 3000;
	console_interrupt();
	assert_true(console_is_pending());
	assert_in_range(com1.key_first, 1, 64);
	for (unsigned services = 0; console_is_pending(); services++) {
		assert_in_range(services, 0, 200);
		console_interrupt();
	}
	assert_int_equal(com1.key_first, 3000);
	assert_false(line_high());
	while (console_step())
		;
	type("\x03");
	let_it_run();
}

static void before_interrupts_work_the_uart_is_polled(void **state)
{
	char line[65];
	uint64_t before = console_dropped();

	(void)state;
	console_set_interrupts(false);
	memset(line, 'y', 64);
	log_bytes(line, 64);
	assert_int_equal(com1.sent, FIFO); /* what has room goes, nobody waits */
	assert_false(com1.transmit_interrupt);
	com1.polled = true;
	for (unsigned i = 0; i < 300; i++)
		log_bytes(line, 64);
	console_flush();
	assert_int_equal(com1.sent, 301 * 64);
	assert_int_equal(console_dropped() - before, 0);
}

static void a_uart_that_does_not_move_is_given_up(void **state)
{
	char line[65];

	(void)state;
	memset(line, 'z', 64);
	console_set_interrupts(false);
	com1.stuck = true;
	for (unsigned i = 0; i < 300; i++)
		log_bytes(line, 64);
	assert_true(com1.room_asked < 3 << 20);
	assert_int_equal(console_lines(), 0);
}

static void without_a_uart_there_is_no_console(void **state)
{
	(void)state;
	com1.absent = true;
	assert_int_equal(console_init("com1"), -ENODEV);
	assert_non_null(strstr(printed(), "no UART at 3f8h: no console"));
	assert_int_equal(console_init("none"), 0);
	assert_int_equal(console_init("com7"), -EINVAL);
}

static void what_was_logged_before_is_shown_at_the_start(void **state)
{
	(void)state;
	com1.absent = true;
	log_set_sink(NULL);
	log_bytes("early words\n", 12);
	com1.absent = false;
	com1.polled = true;
	assert_int_equal(console_init("com1"), 0);
	console_flush();
	assert_non_null(strstr(com1.wire, "early words\r\n"));
	assert_int_equal(console_lines(), LINE(4));
}

/* ---- Keys ---- */

static void keys_are_echoed_and_edited(void **state)
{
	(void)state;
	type("vx");
	type("\b");
	type("ms");
	let_it_run();
	assert_string_equal(com1.wire, "\r> vx\b \bms");
	type("\r\n");
	let_it_run();
	assert_non_null(strstr(printed(), "pulse"));
}

static void ctrl_c_clears_the_line_and_escape_sequences_are_swallowed(void **state)
{
	(void)state;
	command("stop\x03help");
	assert_non_null(strstr(printed(), "this list"));
	command("\033[A\033OBhe\033[1;5Clp");
	assert_non_null(strstr(printed(), "this list"));
	command("he\tl\x01p");
	assert_non_null(strstr(printed(), "this list"));
}

static void output_does_not_tear_the_typed_line(void **state)
{
	(void)state;
	type("vm");
	let_it_run();
	wire_clear();
	log_bytes("part, ", 6);
	type("s");
	log_bytes("rest\n", 5);
	let_it_run();
	assert_string_equal(com1.wire, "\r\033[Kpart, rest\r\n\r> vms");
	type("\x03");
}

static void a_line_that_is_too_long_takes_no_more_keys(void **state)
{
	char keys[300];

	(void)state;
	memset(keys, 'k', sizeof(keys) - 1);
	keys[sizeof(keys) - 1] = '\0';
	for (unsigned i = 0; i < 4; i++) {
		type(keys);
		let_it_run();
	}
	command("");
	assert_non_null(strstr(printed(), "kkk: no such command"));
}

static void commands_typed_together_are_answered_in_turn(void **state)
{
	(void)state;
	type("lat\rexits\r");
	let_it_run();
	const char *first = strstr(printed(), "latency"), *second = strstr(printed(), "exits  ");

	assert_non_null(first);
	assert_non_null(second);
	assert_true(first < second);
}

static void random_keys_do_no_harm(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		unsigned count = 1 + random_below(&seed, 40);

		for (unsigned k = 0; k < count; k++)
			com1.keys[k] = (char)(random_below(&seed, 8) ? random_below(&seed, 256) : '\r');
		com1.key_first = 0;
		com1.key_end = count;
		while (line_high())
			console_interrupt();
		printed_clear();
		while (console_step())
			;
		let_it_run();
		wire_clear();
	}
	type("\x03\x03");
}

/* ---- Commands ---- */

static void every_command_is_listed_and_answers(void **state)
{
	static const char *const names[] = { "help", "vms",   "lines",   "exits", "lat", "trace",
		                             "stop", "start", "restart", "nmi",   "log", "quit" };

	(void)state;
	command("help");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_non_null(strstr(printed(), names[i]));
	command("trace");
	assert_string_equal(printed(), "the trace is empty\n");
	command("lines");
	assert_non_null(strstr(printed(), "VMM block"));
	command("nmi");
	assert_int_equal(fake_vmm.nmis, 1);
	command("quit");
	assert_int_equal(fake_vmm.quits, 1);
}

static void the_log_can_be_shown_again_without_growing(void **state)
{
	(void)state;
	log_bytes("remember me\n", 12);
	let_it_run();
	command("log");
	assert_string_equal(printed(), "");
	assert_non_null(strstr(com1.wire, "remember me\r\n"));
}

/* On soft no interrupt leaves the work between two points. */
static void R13_a_long_text_does_not_hold_the_processor(void **state)
{
	enum { PIECE = 64, KEYS = 100 };
	char line[KEYS + 2];

	(void)state;
	memset(line, 'l', KEYS);
	while (strlen(printed()) < LOG_BYTES) {
		log_bytes(line, KEYS);
		let_it_run();
	}
	points = 0;
	command("log");
	assert_true(com1.sent >= LOG_BYTES);
	assert_true(points >= com1.sent / PIECE);
	log_bytes("\n", 1);
	strcpy(line + KEYS, "\x15");
	points = 0;
	type(line);
	assert_true(points >= 2 * KEYS); /* a key, and each place that is rubbed out */
	let_it_run();
}

static void ctrl_d_ends_the_run(void **state)
{
	(void)state;
	type("x\x04");
	assert_int_equal(fake_vmm.quits, 0);
	type("\x03\x04");
	assert_int_equal(fake_vmm.quits, 1);
	let_it_run();
}

static void R18_vms_are_stopped_and_started_by_name(void **state)
{
	static const char *const names[] = { "stop", "start", "restart" };
	static const char *const done[] = { "vm pulse: stopped\n", "vm pulse: started\n", "vm pulse: restarted\n" };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		char line[32];

		snprintf(line, sizeof(line), " %s  pulse ", names[i]);
		fake_vmm.answer = 0;
		command(line);
		assert_string_equal(fake_vmm.asked, names[i]);
		assert_string_equal(fake_vmm.asked_name, "pulse");
		assert_string_equal(printed(), done[i]);
		fake_vmm.answer = -ENOENT;
		command(line);
		assert_string_equal(printed(), "there is no vm pulse; the command 'vms' lists them\n");
	}
	fake_vmm.answer = -EINVAL;
	command("stop pulse");
	assert_string_equal(printed(), "vm pulse: is stopped already\n");
}

static void a_wrong_command_says_what_is_wrong(void **state)
{
	static const struct {
		const char *line, *answer;
	} rows[] = {
		{ "reboot", "reboot: no such command; try 'help'\n" },
		{ "stop", "stop: which one? stop NAME\n" },
		{ "vms now", "vms: too many words\n" },
		{ "stop a b", "stop: too many words\n" },
		{ "trace 0", "trace: the number of entries is from 1 to 4096\n" },
		{ "trace 4097", "trace: the number of entries is from 1 to 4096\n" },
		{ "trace all", "trace: the number of entries is from 1 to 4096\n" },
		{ "", "" },
		{ "   ", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake_vmm.asked = NULL;
		command(rows[i].line);
		assert_string_equal(printed(), rows[i].answer);
		assert_null(fake_vmm.asked);
	}
}

#define ON_CONSOLE(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_CONSOLE(R14_the_transmitter_works_by_interrupt),
		ON_CONSOLE(R14_the_transmitter_interrupt_is_off_when_there_is_nothing_to_send),
		ON_CONSOLE(R14_service_goes_on_until_no_cause_stands),
		ON_CONSOLE(text_waits_for_the_uart_and_none_is_lost),
		ON_CONSOLE(bytes_that_find_no_room_outside_of_the_work_are_counted),
		ON_CONSOLE(a_uart_that_stops_while_text_waits_is_given_up),
		ON_CONSOLE(R14_no_key_is_lost_however_many_come_at_once),
		ON_CONSOLE(before_interrupts_work_the_uart_is_polled),
		ON_CONSOLE(a_uart_that_does_not_move_is_given_up),
		ON_CONSOLE(without_a_uart_there_is_no_console),
		ON_CONSOLE(what_was_logged_before_is_shown_at_the_start),
		ON_CONSOLE(keys_are_echoed_and_edited),
		ON_CONSOLE(ctrl_c_clears_the_line_and_escape_sequences_are_swallowed),
		ON_CONSOLE(output_does_not_tear_the_typed_line),
		ON_CONSOLE(a_line_that_is_too_long_takes_no_more_keys),
		ON_CONSOLE(commands_typed_together_are_answered_in_turn),
		ON_CONSOLE(random_keys_do_no_harm),
		ON_CONSOLE(every_command_is_listed_and_answers),
		ON_CONSOLE(the_log_can_be_shown_again_without_growing),
		ON_CONSOLE(R13_a_long_text_does_not_hold_the_processor),
		ON_CONSOLE(ctrl_d_ends_the_run),
		ON_CONSOLE(R18_vms_are_stopped_and_started_by_name),
		ON_CONSOLE(a_wrong_command_says_what_is_wrong),
	};
	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
