/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place that prints. Lines go to a memory log (a ring of LOG_BYTES that a debugger can
 * read: symbol log_ring), to VGA text, and to the sink that the console sets, so a machine without
 * a UART still tells why it stopped.
 *
 * Rule: log_line() and log_format() format text, which takes thousands of instructions, so nothing
 * between an exit and an entry calls them. There, log_note() keeps the format and its values; the
 * VMM's background work prints the note later (vmm/background.c). Formatting is newlib's vsnprintf.
 */
#ifndef ARCH_X86_LOG_H
#define ARCH_X86_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOG_BYTES = 16384, LOG_LINE_MAX = 256 };

/* A line to be printed later. detail may be NULL; its values are those from value[split] on. */
enum { NOTE_VALUES = 8, NOTES = 64 };
struct note {
	const char *format, *detail;
	unsigned split;
	uint64_t value[NOTE_VALUES];
	/* The note is printed when *counter has come to position; NULL: at once. log_note_post()
	 * fills these in. */
	const volatile uint32_t *counter;
	uint32_t position;
};

/* log_note(format, values...): notes a line, one to eight values. Each conversion of the format
 * is of an unsigned long, or of a string that stays where it is. The text gets the prefix
 * "signalbox: ", as by log_line(). Takes some 50 instructions; never waits. A full list drops
 * the note and counts it. */
#define log_note(format, ...) \
	log_note_post(&(struct note){ format, NULL, 0, { NOTE_LIST(__VA_ARGS__) }, NULL, 0 })
void log_note_post(const struct note *note);
/* The notes from here on wait until *counter has come to position, because text of a VM comes
 * before them. NULL: they do not. */
void log_notes_after(const volatile uint32_t *counter, uint32_t position);
/* From now on notes wait for log_notes_print(), and told is called for each. NULL: log_note()
 * prints at once, as it does while the VMM boots and at its end. */
void log_notes_later(void (*told)(void));
/* Formats and prints the oldest note that need not wait. False: there was none. Call it from the
 * background work. */
bool log_notes_print(void);

#define NOTE_LIST(...)                                                                           \
	NOTE_PICK(__VA_ARGS__, NOTE_8, NOTE_7, NOTE_6, NOTE_5, NOTE_4, NOTE_3, NOTE_2, NOTE_1, ) \
	(__VA_ARGS__)
#define NOTE_PICK(a, b, c, d, e, f, g, h, name, ...) name
#define NOTE_1(a) (uint64_t)(a)
#define NOTE_2(a, ...) (uint64_t)(a), NOTE_1(__VA_ARGS__)
#define NOTE_3(a, ...) (uint64_t)(a), NOTE_2(__VA_ARGS__)
#define NOTE_4(a, ...) (uint64_t)(a), NOTE_3(__VA_ARGS__)
#define NOTE_5(a, ...) (uint64_t)(a), NOTE_4(__VA_ARGS__)
#define NOTE_6(a, ...) (uint64_t)(a), NOTE_5(__VA_ARGS__)
#define NOTE_7(a, ...) (uint64_t)(a), NOTE_6(__VA_ARGS__)
#define NOTE_8(a, ...) (uint64_t)(a), NOTE_7(__VA_ARGS__)

/* printf-like; prefixes "signalbox: " and ends the line. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Raw bytes, as they are: tables, the status line, guests' text. */
void log_bytes(const char *text, size_t size);
void log_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Where log bytes also go: the console's UART; NULL: nowhere. */
void log_set_sink(void (*sink)(const char *text, size_t size));
/* What is called before and after each piece of text, and between its rows on the screen:
 * background work gives the processor back there when its time is over. NULL: nothing. */
void log_set_pause(void (*pause)(void));
/* The memory log, oldest first: calls out() with at most two pieces. */
void log_replay(void (*out)(const char *text, size_t size));
/* The same byte by byte: those from log_begin() up to log_end() are there. Both only grow. */
uint64_t log_begin(void);
uint64_t log_end(void);
char log_at(uint64_t position);

/* Print, flush, say "end: status 1", power off; never returns. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What panic() calls to get its last words out (polled UART); set by the console. */
void log_set_flush(void (*flush)(void));
/* The same, ahead of them: what comes from here on finds the console polled, and is not dropped. */
void log_urgent(void);

#endif
