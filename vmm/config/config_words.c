/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that the words of both kinds of configuration line have.
 *
 * Rule: a refusal names the right form of the value.
 */
#include "vmm/config/config_words.h"
#include "vmm/config/words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int config_refuse(struct reader *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->reason, sizeof(r->reason), format, args);
	va_end(args);
	return -EINVAL;
}

static bool name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (!first && ((c >= '0' && c <= '9') || c == '-' || c == '_'));
}

int config_name(struct reader *r, const char *value, char name[CONFIG_NAME_MAX])
{
	size_t length = strlen(value);

	if (length == 0)
		return config_refuse(r, "a name is missing");
	if (length >= CONFIG_NAME_MAX)
		return config_refuse(r, "a name has at most %d characters", CONFIG_NAME_MAX - 1);
	for (size_t i = 0; i < length; i++)
		if (!name_char(value[i], i == 0))
			return config_refuse(
				r, "a name is a letter, then letters, digits, '-' or '_'");
	if (strcmp(value, "vmm") == 0)
		return config_refuse(r, "this name is the VMM's own");
	memcpy(name, value, length + 1);
	return 0;
}

int config_choice(struct reader *r, const char *value, const char *names)
{
	size_t length = strlen(value);
	const char *name = names;

	for (int i = 0; *name != '\0'; i++) {
		size_t end = strcspn(name, ",");
		if (end == length && memcmp(name, value, length) == 0)
			return i;
		name += end + strspn(name + end, ", ");
	}
	return config_refuse(r, "it is one of %s", names);
}

int config_time(struct reader *r, const char *value, uint64_t *us)
{
	switch (time_parse(value, us)) {
	case 0:
		return 0;
	case -ERANGE:
		return config_refuse(r, "too long a time");
	default:
		return config_refuse(r, "a time is a number and us, ms or s, as in 5ms");
	}
}

int config_text(struct reader *r, const char *value, char text[CONFIG_TEXT_MAX])
{
	size_t length = strlen(value);

	if (length >= CONFIG_TEXT_MAX)
		return config_refuse(r, "the guest's text has %lu bytes, at most %d fit",
		                     (unsigned long)length, CONFIG_TEXT_MAX - 1);
	memcpy(text, value, length + 1);
	return 0;
}

int config_number(struct reader *r, const char *value, uint64_t limit, uint64_t *number)
{
	int error = number_parse(value, number);

	if (error == -EINVAL)
		return config_refuse(r, "it is a number from 0 to %lu", (unsigned long)limit);
	if (error || *number > limit)
		return config_refuse(r, "more than %lu", (unsigned long)limit);
	return 0;
}
