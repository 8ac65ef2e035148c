/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console: COM1 belongs to the VMM and works by interrupt (R14: IRQ4 through the VMM block).
 *
 * Rule: no VM ever waits for the UART. Text comes from the background work. The work sleeps until
 * there is room, so no text is lost there. All of this code runs in the VMM with interrupts off, so
 * there is no lock.
 */
#ifndef VMM_CONSOLE_H
#define VMM_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

enum { CONSOLE_LINE = 4 }; /* IRQ of COM1 */

/* Begins the console. which: "com1", "auto" (COM1 where there is a COM1), "vga" or "none" (no
 * COM1). Sets the log's output and flush, and prints the memory log so far. Returns 0, -EINVAL, or
 * -ENODEV where there is no UART ("com1": after a log line); then the screen is the console
 * (vmm/operator/screen.h). */
int console_init(const char *which);
/* Returns the lines that the console needs, for reserved_lines. 0 without a UART. */
uint16_t console_lines(void);

/* on: interrupts reach the dispatcher from now on; off: no more. Before, and after a panic, the
 * UART is polled: bytes go at once as far as the FIFO has room, the rest goes with the next bytes.
 * A full ring waits. */
void console_set_interrupts(bool on);
/* Serves the UART until the UART has no cause left, so that the next cause is an edge. Call it when
 * line 4 has status and is acknowledged. Takes some hundred instructions, at most 1,500. A UART
 * that still has a cause then is left to the next call (console_is_pending()). */
void console_interrupt(void);
/* Returns true where console_interrupt() has left a cause of the UART. A flag test. */
bool console_is_pending(void);
/* Writes out all text, polled, and waits until the last bit is on the wire. Gives up on a UART that
 * does not move. */
void console_flush(void);
/* Tells the background work that a key has come, at COM1 or at the keyboard. */
void console_typed(void);
/* Returns the TSC up to which a person may use the console: 30 s after the last key, five minutes
 * after a key of a line that has begun. Returns 0 where no key has come. */
uint64_t console_used_until(void);
/* Returns a byte that the UART has received, polled, or -EAGAIN. Call it at the end, without
 * interrupts. */
int console_poll(void);
/* Returns the number of bytes that found no room so far. */
uint64_t console_dropped(void);

/* Returns true where a key has come at COM1. For the background work. */
bool console_has_keys(void);
/* Takes the next byte from COM1. Returns false when there is no byte. For the background work. */
bool console_key(char *key);
/* Tells the prompt about a pause of half a second between two keys (vmm/operator/terminal.h). Call
 * it before the keys are looked at. */
void console_keys_pause(void);
/* Gets an echo moving. Call it after the look at the keys. */
void console_kick(void);

/* Shows the memory log on the UART once more, and only on the UART. The log does not grow. */
void console_replay(void);

#endif
