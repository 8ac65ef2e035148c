/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory log: what stays when text is older than its room, and when lines of one sort are
 * thinned.
 *
 * Rule: beside the ring stands a plain list of lines. The ring has to show what the list has.
 */
#include "tests/unit/check.h"

#include "arch/x86/log/log.h"
#include "arch/x86/log/log_parts.h"
#include "tests/unit/elf_image.h"
#include "tests/unit/fake_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 4096, OWNERS = 4, KEEP = 2000, ROUNDS = 3000 };

/* The lines, oldest first. */
static struct {
	char *text;
	unsigned owner;
} list[LINES_MAX];
static unsigned listed;
static char shown[LOG_BYTES + 1], wanted[LOG_BYTES + 1];
static size_t shown_bytes;

static const char *mark(unsigned owner)
{
	static const char *const marks[OWNERS] = { "signalbox: ", "[a] ", "[ab] ", "[b] " };

	return marks[owner];
}

static void forget(unsigned n)
{
	free(list[n].text);
	memmove(list + n, list + n + 1, (--listed - n) * sizeof(list[0]));
}

/* The owner of a line, by its beginning; OWNERS: none. */
static unsigned owner_of(const char *text)
{
	unsigned owner = 0;

	while (owner < OWNERS && strncmp(text, mark(owner), strlen(mark(owner))) != 0)
		owner++;
	return owner;
}

/* The log has room for so many bytes. The oldest line is cut. */
static void forget_what_is_too_old(void)
{
	size_t size = 0;

	for (unsigned n = 0; n < listed; n++)
		size += strlen(list[n].text);
	while (size > LOG_BYTES) {
		size_t bytes = strlen(list[0].text), excess = size - LOG_BYTES;

		if (bytes <= excess) {
			size -= bytes;
			forget(0);
			continue;
		}
		memmove(list[0].text, list[0].text + excess, bytes - excess + 1);
		list[0].owner = owner_of(list[0].text);
		size -= excess;
	}
}

static void say(unsigned owner, unsigned number, unsigned length)
{
	char text[LOG_LINE_MAX];
	int size = snprintf(text, sizeof(text), "%s%u %.*s\n", mark(owner), number, (int)length,
	                    "[a] [b] [ab] signalbox: a line that looks like another's, and goes on "
	                    "until it is as long as a line may well be in such a log as this one");

	log_bytes(text, (size_t)size);
	printed_clear();
	list[listed].text = strdup(text);
	list[listed++].owner = owner;
	forget_what_is_too_old();
}

/* The newest lines of the owner stay, up to so many bytes. */
static void thin(unsigned owner, size_t keep)
{
	bool goes = false;

	log_thin(mark(owner), strlen(mark(owner)), keep);
	for (unsigned n = listed; n-- > 0;) {
		if (list[n].owner != owner)
			continue;
		goes = goes || strlen(list[n].text) > keep;
		if (goes)
			forget(n);
		else
			keep -= strlen(list[n].text);
	}
}

static void collect(const char *text, size_t size)
{
	memcpy(shown + shown_bytes, text, size);
	shown_bytes += size;
}

static void expect_shown(void)
{
	char *to = wanted;

	shown_bytes = 0;
	log_replay(collect);
	shown[shown_bytes] = '\0';
	assert_int_equal(shown_bytes, log_end() - log_begin());
	for (unsigned n = 0; n < listed; n++)
		to = stpcpy(to, list[n].text);
	assert_string_equal(shown, wanted);
	for (size_t i = 0; i < shown_bytes; i++)
		assert_int_equal(log_at(log_begin() + i), shown[i]);
}

static void the_log_has_the_newest_bytes_and_thinned_lines_are_gone(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned what = random_below(&seed, 40);

		if (what == 0)
			thin(random_below(&seed, OWNERS), random_below(&seed, 2 * KEEP));
		else
			say(random_below(&seed, OWNERS), round, random_below(&seed, 130));
		if (round % 7 == 0 || what == 0)
			expect_shown();
	}
}

/* One sort of lines alone goes on and on: a line of another sort stays. */
static void a_flood_that_is_thinned_pushes_nothing_out(void **state)
{
	(void)state;
	for (unsigned owner = 0; owner < OWNERS; owner++)
		thin(owner, 0);
	say(0, 123456, 10);
	say(3, 654321, 100);
	for (unsigned n = 0; n < 5000; n++) {
		say(1, n, 60);
		if (n % 30 == 29)
			thin(1, KEEP);
	}
	expect_shown();
	assert_non_null(strstr(shown, "signalbox: 123456 "));
	assert_non_null(strstr(shown, "[b] 654321 "));
	assert_non_null(strstr(shown, "[a] 4999 "));
	assert_null(strstr(shown, "[a] 4900 "));
	while (listed > 0)
		forget(listed - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_log_has_the_newest_bytes_and_thinned_lines_are_gone),
		cmocka_unit_test(a_flood_that_is_thinned_pushes_nothing_out),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
