/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The typed line and the printed lines. See the header for the rule.
 */
#include "vmm/operator/prompt.h"
#include "vmm/core/background.h"

#include <string.h>

/* The line under the keys, and the line before. */
static struct {
	struct editor editor;
	char command[EDITOR_LINE_MAX]; /* the last whole line */
} typed;

/* The end of the text on the screen. */
static struct {
	editor_echo *put; /* writes to the console */
	bool shown;       /* the prompt stands on the screen, with the line behind the prompt */
	bool mid_line;    /* printed text stands in mid-line: no echo until the line ends */
} screen;

/* The VM that has the keys. */
static struct {
	const char *name; /* NULL: the console has the keys */
	const struct output *text;
	uint32_t tail;   /* text->tail at the last look */
	unsigned length; /* text->length then */
} guest;

static void put_string(const char *text)
{
	screen.put(text, strlen(text));
}

static void show_prompt(void)
{
	put_string("\r> ");
	screen.shown = true;
}

/* Shows a piece of a key's echo. */
static void echo(const char *text, size_t size)
{
	if (!screen.mid_line) {
		if (!screen.shown)
			show_prompt();
		screen.put(text, size);
	}
	background_point();
}

static bool is_empty(void)
{
	return guest.name != NULL ? guest.text->length == 0 : typed.editor.length == 0;
}

/* Shows the prompt and the line, in an empty row. */
static void show_line(void)
{
	if (guest.name == NULL) {
		show_prompt();
		editor_show(&typed.editor, echo);
		return;
	}
	put_string("\r[");
	put_string(guest.name);
	put_string("] ");
	screen.put(guest.text->line, guest.text->length);
	screen.shown = true;
}

void prompt_init(editor_echo *put)
{
	screen.put = put;
	screen.shown = screen.mid_line = false;
}

void prompt_hide(void)
{
	if (screen.shown)
		put_string("\r\033[K");
	screen.shown = false;
}

void prompt_show(bool whole)
{
	screen.mid_line = !whole;
	if (whole && !is_empty())
		show_line();
}

void prompt_follow(const char *name, const struct output *text)
{
	prompt_hide();
	guest.name = name;
	guest.text = text;
	prompt_show(!screen.mid_line);
}

const struct output *prompt_refresh(void)
{
	const struct output *text = guest.text;

	if (guest.name == NULL || guest.tail == text->tail || screen.mid_line)
		return NULL;
	unsigned more = text->length - guest.length;
	if (screen.shown && more == text->tail - guest.tail) {
		screen.put(text->line + guest.length, more); /* the text has only grown */
	} else {
		prompt_hide();
		prompt_show(true);
	}
	guest.tail = text->tail;
	guest.length = text->length;
	return text;
}

/* Ends the row; the screen goes on below. */
static void end_row(void)
{
	if (screen.shown)
		put_string("\n");
	screen.shown = false;
}

static enum prompt_result take_line(void)
{
	end_row();
	if (typed.editor.length == 0) {
		if (!screen.mid_line)
			show_prompt(); /* Enter on an empty line asks for a sign of life */
		return PROMPT_MORE;
	}
	memcpy(typed.command, typed.editor.text, sizeof(typed.command));
	editor_clear(&typed.editor);
	return PROMPT_COMMAND;
}

enum prompt_result prompt_take(uint8_t byte, prompt_complete *complete)
{
	switch (editor_key(&typed.editor, byte, echo)) {
	case EDITOR_LINE:
		return take_line();
	case EDITOR_TAB:
		complete(&typed.editor, echo);
		break;
	case EDITOR_CLEAR:
		put_string("\033[H\033[2J");
		if (!screen.mid_line)
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
	terminal_pause(&typed.editor.terminal);
}

char *prompt_command(void)
{
	return typed.command;
}

const struct editor *prompt_line(void)
{
	return &typed.editor;
}
