/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's command line: words, each name=value, parted by blanks.
 *
 * Rule: a first word without '=' is the file's name, which some loaders put there, and is skipped.
 */
#ifndef GUESTS_LIB_ARGS_H
#define GUESTS_LIB_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ARGS_MAX = 256 };

/* Copy the line; NULL is an empty one. */
void args_init(const char *line);
/* The line without the file's name. */
const char *args_line(void);
/* Copy the value of name=value; false (and "") where there is none. */
bool args_text(const char *name, char *value, size_t size);
/* A number, decimal or 0x..., with k or M for thousand and million; otherwise where the word is
 * missing or no number. */
uint64_t args_number(const char *name, uint64_t otherwise);
/* The next item of a list "a,b=3,c": copies its name, and what follows a '=' in it (else ""); false
 * at the end. */
bool args_item(const char **list, char *name, char *value, size_t size);
/* A number as args_number() reads it; false where text is none. */
bool args_parse(const char *text, uint64_t *number);

#endif
