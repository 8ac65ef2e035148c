/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's command line: words, each name=value, parted by blanks.
 *
 * Rule: a first word without '=' is the file's name, and is skipped. Some loaders put the file's
 * name there.
 */
#ifndef GUESTS_LIB_ARGS_H
#define GUESTS_LIB_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ARGS_MAX = 256 };

/* Copies the line; NULL is an empty line. */
void args_init(const char *line);
/* Returns the line without the file's name. */
const char *args_line(void);
/* Copies the value of name=value. Returns false (and copies "") if the word is missing. */
bool args_text(const char *name, char *value, size_t size);
/* Returns a number, decimal or 0x..., with k or M for thousand and million. Returns otherwise if
 * the word is missing or not a number. */
uint64_t args_number(const char *name, uint64_t otherwise);
/* Takes the next item of a list "a,b=3,c": copies the item's name, and the text after a '=' (else
 * ""). Returns false at the end. */
bool args_item(const char **list, char *name, char *value, size_t size);
/* Reads a number like args_number(). Returns false if text is not a number. */
bool args_parse(const char *text, uint64_t *number);

#endif
