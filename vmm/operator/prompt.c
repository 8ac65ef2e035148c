/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The typed line and the printed lines. See the header for the rule.
 */
#include "vmm/operator/prompt.h"
#include "vmm/core/background.h"

#include <string.h>

static struct editor editor;
static char command[EDITOR_LINE_MAX];
static editor_echo *put;
static bool shown;    /* the prompt stands on the screen, with the line behind the prompt */
static bool mid_line; /* printed text stands in the middle of a line: no echo until the line ends */

static void put_string(const char *text)
{
	put(text, strlen(text));
}

static void show_prompt(void)
{
	put_string("\r> ");
	shown = true;
}

/* Shows a piece of a key's echo. */
static void echo(const char *text, size_t size)
{
	if (!mid_line) {
		if (!shown)
			show_prompt();
		put(text, size);
	}
	background_point();
}

/* Shows the prompt and the line, in an empty row. */
static void show_line(void)
{
	show_prompt();
	editor_show(&editor, echo);
}

void prompt_init(editor_echo *with)
{
	put = with;
	shown = mid_line = false;
}

void prompt_hide(void)
{
	if (shown)
		put_string("\r\033[K");
	shown = false;
}

void prompt_show(bool whole)
{
	mid_line = !whole;
	if (whole && editor.length > 0)
		show_line();
}

/* Ends the row; the screen goes on below. */
static void end_row(void)
{
	if (shown)
		put_string("\n");
	shown = false;
}

static enum prompt_result take_line(void)
{
	end_row();
	if (editor.length == 0) {
		if (!mid_line)
			show_prompt(); /* Enter on an empty line asks for a sign of life */
		return PROMPT_MORE;
	}
	memcpy(command, editor.text, sizeof(command));
	editor_clear(&editor);
	return PROMPT_COMMAND;
}

enum prompt_result prompt_take(uint8_t byte, prompt_complete *complete)
{
	switch (editor_key(&editor, byte, echo)) {
	case EDITOR_LINE:
		return take_line();
	case EDITOR_TAB:
		complete(&editor, echo);
		break;
	case EDITOR_CLEAR:
		put_string("\033[H\033[2J");
		if (!mid_line)
			show_line();
		break;
	case EDITOR_QUIT:
		end_row();
		return PROMPT_QUIT;
	case EDITOR_MORE:
		break;
	}
	return PROMPT_MORE;
}

void prompt_pause(void)
{
	terminal_pause(&editor.terminal);
}

char *prompt_command(void)
{
	return command;
}

const struct editor *prompt_line(void)
{
	return &editor;
}
