/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Completion of the typed word. See the header for the rule.
 */
#include "vmm/operator/completion.h"
#include "arch/x86/log/log.h"
#include "vmm/core/background.h"
#include "vmm/operator/commands.h"

#include <string.h>

enum { PER_ROW = 4 };

/* The candidates for the typed word. */
struct matches {
	const char *first;
	size_t common; /* Number of first letters that all candidates share. */
	unsigned count;
};

static size_t same_letters(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] != '\0' && a[n] == b[n])
		n++;
	return n;
}

static void match(struct matches *m, const char *name)
{
	size_t same = m->count == 0 ? strlen(name) : same_letters(m->first, name);

	if (m->count++ == 0)
		m->first = name;
	if (m->count == 1 || same < m->common)
		m->common = same;
}

/* Returns the next candidate from number *i on with the typed word as its beginning. length: the
 * letters of the typed word. */
static const char *next(const struct editor *e, size_t begin, size_t length, unsigned *i)
{
	const char *name;

	while ((name = command_candidate(e->text, begin, (*i)++)) != NULL) {
		background_point();
		if (strncmp(name, e->text + begin, length) == 0)
			break;
	}
	return name;
}

static void list(const struct editor *e, size_t begin, size_t length)
{
	const char *name;
	unsigned shown = 0;

	for (unsigned i = 0; (name = next(e, begin, length, &i)) != NULL;)
		log_format(++shown % PER_ROW == 0 ? "  %s\n" : "  %-15s", name);
	if (shown % PER_ROW != 0)
		log_format("\n");
}

void completion_run(struct editor *e, editor_echo *echo)
{
	struct matches m = { NULL, 0, 0 };
	size_t begin = e->cursor, length;
	const char *name;

	while (begin > 0 && e->text[begin - 1] != ' ')
		begin--;
	length = e->cursor - begin;
	for (unsigned i = 0; (name = next(e, begin, length, &i)) != NULL;)
		match(&m, name);
	if (m.count == 0)
		return;
	if (m.common > length)
		editor_insert(e, m.first + length, m.common - length, echo);
	else if (m.count > 1)
		list(e, begin, length);
	if (m.count == 1 && e->text[e->cursor] != ' ')
		editor_insert(e, " ", 1, echo);
}
