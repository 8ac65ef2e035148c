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

/* The memory ring. Not static, so that a debugger finds the symbol. */
struct log_ring {
	char text[LOG_BYTES];
	size_t next;    /* the place of the next byte */
	bool wrapped;   /* the ring is full */
	uint64_t total; /* bytes so far; the position of a byte never changes */
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
	size_t first = LOG_BYTES - r->next;

	if (first > size)
		first = size;
	memcpy(r->text + r->next, text, first);
	memcpy(r->text, text + first, size - first);
	if (r->next + size >= LOG_BYTES)
		r->wrapped = true;
	r->next = (r->next + size) % LOG_BYTES;
	r->total += size;
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

	if (r->wrapped)
		out(r->text + r->next, LOG_BYTES - r->next);
	if (r->next)
		out(r->text, r->next);
}

uint64_t log_end(void)
{
	return log_ring.total;
}

uint64_t log_begin(void)
{
	return log_ring.total > LOG_BYTES ? log_ring.total - LOG_BYTES : 0;
}

char log_at(uint64_t position)
{
	return log_ring.text[position % LOG_BYTES];
}
