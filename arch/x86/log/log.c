/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log: every byte goes to the memory ring, to VGA text and to the console's output.
 *
 * Rule: the ring comes first, so that a debugger sees text that a dead VGA or UART has not shown.
 */
#include "arch/x86/log/log.h"
#include "arch/x86/log/log_parts.h"

#include "arch/x86/machine/platform.h"

#include <stdio.h>
#include <string.h>

/* The memory ring. Not static, so that a debugger finds the symbol. The ring has the bytes from
 * position begin up to end. Position n is in the place n % LOG_BYTES. */
struct log_ring {
	char text[LOG_BYTES];
	uint64_t begin, end;
} log_ring;

/* The console's functions, each NULL without a console. */
static struct {
	void (*output)(const char *text, size_t size);
	void (*flush)(void);
	void (*pause)(void);
} console;

void log_ring_write(const char *text, size_t size)
{
	struct log_ring *r = &log_ring;

	if (size > LOG_BYTES) {
		text += size - LOG_BYTES;
		size = LOG_BYTES;
	}
	size_t at = r->end % LOG_BYTES, first = LOG_BYTES - at;

	if (first > size)
		first = size;
	memcpy(r->text + at, text, first);
	memcpy(r->text, text + first, size - first);
	r->end += size;
	if (r->end - r->begin > LOG_BYTES)
		r->begin = r->end - LOG_BYTES;
}

/* Returns whether the line at a position begins with the mark. */
static bool is_marked(uint64_t line, const char *mark, size_t length)
{
	while (length > 0 && log_at(line + length - 1) == mark[length - 1])
		length--;
	return length == 0;
}

/* The newest lines come first. Lines that stay move up to the end, over the lines that go. */
void log_thin(const char *mark, size_t length, size_t keep)
{
	struct log_ring *r = &log_ring;
	uint64_t to = r->end, from = to;

	while (from > r->begin) {
		uint64_t line = from - 1;

		while (line > r->begin && log_at(line - 1) != '\n')
			line--;
		size_t bytes = from - line;
		bool marked = is_marked(line, mark, length);

		if (marked && keep < bytes) {
			keep = 0;
			from = line;
		} else {
			keep -= marked ? bytes : 0;
			while (from > line)
				r->text[--to % LOG_BYTES] = log_at(--from);
		}
		log_pause();
	}
	if (to > r->begin)
		r->begin = to;
}

void log_pause(void)
{
	if (console.pause)
		console.pause();
}

/* The pause comes first because the formatting before may have taken as long as all that
 * follows. */
void log_bytes(const char *text, size_t size)
{
	log_pause();
	log_ring_write(text, size);
	vga_put(text, size);
	while (vga_show())
		log_pause();
	if (console.output)
		console.output(text, size);
	log_pause();
}

/* Formats behind the used bytes of buffer. Returns the length. */
static size_t format_into(char *buffer, size_t used, const char *format, va_list arguments)
{
	return log_used_with(used,
	                     vsnprintf(buffer + used, LOG_LINE_MAX - used, format, arguments));
}

void log_line_write(const char *prefix, const char *format, va_list arguments)
{
	char buffer[LOG_LINE_MAX];
	size_t length = strlen(prefix);

	memcpy(buffer, prefix, length);
	length = format_into(buffer, length, format, arguments);
	buffer[length++] = '\n'; /* in the place of the terminator */
	log_bytes(buffer, length);
}

void log_line(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line_write(LOG_PREFIX, format, arguments);
	va_end(arguments);
}

void log_format(const char *format, ...)
{
	char buffer[LOG_LINE_MAX];
	va_list arguments;

	va_start(arguments, format);
	size_t length = format_into(buffer, 0, format, arguments);
	va_end(arguments);
	log_bytes(buffer, length);
}

void log_set_output(void (*output)(const char *text, size_t size))
{
	console.output = output;
}

void log_set_pause(void (*pause)(void))
{
	console.pause = pause;
}

void log_set_flush(void (*flush)(void))
{
	console.flush = flush;
}

void log_urgent(void)
{
	if (console.flush)
		console.flush();
}

void log_replay(void (*out)(const char *text, size_t size))
{
	const struct log_ring *r = &log_ring;
	size_t at = r->begin % LOG_BYTES, size = r->end - r->begin, first = LOG_BYTES - at;

	if (first > size)
		first = size;
	out(r->text + at, first);
	if (first < size)
		out(r->text, size - first);
}

uint64_t log_end(void)
{
	return log_ring.end;
}

uint64_t log_begin(void)
{
	return log_ring.begin;
}

char log_at(uint64_t position)
{
	return log_ring.text[position % LOG_BYTES];
}
