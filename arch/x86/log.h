/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place that prints. Lines go to a memory log (a ring of LOG_BYTES that a debugger can read: symbol log_ring), to
 * VGA text, and to the sink that the console sets, so a machine without a UART still tells why it stopped.
 *
 * Rule: never called on the interrupt path; formatting is newlib's vsnprintf.
 */
#ifndef ARCH_X86_LOG_H
#define ARCH_X86_LOG_H

#include <stddef.h>

enum { LOG_BYTES = 16384, LOG_LINE_MAX = 256 };

/* printf-like; prefixes "signalbox: " and ends the line. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Raw bytes, as they are: tables, the status line, guests' text. */
void log_bytes(const char *text, size_t size);
void log_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Where log bytes also go: the console's UART; NULL: nowhere. */
void log_set_sink(void (*sink)(const char *text, size_t size));
/* The memory log, oldest first: calls out() with at most two pieces. */
void log_replay(void (*out)(const char *text, size_t size));

/* Print, flush, say "end: status 1", power off; never returns. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What panic() calls to get its last words out (polled UART); set by the console. */
void log_set_flush(void (*flush)(void));

#endif
