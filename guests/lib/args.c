/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's command line.
 *
 * Rule: see args.h.
 */
#include "guests/lib/args.h"

#include <stdlib.h>
#include <string.h>

static char line[ARGS_MAX];

void args_init(const char *text)
{
	if (text == NULL)
		return;
	text += strspn(text, " ");
	if (memchr(text, '=', strcspn(text, " ")) == NULL)
		text += strcspn(text, " ");
	text += strspn(text, " ");
	strncpy(line, text, sizeof(line) - 1);
}

const char *args_line(void)
{
	return line;
}

static void copy(char *to, size_t size, const char *from, size_t length)
{
	if (length > size - 1)
		length = size - 1;
	memcpy(to, from, length);
	to[length] = '\0';
}

bool args_text(const char *name, char *value, size_t size)
{
	size_t length = strlen(name);

	value[0] = '\0';
	for (const char *word = line; *word != '\0'; word += strspn(word, " ")) {
		size_t whole = strcspn(word, " ");

		if (whole > length && strncmp(word, name, length) == 0 && word[length] == '=') {
			copy(value, size, word + length + 1, whole - length - 1);
			return true;
		}
		word += whole;
	}
	return false;
}

bool args_parse(const char *text, uint64_t *number)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (end == text)
		return false;
	if (*end == 'k')
		value *= 1000, end++;
	else if (*end == 'M')
		value *= 1000000, end++;
	if (*end != '\0')
		return false;
	*number = value;
	return true;
}

uint64_t args_number(const char *name, uint64_t otherwise)
{
	char value[24];
	uint64_t number;

	return args_text(name, value, sizeof(value)) && args_parse(value, &number) ? number
	                                                                           : otherwise;
}

bool args_item(const char **list, char *name, char *value, size_t size)
{
	const char *item = *list + strspn(*list, ",");
	size_t whole = strcspn(item, ","), length = strcspn(item, "=,");

	*list = item + whole;
	copy(name, size, item, length);
	copy(value, size, item + length + (length < whole), whole - length - (length < whole));
	return whole != 0;
}
