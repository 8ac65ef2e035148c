/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From keys to a command. See the header for the rule.
 */
#include "vmm/operator/typing.h"

#include "vmm/core/background.h"
#include "vmm/operator/commands.h"
#include "vmm/operator/completion.h"
#include "vmm/operator/console.h"
#include "vmm/operator/prompt.h"
#include "vmm/operator/report.h"
#include "vmm/operator/screen.h"

/* Takes a key of COM1, or of the machine's own keyboard. */
static bool next_key(char *key)
{
	return console_key(key) || screen_key(key);
}

/* Takes a key while a VM has the keys. */
static void take_key_of_vm(char key)
{
	enum { KEY_BACK = ']' & 31 };

	if (key == KEY_BACK)
		vmm_keys_back();
	else
		vmm_type(key);
}

/* Takes keys up to the end of a command, if there is a command. */
static enum prompt_result take_keys(void)
{
	enum prompt_result result = PROMPT_MORE;
	char key;

	console_keys_pause();
	while (result == PROMPT_MORE && next_key(&key)) {
		if (vmm_keys_given())
			take_key_of_vm(key);
		else
			result = prompt_take((uint8_t)key, completion_run);
		background_point();
	}
	console_kick();
	const struct editor *line = prompt_line();

	screen_typed(line->text, line->length, line->cursor);
	return result;
}

/* Shows the text of the VM that has the keys. */
static void show_vm(void)
{
	const struct output *text = vmm_keys_given() ? prompt_refresh() : NULL;

	if (text == NULL)
		return;
	console_kick();
	screen_typed(text->line, text->length, text->length);
}

bool typing_step(void)
{
	show_vm();
	if (!console_has_keys() && !screen_has_keys())
		return false;
	switch (take_keys()) {
	case PROMPT_QUIT:
		vmm_quit();
		break;
	case PROMPT_COMMAND:
		screen_entered(prompt_command());
		command_run(prompt_command());
		console_kick();
		break;
	case PROMPT_MORE:
		break;
	}
	return true;
}
