/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of a command line, and the numbers, sizes, times and names in them.
 *
 * Rule: whatever bytes come in, nothing is written past a buffer and every call ends; a value that
 * is not understood is refused whole, never read in part. Pure C.
 */
#ifndef VMM_WORDS_H
#define VMM_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WORD_MAX = 400 }; /* bytes of one word, its NUL included */

struct words {
	const char *at; /* what is not read yet */
};

/* How a word ended. */
enum word_kind { WORD_END, WORD_PLAIN, WORD_TOO_LONG, WORD_OPEN_QUOTE };

/*
 * The next word, its quotes and backslashes taken away, into word. Double quotes hold blanks
 * together wherever they stand (args="a b", or "args=a b" as GRUB passes it on); inside them a
 * backslash takes the next character as it is. A word that is too long is cut and read over; both
 * faults leave as much of the word as fits, for the message.
 */
enum word_kind words_next(struct words *w, char word[WORD_MAX]);
/* What is left of the line, blanks before it removed. */
const char *words_rest(struct words *w);

/* Decimal, or hexadecimal after 0x. The whole text has to be the number. 0, -EINVAL, or -ERANGE
 * (more than 64 bits). */
int number_parse(const char *text, uint64_t *value);
/* A number of bytes with K, M or G after it, or none: bytes. 0, -EINVAL or -ERANGE. */
int size_parse(const char *text, uint64_t *bytes);
/* A number with us, ms or s after it, in microseconds. The number 0 needs no unit. 0, -EINVAL or
 * -ERANGE. */
int time_parse(const char *text, uint64_t *us);
/* FIRST or FIRST-LAST. 0, -EINVAL or -ERANGE; first <= last is the caller's to check. */
int range_parse(const char *text, uint64_t *first, uint64_t *last);
/* The next piece before a comma out of *list; false after the last. A piece too long for any number
 * ends in "...", so that no parser takes it. Between two commas, and in an empty list, is an empty
 * piece. */
enum { ITEM_MAX = 40 };
bool item_next(const char **list, char item[ITEM_MAX]);

/* A copy that is fit for a message: bytes that do not print become '?', and a long text ends in
 * "...". */
enum { SHOWN_MAX = 64 };
const char *word_shown(const char *text, char shown[SHOWN_MAX]);

#endif
