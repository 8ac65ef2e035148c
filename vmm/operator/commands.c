/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console's commands.
 *
 * Rule: there is a single table. A command reads and prints, or asks the VMM proper for a change. A
 * command changes no state itself.
 */
#include "vmm/operator/commands.h"

#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "vmm/config/words.h"
#include "vmm/core/background.h"
#include "vmm/core/trace.h"
#include "vmm/operator/console.h"
#include "vmm/operator/nearest.h"
#include "vmm/operator/report.h"
#include "vmm/operator/screen.h"
#include "vmm/operator/watch.h"
#include "vmm/version.h"

#include <errno.h>
#include <string.h>

enum { TRACE_DEFAULT = 32 };

struct command {
	char name[8];
	char argument[6]; /* For help. In brackets: optional. */
	const char *help;
	void (*run)(char *argument);
};

static void run_status(char *argument)
{
	(void)argument;
	report_status();
}

static void run_vms(char *argument)
{
	(void)argument;
	report_vms();
}

static void run_lines(char *argument)
{
	(void)argument;
	report_lines(true);
}

static void run_exits(char *argument)
{
	(void)argument;
	report_exits();
}

static void run_lat(char *argument)
{
	(void)argument;
	report_results();
}

static void run_times(char *argument)
{
	(void)argument;
	report_times(false);
}

/* Cuts the first word off the line; *line is the text after that word. */
static char *cut_word(char **line)
{
	char *word = *line + strspn(*line, " \t");
	char *end = word + strcspn(word, " \t");

	*line = end + strspn(end, " \t");
	*end = '\0';
	return word;
}

/* word: of "trace stop on EVENT > N", from EVENT on. Returns false where the words are others. */
static bool stop_trace(char *word[3])
{
	uint64_t most = UINT64_MAX; /* no > N: most + 1 is 0 */
	unsigned event = TRACE_EVENT_COUNT;

	while (--event != TRACE_NONE && strcmp(word[0], trace_event_name(event)) != 0)
		;
	if (event == TRACE_NONE ||
	    (word[1][0] != '\0' && (strcmp(word[1], ">") != 0 || !trace_event_counts(event) ||
	                            number_parse(word[2], &most))))
		return false;
	watch_stop_on((enum trace_event)event, most + 1);
	return true;
}

/* Carries out on, off, and stop on EVENT > N. Returns false where the words are others. */
static bool set_trace(char *word[5])
{
	bool on = strcmp(word[0], "on") == 0;

	if (!on && strcmp(word[0], "off") != 0)
		return strcmp(word[0], "stop") == 0 && strcmp(word[1], "on") == 0 &&
		       stop_trace(word + 2);
	if (word[1][0] != '\0')
		return false;
	watch_set(on);
	return true;
}

static void run_trace(char *line)
{
	char *word[5];
	uint64_t last = TRACE_DEFAULT;

	for (unsigned i = 0; i < 5; i++)
		word[i] = cut_word(&line);
	bool print = word[1][0] == '\0' &&
	             (word[0][0] == '\0' || number_parse(word[0], &last) == 0);

	if (print && last - 1 < TRACE_ENTRIES) {
		trace_print((unsigned)last);
	} else if (line[0] == '\0' && set_trace(word)) {
		log_format("trace: %s\n", word[0]);
	} else {
		log_format("trace: give a number from 1 to %d, on, off, or stop on EVENT > N, of:",
		           TRACE_ENTRIES);
		for (unsigned i = TRACE_NONE + 1; i < TRACE_EVENT_COUNT; i++)
			log_format(" %s", trace_event_name(i));
		log_format("\n");
	}
}

/* Returns the name among known(0), known(1), ... up to NULL that is nearest to typed. Returns NULL
 * where no name is near enough. */
static const char *nearest(const char *typed, const char *(*known)(unsigned i))
{
	const char *name, *best = NULL;
	int least = NEAREST_WORD_MAX;

	for (unsigned i = 0; (name = known(i)) != NULL; i++) {
		int distance = nearest_distance(typed, name);

		background_point();
		if (distance <= 0 || distance >= least)
			continue;
		least = distance;
		best = name;
	}
	return best;
}

static const char *vm_name(unsigned i)
{
	struct vm_report vm;

	if (i >= vmm_vm_count())
		return NULL;
	vmm_vm_report(i, &vm);
	return vm.name;
}

static void say_no_such_vm(const char *name)
{
	const char *meant = nearest(name, vm_name);

	if (meant != NULL)
		log_format("there is no vm %s; did you mean %s? "
		           "The command 'vms' lists them\n",
		           name, meant);
	else
		log_format("there is no vm %s; the command 'vms' lists them\n", name);
}

/* Prints the result of a request about a VM. */
static void say(int error, const char *name, const char *done, const char *refused)
{
	if (error == 0)
		log_format("vm %s: %s\n", name, done);
	else if (error == -ENOENT)
		say_no_such_vm(name);
	else
		log_format("vm %s: %s\n", name, refused);
}

static void run_stop(char *argument)
{
	say(vmm_vm_stop(argument), argument, "stopped", "is stopped already");
}

static void run_start(char *argument)
{
	say(vmm_vm_start(argument), argument, "started", "runs already, or cannot start");
}

static void run_restart(char *argument)
{
	say(vmm_vm_restart(argument), argument, "restarted", "cannot restart");
}

static void run_keys(char *argument)
{
	int error = vmm_keys(argument);

	say(error, argument, "has the keys until Ctrl-]",
	    error == -ENODEV ? "takes no keys: its line has no uart=com1" : "is stopped");
}

static void run_nmi(char *argument)
{
	(void)argument;
	log_format("an external NMI is on its way; nmi= says what comes of it\n");
	vmm_raise_nmi();
}

/* Goes straight to the UART: text from the log need not be logged again. */
static void run_log(char *argument)
{
	(void)argument;
	console_replay();
	screen_show_log();
}

static void run_stay(char *argument)
{
	bool off = strcmp(argument, "off") == 0;

	if (argument[0] != '\0' && !off) {
		log_format("stay: this word is 'off', or none\n");
		return;
	}
	vmm_stay(!off);
	log_format(off ? "the run ends when all VMs are done and nobody types\n"
	               : "the run goes on when all VMs are done; 'stay off' undoes this\n");
}

static void run_version(char *argument)
{
	(void)argument;
	log_format("%s, compiled by %s\n", version_name, version_compiler);
}

static void run_quit(char *argument)
{
	(void)argument;
	vmm_quit();
}

static void run_help(char *argument); /* lists the table below */

static const struct command commands[] = {
	{ "help", "", "this list", run_help },
	{ "status", "", "the status line, now", run_status },
	{ "vms", "", "the VMs: state, memory, processor time", run_vms },
	{ "lines", "", "the interrupt lines: owner, route, what happened on them", run_lines },
	{ "exits", "", "VM exits by reason", run_exits },
	{ "lat", "", "latencies that the guests measured", run_lat },
	{ "times", "", "edge to INTA to EOI, of each line", run_times },
	{ "trace", "[N]", "the last N things (32); on, off, stop on EVENT > N", run_trace },
	{ "stop", "NAME", "stop a VM", run_stop },
	{ "start", "NAME", "start a stopped VM anew", run_start },
	{ "restart", "NAME", "stop and start", run_restart },
	{ "keys", "NAME", "type to a VM's UART, until Ctrl-]", run_keys },
	{ "nmi", "", "raise an external NMI", run_nmi },
	{ "log", "", "the memory log once more", run_log },
	{ "stay", "[off]", "go on when all VMs are done", run_stay },
	{ "version", "", "what runs here", run_version },
	{ "quit", "", "end the run (Ctrl-D on an empty line, too)", run_quit },
	{ "", "", NULL, NULL },
};

static void run_help(char *argument)
{
	(void)argument;
	for (const struct command *c = commands; c->name[0] != '\0'; c++)
		log_format("  %-7s %-5s %s\n", c->name, c->argument, c->help);
	log_format("Tab completes a word; the cursor keys bring earlier lines back\n");
}

static const char *command_name(unsigned i)
{
	return commands[i].name[0] != '\0' ? commands[i].name : NULL;
}

static const struct command *find(const char *name, size_t length)
{
	for (const struct command *c = commands; c->name[0] != '\0'; c++)
		if (strlen(c->name) == length && memcmp(c->name, name, length) == 0)
			return c;
	return NULL;
}

const char *command_candidate(const char *line, size_t begin, unsigned i)
{
	size_t first = strspn(line, " "), end = first + strcspn(line + first, " ");

	if (begin <= first)
		return command_name(i);
	if (begin != end + strspn(line + end, " "))
		return NULL;
	const struct command *c = find(line + first, end - first);
	if (c == NULL)
		return NULL;
	if (strcmp(c->argument, "NAME") == 0)
		return vm_name(i);
	return i == 0 && strcmp(c->argument, "[off]") == 0 ? "off" : NULL;
}

static void say_no_such_command(const char *name)
{
	const char *meant = nearest(name, command_name);

	if (meant != NULL)
		log_format("%s: no such command; did you mean '%s'? "
		           "'help' lists them\n",
		           name, meant);
	else
		log_format("%s: no such command; try 'help'\n", name);
}

void command_run(char *line)
{
	const char *name = cut_word(&line);
	const struct command *c = find(name, strlen(name));
	char *argument = line;

	if (c == NULL || c->run != run_trace)
		argument = cut_word(&line);
	else
		line = ""; /* trace takes all words */

	if (name[0] == '\0')
		return;
	if (c == NULL)
		say_no_such_command(name);
	else if (line[0] != '\0' || (c->argument[0] == '\0' && argument[0] != '\0'))
		log_format("%s: too many words\n", name);
	else if (c->argument[0] != '\0' && c->argument[0] != '[' && argument[0] == '\0')
		log_format("%s: which one? %s %s\n", name, name, c->argument);
	else
		c->run(argument);
}
