/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text that came from a guest, made fit to print.
 *
 * Rule: a guest's bytes reach the terminal as printable characters only, and cannot break a table
 * or a key=value line.
 */
#ifndef VMM_REPORT_TEXT_H
#define VMM_REPORT_TEXT_H

#include <stddef.h>

/* Copies at most length bytes of text, up to the NUL, into out (size bytes, NUL-terminated). Bytes
 * that do not print become '?'. Returns out. */
static inline const char *guest_text(const char *text, size_t length, char *out, size_t size)
{
	size_t n = 0;

	for (; text && n < length && n < size - 1 && text[n] != '\0'; n++)
		out[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
	out[n] = '\0';
	return out;
}

/* Does the same for a single word: blanks and '=' become '?' too, and an empty word becomes "-".
 * Returns out. */
static inline const char *guest_word(const char *text, size_t length, char *out, size_t size)
{
	guest_text(text, length, out, size);
	for (char *c = out; *c != '\0'; c++)
		if (*c == ' ' || *c == '=')
			*c = '?';
	if (out[0] == '\0' && size > 1) {
		out[0] = '-';
		out[1] = '\0';
	}
	return out;
}

#endif
