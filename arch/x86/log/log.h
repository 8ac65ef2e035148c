/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only code that prints. Lines go to a memory log (a ring of LOG_BYTES, readable by a debugger:
 * symbol log_ring), to VGA text, and to the console's output. So a machine without a UART
 * still tells why it stopped.
 *
 * Rule: log_line() and log_format() format text, which takes thousands of instructions. So no code
 * between an exit and an entry calls them. Such code calls log_note(), which keeps the format and
 * its values. The VMM's background work prints the note later (vmm/core/background.c). The
 * formatting is newlib's vsnprintf.
 */
#ifndef ARCH_X86_LOG_LOG_H
#define ARCH_X86_LOG_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOG_BYTES = 16384, LOG_LINE_MAX = 256 };

/* A line to be printed later. detail may be NULL; its values begin at value[split]. */
enum { NOTE_VALUES = 8, NOTES = 64 };
struct note {
	const char *format, *detail;
	unsigned split;
	uint64_t value[NOTE_VALUES];
	/* The note is printed when *counter has reached position; NULL: at once. log_note_post()
	 * sets both members. */
	const volatile uint32_t *counter;
	uint32_t position;
};

/* log_note(format, values...): notes a line with one to eight values. Each conversion of the format
 * takes an unsigned long, or a string that stays in place. The text gets the prefix "signalbox: ",
 * as by log_line(). Takes some 50 instructions and never waits. A full list drops the note and
 * counts the loss. */
#define log_note(format, ...) \
	log_note_post(&(struct note){ format, NULL, 0, { NOTE_LIST(__VA_ARGS__) }, NULL, 0 })
void log_note_post(const struct note *note);
/* Makes the following notes wait until *counter has reached position, because text of a VM comes
 * before the notes. With NULL they do not wait. */
void log_notes_after(const volatile uint32_t *counter, uint32_t position);
/* From now on notes wait for log_notes_print(), and each note calls told(). With NULL log_note()
 * prints at once, as while the VMM boots and at its end. */
void log_notes_later(void (*told)(void));
/* Formats and prints the oldest note that need not wait. Returns false when there was no such note.
 * Call it from the background work. */
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

/* Prints a line by printf's rules, with the prefix "signalbox: " and a newline at the end. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints raw bytes without change: tables, the status line, guests' text. */
void log_bytes(const char *text, size_t size);
void log_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Sets the output, a second way for log bytes: the console's UART. NULL: no output. */
void log_set_output(void (*output)(const char *text, size_t size));
/* Sets the function that is called before and after each piece of text, and between its rows on the
 * screen. Background work gives the processor back there when its time is over. NULL: no
 * function. */
void log_set_pause(void (*pause)(void));
/* Calls out() with the memory log, oldest byte first, in at most two pieces. */
void log_replay(void (*out)(const char *text, size_t size));
/* The memory log byte by byte: the log has the bytes from position log_begin() up to log_end().
 * Both positions only grow. */
uint64_t log_begin(void);
uint64_t log_end(void);
char log_at(uint64_t position);
/* Forgets older lines of the memory log that begin with the mark. The newest such lines stay, up to
 * so many bytes, and so do all other lines. Call it from the background work, behind a whole
 * line. */
void log_thin(const char *mark, size_t length, size_t keep);

/* Prints the message, flushes, prints "end: status 1" and powers off. Never returns. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Sets the function by which panic() gets its last words out (polled UART). The console calls
 * this. */
void log_set_flush(void (*flush)(void));
/* Calls that function before the last words: the following text finds the console polled, and is
 * not dropped. */
void log_urgent(void);

#endif
