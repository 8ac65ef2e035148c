/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verdicts.
 *
 * Rule: see report.h.
 */
#include "guests/lib/report.h"

#include "guests/lib/machine.h"

#include <stdarg.h>
#include <stdio.h>

static unsigned passed, failed;

void report(bool ok, const char *text, const char *why, ...)
{
	char reason[96];
	va_list list;

	if (ok) {
		passed++;
		machine_print("%s ... ok\n", text);
		return;
	}
	failed++;
	va_start(list, why);
	vsnprintf(reason, sizeof(reason), why, list);
	va_end(list);
	machine_print("%s ... FAILED: %s\n", text, reason);
}

int report_end(const char *guest)
{
	machine_print("%s: %u ok, %u failed\n", guest, passed, failed);
	return failed == 0 ? 0 : 1;
}
