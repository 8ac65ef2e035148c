/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console's commands.
 *
 * Rule: the tests are the background work; while it kit.sleeps, the UART sends.
 */
#include "tests/unit/console_kit.h"

#include "arch/x86/log/log.h"
#include "tests/unit/fake_log.h"
#include "vmm/core/trace_ring.h"
#include "vmm/operator/console.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void every_command_is_listed_and_answers(void **state)
{
	static const char *const names[] = {
		"help", "status", "vms",  "lines",   "exits",   /* one row is too long */
		"lat",  "trace",  "stop", "start",   "restart", /* for all of them */
		"nmi",  "log",    "stay", "version", "quit",    /* together */
		"keys",
	};

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
	command("status");
	assert_string_equal(printed(), "[   2.0s] pulse: running, cpu 61%, exits 20, ticks 1234"
	                               " | scribe: done, cpu 38%, exits 5"
	                               " | held 12, unexplained NMIs 2\n");
	command("version");
	assert_non_null(strstr(printed(), "Signalbox "));
	assert_non_null(strstr(printed(), __VERSION__));
	command("stay");
	assert_int_equal(fake_vmm.stays, 1);
	command("stay off");
	assert_int_equal(fake_vmm.stays, -1);
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

static void R18_vms_are_stopped_and_started_by_name(void **state)
{
	static const char *const names[] = { "stop", "start", "restart" };
	static const char *const done[] = { "stopped", "started", "restarted" };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		char line[32];

		snprintf(line, sizeof(line), " %s  pulse ", names[i]);
		fake_vmm.answer = 0;
		command(line);
		assert_string_equal(fake_vmm.asked, names[i]);
		assert_string_equal(fake_vmm.asked_name, "pulse");
		snprintf(line, sizeof(line), "vm pulse: %s\n", done[i]);
		assert_string_equal(printed(), line);
		fake_vmm.answer = -ENOENT;
		snprintf(line, sizeof(line), "%s pulse", names[i]);
		command(line);
		assert_string_equal(printed(), "there is no vm pulse; "
		                               "the command 'vms' lists them\n");
	}
	command("stop other");
	assert_string_equal(printed(), "there is no vm other; the command 'vms' lists them\n");
	command("stop pluse");
	assert_string_equal(printed(), "there is no vm pluse; did you mean pulse? "
	                               "The command 'vms' lists them\n");
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
		{ "stpo pulse", "stpo: no such command; did you mean 'stop'? 'help' lists them\n" },
		{ "exit", "exit: no such command; did you mean 'exits'? 'help' lists them\n" },
		{ "stay on", "stay: this word is 'off', or none\n" },
		{ "stop", "stop: which one? stop NAME\n" },
		{ "vms now", "vms: too many words\n" },
		{ "stop a b", "stop: too many words\n" },
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

static void the_trace_is_switched_and_stopped(void **state)
{
	static const struct {
		const char *line;
		enum trace_event event;
		uint64_t least;
	} rows[] = {
		{ "trace stop on wake-up > 2000", TRACE_WAKE_UP, 2001 },
		{ " trace  stop  on \tentry  >  0x10  ", TRACE_ENTRY, 17 },
		{ "trace stop on external-nmi", TRACE_EXTERNAL, 0 },
		{ "trace stop on exit", TRACE_EXIT, 0 },
	};

	(void)state;
	command("trace on");
	assert_int_equal(fake_vmm.watched, 1);
	assert_string_equal(printed(), "trace: on\n");
	command("trace off ");
	assert_int_equal(fake_vmm.watched, -1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char line[64];

		snprintf(line, sizeof(line), "%s", rows[i].line);
		fake_vmm.stop_event = -1;
		command(line);
		assert_int_equal(fake_vmm.stop_event, rows[i].event);
		assert_int_equal(fake_vmm.stop_least, rows[i].least);
		assert_string_equal(printed(), "trace: stop\n");
	}
}

static void wrong_words_of_trace_change_nothing(void **state)
{
	static const char *const lines[] = {
		"trace 0",
		"trace 4097",
		"trace all",
		"trace 5 6",
		"trace on now",
		"trace off off",
		"trace stop",
		"trace stop on",
		"trace stop wake-up",
		"trace stop on none",
		"trace stop on wakeup > 2000",
		"trace stop on wake-up 2000",
		"trace stop on wake-up >",
		"trace stop on wake-up > many",
		"trace stop on wake-up > 2000 us",
		"trace stop on exit > 3", /* an exit has no number */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		fake_vmm.stop_event = -1;
		fake_vmm.watched = 0;
		command(lines[i]);
		assert_non_null(strstr(printed(), "trace: give a number from 1 to 4096, on, off, "
		                                  "or stop on EVENT > N, of: exit nmi "));
		assert_int_equal(fake_vmm.watched, 0);
		assert_int_equal(fake_vmm.stop_event, -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_CONSOLE(every_command_is_listed_and_answers),
		ON_CONSOLE(the_log_can_be_shown_again_without_growing),
		ON_CONSOLE(R18_vms_are_stopped_and_started_by_name),
		ON_CONSOLE(a_wrong_command_says_what_is_wrong),
		ON_CONSOLE(the_trace_is_switched_and_stopped),
		ON_CONSOLE(wrong_words_of_trace_change_nothing),
	};

	return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
