/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line that is typed at the console: on the wire, and what comes of it.
 *
 * Rule: the tests are the background work; while it kit.sleeps, the UART sends.
 */
#include "tests/unit/console_kit.h"

#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "tests/unit/fake_log.h"
#include "vmm/operator/console.h"
#include "vmm/operator/prompt.h"
#include "vmm/operator/typing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

static void ctrl_c_clears_the_line_and_unknown_keys_are_dropped(void **state)
{
	(void)state;
	command("stop\x03help");
	assert_non_null(strstr(printed(), "this list"));
	command("he\033[1;5C\033OPl\xc3\xa9p");
	assert_non_null(strstr(printed(), "this list"));
}

/* The bytes of a key come within half a second, however they are cut up. */
static void a_key_may_come_in_pieces_and_an_escape_alone(void **state)
{
	(void)state;
	command("help");
	type("\033");
	fake_tsc += 400000;
	type("[");
	fake_tsc += 400000;
	command("A");
	assert_non_null(strstr(printed(), "this list"));
	type("\033[");
	fake_tsc += 600000;
	command("help");
	assert_non_null(strstr(printed(), "this list"));
}

static void earlier_lines_come_back(void **state)
{
	(void)state;
	command("stop scribe");
	command("help");
	fake_vmm.asked = NULL;
	type("\033[A\033[A");
	let_it_run();
	command("");
	assert_string_equal(fake_vmm.asked, "stop");
	assert_string_equal(fake_vmm.asked_name, "scribe");
}

static void enter_alone_shows_that_somebody_is_there(void **state)
{
	(void)state;
	type("\r");
	let_it_run();
	assert_string_equal(com1.wire, "\r> ");
	type("\r");
	let_it_run();
	assert_string_equal(com1.wire, "\r> \r\n\r> ");
	wire_clear();
	log_bytes("words\n", 6); /* and does not stand before what is printed */
	let_it_run();
	assert_string_equal(com1.wire, "\r\033[Kwords\r\n");
	wire_clear();
	type("v\b");
	log_bytes("words\n", 6);
	let_it_run();
	assert_string_equal(com1.wire, "\r> v\b \b\r\033[Kwords\r\n");
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

static void the_typed_line_comes_back_with_its_cursor(void **state)
{
	(void)state;
	type("stop pulse\033[D\033[D\033[D");
	let_it_run();
	wire_clear();
	log_bytes("words\n", 6);
	type("x");
	let_it_run();
	assert_string_equal(com1.wire, "\r\033[Kwords\r\n\r> stop pulse\b\b\bxlse\b\b\b");
	wire_clear();
	type("\x0c");
	let_it_run();
	assert_string_equal(com1.wire, "\033[H\033[2J\r> stop puxlse\b\b\b");
	type("\x03");
}

/* What Tab makes of a line; the line is cleared then. */
static const char *completed(const char *keys)
{
	static char text[100];

	wire_clear();
	printed_clear();
	type(keys);
	wire_clear();
	log_bytes("\n", 1); /* the line is shown again */
	let_it_run();
	const char *line = com1.wire;

	text[0] = '\0';
	while ((line = strstr(line, "\r\n\r> ")) != NULL)
		snprintf(text, sizeof(text), "%s", line += 5);
	type("\x05\x15");
	let_it_run();
	return text;
}

static void tab_completes_commands_and_vms(void **state)
{
	static const struct {
		const char *keys, *line;
	} rows[] = {
		{ "he\t", "help " },
		{ "s\t", "st" },
		{ "sto\t", "stop " },
		{ "r\tp\t", "restart pulse " },
		{ "  stop sc\t", "  stop scribe " },
		{ "stop  s\t", "stop  scribe " },
		{ "stay \t", "stay off " },
		{ "x\t", "x" },
		{ "vms p\t", "vms p" },
		{ "nosuch p\t", "nosuch p" },
		{ "stop pulse p\t", "stop pulse p" },
		{ "trace \t", "trace " },
		{ "stop now\033[D\033[D\033[Dp\t", "stop pulse now\b\b\b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *line = completed(rows[i].keys);

		if (strcmp(line, rows[i].line) != 0)
			fail_msg("%s gives '%s'", rows[i].keys, line);
	}
}

static void tab_lists_what_may_come(void **state)
{
	(void)state;
	assert_string_equal(completed("st\t"), "st");
	assert_string_equal(printed(), "  status           stop             start"
	                               "            stay\n\n");
	assert_string_equal(completed("stop \t"), "stop ");
	assert_string_equal(printed(), "  pulse            scribe         \n\n");
	assert_string_equal(completed("\t"), "");
	assert_non_null(strstr(printed(), "  help"));
	assert_non_null(strstr(printed(), "quit"));
	/* The first Tab goes as far as it can, the second lists. */
	assert_string_equal(completed("s\t\t"), "st");
	assert_non_null(strstr(printed(), "  status"));
}

/* The typed line is over what is listed, and comes back below. */
static void what_is_listed_does_not_tear_the_line(void **state)
{
	(void)state;
	type("stop \t");
	let_it_run();
	assert_string_equal(com1.wire, "\r> stop \r\033[K"
	                               "  pulse            scribe         \r\n\r> stop ");
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

		for (unsigned k = 0; k < count; k++) {
			char key = (char)random_below(&seed, 256);

			com1.keys[k] = random_below(&seed, 8) ? key : '\r';
		}
		com1.key_first = 0;
		com1.key_end = count;
		while (line_high())
			console_interrupt();
		printed_clear();
		while (typing_step())
			;
		let_it_run();
		wire_clear();
	}
	type("\x03\x03");
}

/* So a run does not end under his hands (vmm/core/ending.c). */
static void who_types_is_there_for_a_while(void **state)
{
	uint64_t began = fake_tsc;

	(void)state;
	type("vms\r");
	assert_int_equal(console_used_until(), began + 30000000);
	fake_tsc += 1000000;
	type("st");
	assert_int_equal(console_used_until(), began + 301000000);
	type("\x03");
	assert_int_equal(console_used_until(), began + 31000000);
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

/* On soft no interrupt leaves the work between two kit.points. */
static void R13_a_long_text_does_not_hold_the_processor(void **state)
{
	enum { PIECE = 64, KEYS = 100 };
	char line[KEYS + 2] = "";

	(void)state;
	memset(line, 'l', KEYS);
	while (strlen(printed()) < LOG_BYTES) {
		log_bytes(line, KEYS);
		let_it_run();
	}
	kit.points = 0;
	command("log");
	assert_true(com1.sent >= LOG_BYTES);
	assert_true(kit.points >= com1.sent / PIECE);
	log_bytes("\n", 1);
	strcpy(line + KEYS, "\x15");
	kit.points = 0;
	type(line);
	assert_true(kit.points >= KEYS);
	let_it_run();
	line[70] = '\0';
	command(line);
	for (unsigned i = 0; i < 2; i++) { /* a whole line comes back, and goes */
		kit.points = 0;
		com1.sent = 0;
		type(i == 0 ? "\033[A" : "\x15");
		let_it_run();
		assert_true(com1.sent > PIECE && kit.points >= com1.sent / PIECE + 1);
	}
}

/* The keys of a VM are no command; Ctrl-] is the console's. */
static void keys_go_to_the_vm_that_has_them(void **state)
{
	(void)state;
	command("keys pulse");
	assert_string_equal(fake_vmm.asked_name, "pulse");
	assert_string_equal(printed(), "vm pulse: has the keys until Ctrl-]\n");
	fake_vmm.asked = NULL;
	type("vms\r\t\x04");
	assert_string_equal(fake_vmm.typed, "vms\r\t\x04");
	assert_int_equal(fake_vmm.quits, 0);
	type("\x1dstop scribe\r");
	assert_string_equal(fake_vmm.typed, "vms\r\t\x04");
	assert_string_equal(fake_vmm.asked, "stop");
	fake_vmm.answer = -ENODEV;
	command("keys scribe");
	assert_string_equal(printed(), "vm scribe: takes no keys: its line has no uart=com1\n");
	fake_vmm.answer = -EINVAL;
	command("keys scribe");
	assert_string_equal(printed(), "vm scribe: is stopped\n");
}

static struct output text; /* of the VM that has the keys */

static void guest_says(const char *words)
{
	size_t length = strlen(words);

	memcpy(text.line + text.length, words, length);
	text.length += (unsigned)length;
	text.tail += (uint32_t)length;
	wire_clear();
	type("");
	let_it_run();
}

static void a_line_without_an_end_stands_where_the_typed_line_stands(void **state)
{
	(void)state;
	fake_vmm.given = true;
	prompt_follow("linux", &text);
	guest_says("/ # ");
	assert_string_equal(com1.wire, "\r[linux] / # ");
	guest_says("ls");
	assert_string_equal(com1.wire, "ls");
	guest_says("");
	assert_string_equal(com1.wire, "");
	wire_clear();
	log_bytes("another VM's line\n", 18);
	let_it_run();
	assert_string_equal(com1.wire, "\r\033[Kanother VM's line\r\n\r[linux] / # ls");
	text.length--; /* a letter was taken away, by a backspace */
	guest_says("");
	text.tail++;
	guest_says("");
	assert_string_equal(com1.wire, "\r\033[K\r[linux] / # l");
	text.length = 0; /* the line has its end */
	text.tail++;
	guest_says("");
	assert_string_equal(com1.wire, "\r\033[K");
	guest_says("x");
	wire_clear();
	prompt_follow(NULL, NULL);
	fake_vmm.given = false;
	type("v");
	let_it_run();
	assert_string_equal(com1.wire, "\r\033[K\r> v");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_CONSOLE(keys_are_echoed_and_edited),
		ON_CONSOLE(ctrl_c_clears_the_line_and_unknown_keys_are_dropped),
		ON_CONSOLE(a_key_may_come_in_pieces_and_an_escape_alone),
		ON_CONSOLE(earlier_lines_come_back),
		ON_CONSOLE(enter_alone_shows_that_somebody_is_there),
		ON_CONSOLE(output_does_not_tear_the_typed_line),
		ON_CONSOLE(the_typed_line_comes_back_with_its_cursor),
		ON_CONSOLE(tab_completes_commands_and_vms),
		ON_CONSOLE(tab_lists_what_may_come),
		ON_CONSOLE(what_is_listed_does_not_tear_the_line),
		ON_CONSOLE(a_line_that_is_too_long_takes_no_more_keys),
		ON_CONSOLE(commands_typed_together_are_answered_in_turn),
		ON_CONSOLE(random_keys_do_no_harm),
		ON_CONSOLE(who_types_is_there_for_a_while),
		ON_CONSOLE(ctrl_d_ends_the_run),
		ON_CONSOLE(R13_a_long_text_does_not_hold_the_processor),
		ON_CONSOLE(keys_go_to_the_vm_that_has_them),
		ON_CONSOLE(a_line_without_an_end_stands_where_the_typed_line_stands),
	};

	return cmocka_run_group_tests_name("prompt", tests, NULL, NULL);
}
