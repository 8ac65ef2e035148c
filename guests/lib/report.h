/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verdicts: one line each, "text ... ok" or "text ... FAILED: why", and a last line that counts.
 *
 * Rule: the requirement's id comes first where the line is about one (R10 ...), so any log can be
 * searched for it.
 */
#ifndef GUESTS_LIB_REPORT_H
#define GUESTS_LIB_REPORT_H

#include <stdbool.h>

/* text is a property in words; why is printf-like and shown only when ok is false. */
void report(bool ok, const char *text, const char *why, ...) __attribute__((format(printf, 3, 4)));
/* Print "guest: N ok, M failed"; the exit status: 0 when nothing failed. */
int report_end(const char *guest);

#endif
