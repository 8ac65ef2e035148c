/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of a command line, and the numbers, sizes and times in the words.
 *
 * Rule: every loop goes forward through the text and stops at the NUL. Every store is checked
 * against its buffer.
 */
#include "vmm/config/words.h"

#include <errno.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct words *w)
{
	while (is_blank(*w->at))
		w->at++;
}

enum word_kind words_next(struct words *w, char word[WORD_MAX])
{
	bool quoted = false, cut = false;
	size_t n = 0;

	skip_blanks(w);
	word[0] = '\0';
	if (*w->at == '\0')
		return WORD_END;

	for (; *w->at != '\0' && (quoted || !is_blank(*w->at)); w->at++) {
		if (*w->at == '"') {
			quoted = !quoted;
			continue;
		}
		if (quoted && *w->at == '\\' && w->at[1] != '\0')
			w->at++;
		if (n < WORD_MAX - 1)
			word[n++] = *w->at;
		else
			cut = true;
	}
	word[n] = '\0';
	if (quoted)
		return WORD_OPEN_QUOTE;
	return cut ? WORD_TOO_LONG : WORD_PLAIN;
}

const char *words_rest(struct words *w)
{
	skip_blanks(w);
	return w->at;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Reads digits from the head of text; *end is the text after the digits. */
static int number_head(const char *text, uint64_t *value, const char **end)
{
	unsigned base = 10;
	uint64_t sum = 0;
	const char *p = text;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	}
	const char *digits = p;
	for (; (unsigned)digit_value(*p) < base; p++) {
		unsigned digit = (unsigned)digit_value(*p);
		if (sum > (UINT64_MAX - digit) / base)
			return -ERANGE;
		sum = sum * base + digit;
	}
	if (p == digits)
		return -EINVAL;
	*value = sum;
	*end = p;
	return 0;
}

int number_parse(const char *text, uint64_t *value)
{
	const char *end;
	uint64_t number;
	int error = number_head(text, &number, &end);

	if (error)
		return error;
	if (*end != '\0')
		return -EINVAL;
	*value = number;
	return 0;
}

struct unit {
	const char *name;
	uint64_t factor;
};

/* Reads a number with a unit. A unit without a name, if there is one, is for a bare number. */
static int number_with_unit(const char *text, const struct unit *units, size_t count,
                            uint64_t *value)
{
	const char *end;
	uint64_t number;
	int error = number_head(text, &number, &end);

	if (error)
		return error;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		if (number > UINT64_MAX / units[i].factor)
			return -ERANGE;
		*value = number * units[i].factor;
		return 0;
	}
	if (number == 0 && *end == '\0') {
		*value = 0;
		return 0;
	}
	return -EINVAL;
}

int size_parse(const char *text, uint64_t *bytes)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "K", UINT64_C(1) << 10 },
		{ "M", UINT64_C(1) << 20 },
		{ "G", UINT64_C(1) << 30 },
		{ "k", UINT64_C(1) << 10 },
		{ "m", UINT64_C(1) << 20 },
		{ "g", UINT64_C(1) << 30 },
	};

	return number_with_unit(text, units, sizeof(units) / sizeof(units[0]), bytes);
}

int time_parse(const char *text, uint64_t *us)
{
	static const struct unit units[] = { { "us", 1 }, { "ms", 1000 }, { "s", 1000000 } };

	return number_with_unit(text, units, sizeof(units) / sizeof(units[0]), us);
}

int range_parse(const char *text, uint64_t *first, uint64_t *last)
{
	const char *end;
	int error = number_head(text, first, &end);

	if (error)
		return error;
	if (*end == '-')
		return number_parse(end + 1, last);
	*last = *first;
	return *end == '\0' ? 0 : -EINVAL;
}

bool item_next(const char **list, char item[ITEM_MAX])
{
	const char *p = *list;
	size_t n = 0;

	if (p == NULL)
		return false;
	for (; *p != '\0' && *p != ','; p++, n++)
		if (n < ITEM_MAX - 1)
			item[n] = *p;
	item[n < ITEM_MAX ? n : ITEM_MAX - 1] = '\0';
	if (n >= ITEM_MAX)
		memcpy(item + ITEM_MAX - 4, "...", 4);
	*list = *p == ',' ? p + 1 : NULL;
	return true;
}

const char *word_shown(const char *text, char shown[SHOWN_MAX])
{
	size_t n = 0;

	for (; n < SHOWN_MAX - 1 && text[n] != '\0'; n++)
		shown[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
	shown[n] = '\0';
	if (text[n] != '\0')
		memcpy(shown + SHOWN_MAX - 4, "...", 4);
	return shown;
}
