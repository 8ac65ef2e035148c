/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verdicts: one line each, "text ... ok" or "text ... FAILED: why", and a last line with the
 * counts.
 *
 * Rule: a line about a requirement begins with the requirement's id (R10 ...), so that any log can
 * be searched for the id.
 */
#ifndef GUESTS_LIB_REPORT_H
#define GUESTS_LIB_REPORT_H

#include <stdbool.h>

/* text is a property in words; why is printf-like and shown only when ok is false. */
void report(bool ok, const char *text, const char *why, ...) __attribute__((format(printf, 3, 4)));
/* Prints "guest: N ok, M failed". Returns the exit status: 0 when no verdict failed. */
int report_end(const char *guest);

#endif
