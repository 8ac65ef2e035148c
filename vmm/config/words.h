/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of a command line, and the numbers, sizes, times and names in the words.
 *
 * Rule: for any bytes, every call ends, and no call writes past a buffer. A value is read whole or
 * refused, never read in part. Pure C.
 */
#ifndef VMM_WORDS_H
#define VMM_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WORD_MAX = 400 }; /* bytes of a word, its NUL included */

/* A line that is being read. Set at to the line's beginning. */
struct words {
	const char *at; /* the part that is not read yet */
};

/* The end of a word. */
enum word_kind { WORD_END, WORD_PLAIN, WORD_TOO_LONG, WORD_OPEN_QUOTE };

/*
 * Reads the next word, without quotes and backslashes, into word. Returns the word's end, or
 * WORD_END when the line is over. Double quotes hold blanks together at any place of a word
 * (args="a b", or GRUB's form "args=a b"). Inside quotes a backslash takes the next character
 * unchanged. A word that is too long is cut, and the rest of the word is skipped. After a fault,
 * word holds as much of the word as fits, for the message.
 */
enum word_kind words_next(struct words *w, char word[WORD_MAX]);
/* Returns the rest of the line, without blanks before the rest. */
const char *words_rest(struct words *w);

/* Reads a number: decimal, or hexadecimal after 0x. The whole text has to be the number. Returns 0,
 * -EINVAL, or -ERANGE (more than 64 bits). */
int number_parse(const char *text, uint64_t *value);
/* Reads a number with K, M or G after it, or a bare number: bytes. Returns 0, -EINVAL or
 * -ERANGE. */
int size_parse(const char *text, uint64_t *bytes);
/* Reads a number with us, ms or s after it, in microseconds. The number 0 needs no unit. Returns 0,
 * -EINVAL or -ERANGE. */
int time_parse(const char *text, uint64_t *us);
/* Reads FIRST or FIRST-LAST. Returns 0, -EINVAL or -ERANGE. The caller checks that first <=
 * last. */
int range_parse(const char *text, uint64_t *first, uint64_t *last);
/* Bytes of a list's piece, the NUL included. */
enum { ITEM_MAX = 40 };
/* Reads the next piece before a comma out of *list. Returns false after the last piece. A piece too
 * long for any number ends in "...", so no parser takes such a piece. An empty list has an empty
 * piece, and so has the place between two commas. */
bool item_next(const char **list, char item[ITEM_MAX]);

/* Bytes of a text for a message, the NUL included. */
enum { SHOWN_MAX = 64 };
/* Makes a copy of text for a message: bytes that do not print become '?', and a long text ends in
 * "...". Returns shown. */
const char *word_shown(const char *text, char shown[SHOWN_MAX]);

#endif
