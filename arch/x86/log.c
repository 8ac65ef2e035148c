/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log: every byte goes to the memory ring, to VGA text and to the console's sink.
 *
 * Rule: the ring comes first, so that a debugger sees text that a dead VGA or UART has not shown.
 */
#include "arch/x86/log.h"

#include "arch/x86/platform.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "signalbox: "

/* Not static, so that a debugger finds the two symbols. log_next is the place of the next byte.
 * wrapped: the ring is full. */
char log_ring[LOG_BYTES];
size_t log_next;
static bool wrapped;
static uint64_t log_total; /* bytes so far; the position of a byte never changes */

static void (*log_sink)(const char *text, size_t size);
static void (*log_flush)(void);
static void (*log_pause)(void);

static void ring_write(const char *text, size_t size)
{
	if (size > LOG_BYTES) {
		text += size - LOG_BYTES;
		size = LOG_BYTES;
	}
	size_t first = LOG_BYTES - log_next;

	if (first > size)
		first = size;
	memcpy(log_ring + log_next, text, first);
	memcpy(log_ring, text + first, size - first);
	if (log_next + size >= LOG_BYTES)
		wrapped = true;
	log_next = (log_next + size) % LOG_BYTES;
	log_total += size;
}

static void pause_between(void)
{
	if (log_pause)
		log_pause();
}

/* The pause comes first because the formatting before may have taken as long as all that
 * follows. */
void log_bytes(const char *text, size_t size)
{
	pause_between();
	ring_write(text, size);
	vga_put(text, size);
	while (vga_show())
		pause_between();
	if (log_sink)
		log_sink(text, size);
	pause_between();
}

/* Returns the used bytes of a line's buffer after snprintf() has put length bytes behind the used
 * bytes. A line that is too long is cut. */
static size_t used_with(size_t used, int length)
{
	if (length < 0)
		return used;
	used += (size_t)length;
	return used < LOG_LINE_MAX ? used : LOG_LINE_MAX - 1;
}

/* Formats behind the used bytes of buffer. Returns the length. */
static size_t format_into(char *buffer, size_t used, const char *format, va_list arguments)
{
	return used_with(used, vsnprintf(buffer + used, LOG_LINE_MAX - used, format, arguments));
}

static void line_write(const char *prefix, const char *format, va_list arguments)
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
	line_write(PREFIX, format, arguments);
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

void log_set_sink(void (*sink)(const char *text, size_t size))
{
	log_sink = sink;
}

void log_set_pause(void (*pause)(void))
{
	log_pause = pause;
}

void log_set_flush(void (*flush)(void))
{
	log_flush = flush;
}

void log_urgent(void)
{
	if (log_flush)
		log_flush();
}

void log_replay(void (*out)(const char *text, size_t size))
{
	if (wrapped)
		out(log_ring + log_next, LOG_BYTES - log_next);
	if (log_next)
		out(log_ring, log_next);
}

uint64_t log_end(void)
{
	return log_total;
}

uint64_t log_begin(void)
{
	return log_total > LOG_BYTES ? log_total - LOG_BYTES : 0;
}

char log_at(uint64_t position)
{
	return log_ring[position % LOG_BYTES];
}

/* ---- Notes ---- */

/* The list is a ring with one writer (exits) and one reader (the background work). Head and tail
 * only grow. */
static struct note notes[NOTES];
static bool printed[NOTES]; /* for the reader: later notes that did not have to wait */
static volatile uint32_t notes_head, notes_tail;
static volatile uint64_t notes_dropped;
static uint64_t notes_dropped_said;
static void (*notes_told)(void); /* NULL: notes are printed at once */
static const volatile uint32_t *notes_counter;
static uint32_t notes_position;

/* snprintf() gets a value for every conversion that a format may have. It reads only the values
 * that the format asks for. */
static void note_print(const struct note *note)
{
	char text[LOG_LINE_MAX];
	const uint64_t *v = note->value, *d = note->value + note->split;
	size_t used = sizeof(PREFIX) - 1;

	memcpy(text, PREFIX, used);
	used = used_with(used, snprintf(text + used, sizeof(text) - used, note->format, v[0], v[1],
	                                v[2], v[3], v[4], v[5], v[6], v[7]));
	pause_between();
	if (note->detail != NULL)
		used = used_with(used, snprintf(text + used, sizeof(text) - used, note->detail,
		                                d[0], d[1], d[2], d[3]));
	text[used++] = '\n'; /* in the place of the terminator */
	log_bytes(text, used);
}

void log_note_post(const struct note *note)
{
	uint32_t head = notes_head;

	if (notes_told == NULL) {
		note_print(note);
	} else if (head - notes_tail == NOTES) {
		notes_dropped++;
	} else {
		notes[head % NOTES] = *note;
		notes[head % NOTES].counter = notes_counter;
		notes[head % NOTES].position = notes_position;
		__asm__ volatile("" : : : "memory"); /* complete before it counts */
		notes_head = head + 1;
		notes_told();
	}
}

void log_notes_later(void (*told)(void))
{
	notes_told = told;
}

void log_notes_after(const volatile uint32_t *counter, uint32_t position)
{
	notes_counter = counter;
	notes_position = position;
}

static bool is_ready(const struct note *note)
{
	return note->counter == NULL || (int32_t)(*note->counter - note->position) >= 0;
}

bool log_notes_print(void)
{
	uint64_t dropped = notes_dropped;
	uint32_t head = notes_head;

	for (uint32_t i = notes_tail; i != head; i++) {
		if (printed[i % NOTES] || !is_ready(&notes[i % NOTES]))
			continue;
		note_print(&notes[i % NOTES]);
		printed[i % NOTES] = true;
		while (notes_tail != head && printed[notes_tail % NOTES]) {
			printed[notes_tail % NOTES] = false;
			notes_tail++;
		}
		return true;
	}
	if (dropped == notes_dropped_said)
		return false;
	log_line("%lu notes were dropped: they came faster than the console takes them",
	         (unsigned long)(dropped - notes_dropped_said));
	notes_dropped_said = dropped;
	return true;
}

/* Ends a second panic: the printing of the first panic has failed. The message goes where printing
 * cannot fail, and the machine stops. */
static void panic_once(void)
{
	static const char twice[] = "\nsignalbox: panic inside a panic\n";
	static bool panicking;

	if (panicking) {
		ring_write(twice, sizeof(twice) - 1);
		vga_write(twice, sizeof(twice) - 1);
		power_off(1);
	}
	panicking = true;
}

void panic(const char *format, ...)
{
	va_list arguments;

	panic_once();
	va_start(arguments, format);
	line_write(PREFIX "panic: ", format, arguments);
	va_end(arguments);
	log_line("end: status 1");
	log_urgent();
	power_off(1);
}
