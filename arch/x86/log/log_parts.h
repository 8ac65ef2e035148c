/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared declarations of the log's files: log.c, notes.c and panic.c.
 *
 * Rule: no other file includes the header.
 */
#ifndef ARCH_X86_LOG_LOG_PARTS_H
#define ARCH_X86_LOG_LOG_PARTS_H

#include "arch/x86/log/log.h"

#include <stdarg.h>

#define LOG_PREFIX "signalbox: "

/* Writes to the memory ring only. */
void log_ring_write(const char *text, size_t size);
/* Calls the function of log_set_pause(). */
void log_pause(void);
/* Formats a line with the prefix and prints the line. */
void log_line_write(const char *prefix, const char *format, va_list arguments);

/* Returns the used bytes of a line's buffer after snprintf() has put length bytes behind the used
 * bytes. A long line is cut. */
static inline size_t log_used_with(size_t used, int length)
{
	if (length < 0)
		return used;
	used += (size_t)length;
	return used < LOG_LINE_MAX ? used : LOG_LINE_MAX - 1;
}

#endif
