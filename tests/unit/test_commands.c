/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console's commands.
 *
 * Rule: the tests are the background work; while it kit.sleeps, the UART sends.
 */
#include "tests/unit/console_kit.h"

#include "arch/x86/log/log.h"
#include "tests/unit/fake_log.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_CONSOLE(every_command_is_listed_and_answers),
		ON_CONSOLE(the_log_can_be_shown_again_without_growing),
		ON_CONSOLE(R18_vms_are_stopped_and_started_by_name),
		ON_CONSOLE(a_wrong_command_says_what_is_wrong),
	};

	return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
